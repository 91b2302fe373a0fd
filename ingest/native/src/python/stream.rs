//! `StreamDecoder`: payloads in; events, as tuples, out; what was learned goes to the flows.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::flow::{texts, LaneFlow};
use super::packets::Packets;
use super::raised;
use crate::columns::DecimalGroups;
use crate::flow::Flow;
use crate::key_text::{KeyColumn, KeyPlan};
use crate::layout::{ImageLayout, StoredSize};
use crate::stream::{Event, Learned, Route, Stream};

#[pyclass(module = "ingest.native._core")]
pub struct StreamDecoder {
    stream: Stream,
    flows: Vec<Arc<Mutex<Flow>>>,
}

/// (shape, key columns, place columns) of one rule; columns by schema index.
type RouteSpec = (usize, Vec<usize>, Vec<usize>);

#[pymethods]
impl StreamDecoder {
    #[new]
    #[pyo3(signature = (checksum, file="", position=4))]
    fn new(checksum: bool, file: &str, position: u64) -> Self {
        StreamDecoder { stream: Stream::new(checksum, file.to_owned(), position), flows: Vec::new() }
    }

    fn push(&mut self, payloads: Vec<Bound<'_, PyBytes>>) {
        for payload in &payloads {
            self.stream.push(payload.as_bytes());
        }
    }

    fn push_packets(&mut self, packets: &Packets) {
        for event in packets.packets.iter() {
            self.stream.push(event);
        }
    }

    /// (file, position, the open transaction's GTID or "").
    #[getter]
    fn place(&self) -> (String, u64, String) {
        self.stream.place()
    }

    #[getter]
    fn waiting_bytes(&self) -> usize {
        self.stream.waiting_bytes()
    }

    /// The flows that learned tables name by number; from now on learned rows go to them. Nothing is learned yet. Of a
    /// transaction that may be longer than `limit_bytes`, uncompressed, every event comes out.
    #[pyo3(signature = (flows, limit_bytes=None))]
    fn flow_into(&mut self, flows: Vec<Bound<'_, LaneFlow>>, limit_bytes: Option<u64>) {
        self.flows = flows.iter().map(|flow| flow.get().flow.clone()).collect();
        self.stream.forget();
        self.stream.short_way = !self.flows.is_empty();
        self.stream.limit(limit_bytes);
    }

    fn forget(&mut self) {
        self.stream.forget();
    }

    /// Learns the rows of one table map and pair of bitmaps. `sizes`: (fixed bytes, length bytes) per column. `keys`:
    /// how to render each column that a route names. `lanes`: (flow number, routes). An empty `lanes`: rows are passed
    /// over. False when they can't go to the flows.
    fn learn(
        &mut self,
        table_map: &[u8],
        before: &[u8],
        after: &[u8],
        sizes: Vec<(u32, u8)>,
        keys: Vec<(usize, Bound<'_, PyTuple>)>,
        lanes: Vec<(usize, Vec<RouteSpec>)>,
    ) -> PyResult<bool> {
        if table_map.len() < 8 {
            return Err(PyValueError::new_err("a table map has at least 8 bytes"));
        }
        if lanes.iter().any(|(flow, _)| *flow >= self.flows.len()) {
            return Err(PyValueError::new_err("a lane names a flow that isn't there"));
        }
        let body = self.stream.body_number(&table_map[8..]);
        if lanes.is_empty() {
            self.stream.learn(body, before.to_vec(), after.to_vec(), None);
            return Ok(true);
        }
        let sizes: Vec<StoredSize> = sizes
            .iter()
            .map(|(fixed, length_bytes)| StoredSize { fixed: *fixed, length_bytes: *length_bytes })
            .collect();
        let keys: Vec<(usize, KeyColumn)> =
            keys.iter().map(|(column, spec)| Ok((*column, key_column(spec)?))).collect::<PyResult<_>>()?;
        let noted: Vec<usize> = keys.iter().map(|(column, _)| *column).collect();
        let layout = |bitmap: &[u8]| match bitmap {
            [] => Some(None),
            bitmap => ImageLayout::new(&sizes, bitmap, &noted).map(Some),
        };
        let (Some(before_layout), Some(after_layout)) = (layout(before), layout(after)) else {
            return Ok(false);
        };
        let plan = |spec: &RouteSpec| -> Option<KeyPlan> {
            let columns = spec.1.iter().chain(&spec.2).map(|column| {
                let slot = noted.iter().position(|one| one == column)?;
                Some((slot, keys[slot].1.clone()))
            });
            Some(KeyPlan { columns: columns.collect::<Option<_>>()?, key: spec.1.len() })
        };
        let mut learned = Vec::new();
        for (flow, specs) in &lanes {
            let mut routes = Vec::new();
            for spec in specs {
                let Some(plan) = plan(spec).filter(|plan| plan.key > 0) else {
                    return Ok(false);
                };
                routes.push(Route {
                    shape: spec.0,
                    before: before_layout.is_some().then(|| plan.clone()),
                    after: after_layout.is_some().then_some(plan),
                });
            }
            learned.push((*flow, routes));
        }
        let learned =
            Learned { columns: sizes.len() as u64, before: before_layout, after: after_layout, lanes: learned };
        self.stream.learn(body, before.to_vec(), after.to_vec(), Some(learned));
        Ok(true)
    }

    /// The next event as a tuple that begins with its kind; None when the payloads are used up.
    fn next_event<'py>(&mut self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let StreamDecoder { stream, flows } = self;
        let found = py.detach(|| {
            let mut guards: Vec<MutexGuard<'_, Flow>> =
                flows.iter().map(|flow| flow.lock().unwrap_or_else(PoisonError::into_inner)).collect();
            let mut borrowed: Vec<&mut Flow> = guards.iter_mut().map(|guard| &mut **guard).collect();
            stream.next(&mut borrowed)
        });
        found.map_err(raised)?.map(|event| tuple_of(py, event)).transpose()
    }
}

fn tuple_of<'py>(py: Python<'py>, event: Event) -> PyResult<Bound<'py, PyTuple>> {
    let bytes = |data: &[u8]| PyBytes::new(py, data);
    match event {
        Event::Begin { gtid, commit_us, file, position } => {
            ("begin", gtid.to_string(), commit_us, file, position).into_pyobject(py)
        }
        Event::TableMap { table_id, body } => ("table_map", table_id, bytes(&body)).into_pyobject(py),
        Event::Rows { table_id, kind, columns, before, after, images, partial_json } => {
            let (before, after, images) = (bytes(&before), bytes(&after), bytes(&images));
            ("rows", table_id, kind as u8, columns, before, after, images, partial_json).into_pyobject(py)
        }
        Event::Statement { database, sql, status } => {
            ("statement", bytes(&database), bytes(&sql), bytes(&status)).into_pyobject(py)
        }
        Event::End { gtid, position } => ("end", gtid.to_string(), position).into_pyobject(py),
        Event::Rotated { file, position } => ("rotated", file, position).into_pyobject(py),
        Event::Heartbeat { file, position } => ("heartbeat", file, position).into_pyobject(py),
        Event::Progress(progress) => (
            "progress",
            progress.gtid.map(|gtid| gtid.to_string()).unwrap_or_default(),
            progress.file,
            progress.position,
            progress.commit_us,
            progress.transactions,
            progress.row_changes,
            texts(progress.executed),
        )
            .into_pyobject(py),
    }
}

/// A key column's rendering, as `ingest/native/keys.py` says it: its name and numbers, then names of members.
fn key_column(spec: &Bound<'_, PyTuple>) -> PyResult<KeyColumn> {
    let name: String = spec.get_item(0)?.extract()?;
    let number = |place: usize| -> PyResult<usize> { spec.get_item(place)?.extract() };
    let names = |place: usize| -> PyResult<Vec<String>> { spec.get_item(place)?.extract() };
    let sized = |size: usize| match size {
        1..=8 => Ok(size),
        _ => Err(PyValueError::new_err(format!("a number of {size} bytes"))),
    };
    let fraction = |digits: usize| match digits {
        0..=6 => Ok(digits),
        _ => Err(PyValueError::new_err(format!("a fraction of {digits} digits"))),
    };
    Ok(match name.as_str() {
        "signed" => KeyColumn::Signed { size: sized(number(1)?)? },
        "unsigned" => KeyColumn::Unsigned { size: sized(number(1)?)? },
        "bit" => KeyColumn::Bit { size: sized(number(1)?)? },
        "year" => KeyColumn::Year,
        "enum" => KeyColumn::Enum { size: sized(number(1)?)?, names: names(2)? },
        "set" => KeyColumn::Set { size: sized(number(1)?)?, names: names(2)? },
        "utf8" => KeyColumn::Utf8 { length_bytes: sized(number(1)?)? },
        "ascii" => KeyColumn::Ascii { length_bytes: sized(number(1)?)? },
        "hex" => KeyColumn::Hex { length_bytes: sized(number(1)?)?, width: number(2)? },
        "decimal" => {
            let (precision, scale) = (number(1)?, number(2)?);
            let groups = DecimalGroups::new(precision, scale).filter(|_| precision <= 65);
            let none = || PyValueError::new_err(format!("DECIMAL({precision},{scale})"));
            KeyColumn::Decimal(groups.ok_or_else(none)?)
        }
        "date" => KeyColumn::Date,
        "datetime" => KeyColumn::Datetime { digits: fraction(number(1)?)? },
        "timestamp" => KeyColumn::Timestamp { digits: fraction(number(1)?)? },
        "time" => KeyColumn::Time { digits: fraction(number(1)?)? },
        _ => return Err(PyValueError::new_err(format!("{name:?} is no rendering of a key column"))),
    })
}

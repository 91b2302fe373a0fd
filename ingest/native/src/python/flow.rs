//! `LaneFlow`: a lane's buffers and ledger, shared by the dispatcher and the stream.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyAssertionError, PyIndexError, PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::flow::{self, Flow, Row};
use crate::gtid::Gtid;
use crate::rows_event::Kind;

#[pyclass(module = "ingest.native._core", frozen)]
pub struct LaneFlow {
    pub flow: Arc<Mutex<Flow>>,
}

type PartTuple<'py> = (
    usize,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
    Bound<'py, PyBytes>,
);

type BatchTuple<'py> = (usize, usize, u64, u64, Vec<PartTuple<'py>>);

type Intervals = Vec<(String, u64, u64)>;

impl LaneFlow {
    /// A panic is impossible while it is held, so a poisoned lock is as good as another.
    pub fn lock(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shard_checked(&self, shard: usize) -> PyResult<MutexGuard<'_, Flow>> {
        let flow = self.lock();
        if shard < flow.shards.len() {
            return Ok(flow);
        }
        Err(PyIndexError::new_err(format!("there is no shard {shard}")))
    }
}

pub fn parse_gtid(text: &str) -> PyResult<Gtid> {
    Gtid::parse(text).ok_or_else(|| PyValueError::new_err(format!("{text:?} is no GTID")))
}

/// Intervals as Python takes them.
pub fn texts(intervals: flow::Intervals) -> Intervals {
    intervals.into_iter().map(|(source, first, last)| (source.to_string(), first, last)).collect()
}

#[pymethods]
impl LaneFlow {
    #[new]
    fn new(
        shards: usize,
        batch_rows: usize,
        batch_bytes: usize,
        buffer_bytes: usize,
        ordinal_max: u64,
    ) -> PyResult<Self> {
        if shards == 0 || shards > u32::MAX as usize {
            return Err(PyValueError::new_err("a lane has at least one shard"));
        }
        let flow = Flow::new(shards, batch_rows, batch_bytes, buffer_bytes, ordinal_max);
        Ok(LaneFlow { flow: Arc::new(Mutex::new(flow)) })
    }

    fn resume(&self, executed: Intervals, partial_gtid: Option<&str>, partial_rows: u64) -> PyResult<()> {
        let partial = partial_gtid.map(parse_gtid).transpose()?.map(|gtid| (gtid, partial_rows));
        self.lock().resume(&executed, partial);
        Ok(())
    }

    #[getter]
    fn ordinal(&self) -> u64 {
        self.lock().ordinal
    }

    #[getter]
    fn size_bytes(&self) -> usize {
        self.lock().size_bytes
    }

    #[getter]
    fn rows(&self) -> usize {
        self.lock().shards.iter().map(|shard| shard.rows).sum()
    }

    #[getter]
    fn wants(&self) -> bool {
        self.lock().wants()
    }

    #[getter]
    fn open_gtid(&self) -> Option<String> {
        self.lock().open_gtid()
    }

    fn begin(&self, gtid: &str, commit_us: u64, file: &str, position: u64) -> PyResult<bool> {
        let gtid = parse_gtid(gtid)?;
        Ok(self.lock().begin(&gtid, commit_us, file, position))
    }

    fn next_ordinal(&self) -> PyResult<Option<u64>> {
        let mut flow = self.lock();
        if !flow.has_room_for(1) {
            return Err(PyOverflowError::new_err("the epoch's ordinals are used up; a new epoch is needed"));
        }
        Ok(flow.next_ordinal())
    }

    /// `stamp`: the row's own, packed, or None for the current transaction's.
    #[pyo3(signature = (shard, shape, kind, ordinal, before, after, stamp=None))]
    #[allow(clippy::too_many_arguments)]
    fn add(
        &self,
        shard: usize,
        shape: usize,
        kind: u8,
        ordinal: u64,
        before: &[u8],
        after: &[u8],
        stamp: Option<&[u8]>,
    ) -> PyResult<()> {
        let kind = match kind {
            1 => Kind::Insert,
            2 => Kind::Update,
            3 => Kind::Delete,
            _ => return Err(PyValueError::new_err(format!("{kind} is no kind of row change"))),
        };
        let mut flow = self.shard_checked(shard)?;
        let images = [before, after].concat();
        let row = Row { shape, kind, images: &images, middle: before.len() };
        match stamp {
            Some(packed) => flow.add_stamped(shard, &row, ordinal, packed),
            None => flow.add(shard, &row, ordinal),
        }
        Ok(())
    }

    fn end(&self, gtid: &str) -> PyResult<()> {
        let gtid = parse_gtid(gtid)?;
        if self.lock().end(&gtid) {
            return Ok(());
        }
        Err(PyAssertionError::new_err(format!("{gtid} ends, but it isn't the open transaction")))
    }

    fn shard_rows(&self, shard: usize) -> PyResult<usize> {
        Ok(self.shard_checked(shard)?.shards[shard].rows)
    }

    fn first_ordinal(&self, shard: usize) -> PyResult<Option<u64>> {
        Ok(self.shard_checked(shard)?.shards[shard].first_ordinal())
    }

    fn next_last_ordinal(&self, shard: usize, partial: bool) -> PyResult<Option<u64>> {
        Ok(self.shard_checked(shard)?.shards[shard].next_last_ordinal(partial))
    }

    /// (rows, bytes, first ordinal, last ordinal, parts).
    fn take<'py>(&self, py: Python<'py>, shard: usize) -> PyResult<BatchTuple<'py>> {
        let batch = self.shard_checked(shard)?.take(shard);
        let parts = batch
            .parts
            .iter()
            .map(|part| {
                let bytes = |data: &[u8]| PyBytes::new(py, data);
                (
                    part.shape,
                    bytes(&part.kinds),
                    bytes(&part.ordinals),
                    bytes(&part.images),
                    bytes(&part.ends),
                    bytes(&part.stamps),
                    bytes(&part.stamp_of),
                )
            })
            .collect();
        Ok((batch.rows, batch.size_bytes, batch.first_ordinal, batch.last_ordinal, parts))
    }

    fn cut(&self) {
        self.lock().cut();
    }

    /// (whole transactions as intervals, the first open one's GTID and applied rows, whether one is open).
    fn advance(&self, watermark: u64) -> (Intervals, Option<(String, u64)>, bool) {
        let gained = self.lock().advance(watermark);
        (texts(gained.executed), gained.partial, gained.any_open)
    }
}

//! Operations as Python hands them over: buffers of columns, to requests.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyTuple};

use crate::requests::{requests, Envelope, HbaseForm, Limits, Part, Request, Source};
use crate::texts::{ColumnView, TextForm};

/// (offset, validity, offsets, data)
type Buffers = (usize, Option<PyBackedBytes>, PyBackedBytes, PyBackedBytes);
/// (rows, keys, versions, deletes, targets, target of each row, routings)
type Placed = (usize, Buffers, PyBackedBytes, PyBackedBytes, Vec<String>, PyBackedBytes, Option<Buffers>);
/// (table in JSON, packed stamps, stamp of each row)
type Provenance = (PyBackedBytes, PyBackedBytes, PyBackedBytes);
/// (where it goes, how it is written, (form, buffers) of each column, where it came from)
type Documents<'py> = (Placed, Bound<'py, PyTuple>, Vec<(Bound<'py, PyTuple>, Buffers)>, Option<Provenance>);
/// (body, ends, parts, rows, shortest key, longest key)
type RequestTuple<'py> =
    (Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, usize, usize);

fn view(form: TextForm, buffers: &Buffers) -> ColumnView<'_> {
    ColumnView { form, offset: buffers.0, validity: buffers.1.as_deref(), offsets: &buffers.2, data: &buffers.3 }
}

fn part<'a>(
    placed: &'a Placed,
    envelope: Envelope,
    columns: Vec<ColumnView<'a>>,
    source: Option<Source<'a>>,
) -> Part<'a> {
    let (rows, keys, versions, deletes, targets, target_of, routings) = placed;
    Part {
        rows: *rows,
        keys: view(TextForm::Text, keys),
        versions,
        deletes,
        targets: targets.clone(),
        target_of,
        routings: routings.as_ref().map(|buffers| view(TextForm::Text, buffers)),
        envelope,
        columns,
        source,
    }
}

/// (requests, upserts, deletes)
type EncodedTuple<'py> = (Vec<RequestTuple<'py>>, usize, usize);

/// The requests that operations become (with `newest` only the newest of each document), and how many upserts and deletes
/// they hold; None when a value has no text.
#[pyfunction]
pub fn encode_requests<'py>(
    py: Python<'py>,
    parts: Vec<Documents<'py>>,
    items: usize,
    most_bytes: usize,
    by_target: bool,
    newest: bool,
) -> PyResult<Option<EncodedTuple<'py>>> {
    let read = |(_, envelope, columns, source): &Documents<'py>| -> PyResult<_> {
        let forms = columns.iter().map(|(form, _)| form_of(form)).collect::<PyResult<Vec<TextForm>>>()?;
        Ok((envelope_of(envelope, columns.len() + usize::from(source.is_some()))?, forms))
    };
    let known = parts.iter().map(read).collect::<PyResult<Vec<_>>>()?;
    let buffers: Vec<(Placed, Vec<Buffers>, Option<Provenance>)> = parts
        .into_iter()
        .map(|(placed, _, columns, source)| (placed, columns.into_iter().map(|(_, buffers)| buffers).collect(), source))
        .collect();
    let found = py.detach(|| {
        let parts: Option<Vec<Part>> = known
            .into_iter()
            .zip(&buffers)
            .map(|((envelope, forms), (placed, columns, provenance))| {
                let views = forms.into_iter().zip(columns).map(|(form, buffers)| view(form, buffers)).collect();
                let source = match provenance {
                    Some((table, stamps, stamp_of)) => Some(Source::new(table, stamps, stamp_of)?),
                    None => None,
                };
                Some(part(placed, envelope, views, source))
            })
            .collect();
        requests(&parts?, Limits { items, bytes: most_bytes, by_target }, newest)
    });
    Ok(found.map(|encoded| {
        let requests = encoded.requests.iter().map(|request| tuple(py, request)).collect();
        (requests, encoded.upserts, encoded.deletes)
    }))
}

fn tuple<'py>(py: Python<'py>, request: &Request) -> RequestTuple<'py> {
    let bytes = |data: &[u8]| PyBytes::new(py, data);
    let (least, most) = request.key_sizes;
    (bytes(&request.body), bytes(&request.ends), bytes(&request.parts), bytes(&request.rows), least, most)
}

fn envelope_of(spec: &Bound<'_, PyTuple>, columns: usize) -> PyResult<Envelope> {
    let name: String = spec.get_item(0)?.extract()?;
    let list = |place: usize| -> PyResult<Vec<Vec<u8>>> {
        let items: Vec<PyBackedBytes> = spec.get_item(place)?.extract()?;
        if items.len() != columns {
            return Err(PyValueError::new_err("an envelope has one entry for each column"));
        }
        Ok(items.iter().map(|item| item.to_vec()).collect())
    };
    Ok(match name.as_str() {
        "index" => Envelope::Index { names: list(1)? },
        "upsert" => Envelope::Upsert { names: list(1)? },
        "bare" if spec.get_item(1)?.is_none() => Envelope::Bare { names: None },
        "bare" => Envelope::Bare { names: Some(list(1)?) },
        "hbase" => {
            let deletion: (u32, PyBackedBytes) = spec.get_item(3)?.extract()?;
            Envelope::Hbase(HbaseForm { puts: list(1)?, gone: list(2)?, deletion: (deletion.0, deletion.1.to_vec()) })
        }
        other => return Err(PyValueError::new_err(format!("{other:?} is no envelope"))),
    })
}

fn form_of(form: &Bound<'_, PyTuple>) -> PyResult<TextForm> {
    let name: String = form.get_item(0)?.extract()?;
    let number = |place: usize| form.get_item(place)?.extract::<usize>();
    Ok(match name.as_str() {
        "signed" => TextForm::Signed { size: number(1)? },
        "unsigned" => TextForm::Unsigned { size: number(1)? },
        "year" => TextForm::Year,
        "decimal" => TextForm::Decimal { scale: number(1)?, size: number(2)? },
        "float" => TextForm::Float { size: number(1)? },
        "text" => TextForm::Text,
        "verbatim" => TextForm::Verbatim,
        "binary" => TextForm::Binary,
        "date" => TextForm::Date,
        "datetime" => TextForm::Datetime { digits: number(1)?, zone: form.get_item(2)?.extract()? },
        "time" => TextForm::Time { digits: number(1)? },
        other => return Err(PyValueError::new_err(format!("{other:?} is no form of a text"))),
    })
}

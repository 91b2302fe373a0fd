//! `ImageColumns`: row images to Arrow buffers.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::columns::{Column, DecimalShape, Form, ImageColumns as Reader, Side, SliceImages};
use crate::layout::StoredSize;

#[pyclass(module = "ingest.native._core", frozen)]
pub struct ImageColumns {
    reader: Reader,
}

type ColumnTuple<'py> =
    (usize, usize, bool, Option<Bound<'py, PyBytes>>, Option<Bound<'py, PyBytes>>, Bound<'py, PyBytes>);

#[pymethods]
impl ImageColumns {
    /// `columns`: (index into the schema, form); a form is a tuple that begins with its name.
    #[new]
    fn new(sizes: Vec<(u32, u8)>, present: &[u8], columns: Vec<(usize, Bound<'_, PyTuple>)>) -> PyResult<Self> {
        let sizes: Vec<StoredSize> =
            sizes.into_iter().map(|(fixed, length_bytes)| StoredSize { fixed, length_bytes }).collect();
        let columns = columns
            .into_iter()
            .map(|(index, form)| Ok((index, form_of(&form)?)))
            .collect::<PyResult<Vec<(usize, Form)>>>()?;
        let reader = Reader::new(&sizes, present, columns);
        Ok(ImageColumns { reader: reader.ok_or_else(|| PyValueError::new_err("a column isn't present, or twice"))? })
    }

    /// Per column (nulls, dates that became null, is raw, validity, offsets, data); None for what isn't understood.
    fn decode<'py>(
        &self,
        py: Python<'py>,
        images: &[u8],
        ends: &[u8],
        kinds: &[u8],
        after: bool,
    ) -> Option<Vec<ColumnTuple<'py>>> {
        let side = if after { Side::After } else { Side::Before };
        let columns = py.detach(|| self.reader.decode(&SliceImages::new(images, ends, kinds)?, side))?;
        Some(columns.iter().map(|column| buffers(py, column)).collect())
    }
}

fn buffers<'py>(py: Python<'py>, column: &Column) -> ColumnTuple<'py> {
    let there = |data: &[u8]| (!data.is_empty()).then(|| PyBytes::new(py, data));
    (
        column.nulls,
        column.nulled,
        column.raw,
        there(&column.validity),
        there(&column.offsets),
        PyBytes::new(py, &column.data),
    )
}

fn form_of(form: &Bound<'_, PyTuple>) -> PyResult<Form> {
    let name: String = form.get_item(0)?.extract()?;
    let number = |place: usize| form.get_item(place)?.extract::<usize>();
    Ok(match name.as_str() {
        "fixed" => Form::Fixed { size: number(1)? },
        "float" => Form::Float { size: number(1)? },
        "mediumint" => Form::Mediumint { signed: form.get_item(1)?.extract()? },
        "year" => Form::Year,
        "bit" => Form::Bit { width: form.get_item(1)?.extract()? },
        "decimal" => {
            let shape = DecimalShape::new(number(1)?, number(2)?);
            Form::Decimal(shape.ok_or_else(|| PyValueError::new_err("no such DECIMAL"))?)
        }
        "text" => Form::Text,
        "ascii" => Form::Ascii,
        "bytes" => Form::Bytes { width: number(1)? },
        "enum" => Form::Enum { names: form.get_item(1)?.extract()? },
        "json" => Form::Json,
        "date" => Form::Date,
        "datetime" => Form::Datetime,
        "timestamp" => Form::Timestamp,
        "time" => Form::Time,
        "raw" => Form::Raw,
        other => return Err(PyValueError::new_err(format!("{other:?} is no form of a column"))),
    })
}

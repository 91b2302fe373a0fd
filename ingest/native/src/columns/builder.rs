//! One column's values to Arrow buffers, as `ingest.binlog.values` reads them, value by value.

use super::decimals::DecimalShape;
use super::{json, temporal};
use crate::cursor::{be, le};

/// How the values of a column are read. What isn't among them is `Raw`: its bytes are handed over as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Little-endian integers of Arrow's own widths.
    Fixed {
        size: usize,
    },
    /// FLOAT and DOUBLE; NaN and infinity are no values.
    Float {
        size: usize,
    },
    Mediumint {
        signed: bool,
    },
    Year,
    Bit {
        width: u32,
    },
    Decimal(DecimalShape),
    /// UTF-8.
    Text,
    /// A character set in which ASCII is ASCII: a column with nothing else is text, any other is handed over raw.
    Ascii,
    /// Bytes, filled up with zero bytes to `width`.
    Bytes {
        width: usize,
    },
    /// The members' names, the error value "" first.
    Enum {
        names: Vec<String>,
    },
    Json,
    Date,
    Datetime,
    Timestamp,
    Time,
    Raw,
}

impl Form {
    /// Bytes of a value in the data buffer; 0 where offsets say it.
    fn width(&self) -> usize {
        match self {
            Form::Fixed { size } | Form::Float { size } => *size,
            Form::Mediumint { .. } | Form::Date => 4,
            Form::Year => 2,
            Form::Bit { .. } | Form::Datetime | Form::Timestamp | Form::Time => 8,
            Form::Decimal(shape) => shape.width,
            Form::Text | Form::Ascii | Form::Bytes { .. } | Form::Enum { .. } | Form::Json | Form::Raw => 0,
        }
    }
}

/// A column as Arrow buffers. `validity` is empty when nothing is null, `offsets` for fixed widths.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    pub nulls: usize,
    /// How many of the nulls were dates that no calendar has.
    pub nulled: usize,
    pub validity: Vec<u8>,
    pub offsets: Vec<u8>,
    pub data: Vec<u8>,
    /// The values are as stored: somebody else must read them.
    pub raw: bool,
}

pub struct Builder<'a> {
    form: &'a Form,
    width: usize,
    rows: usize,
    column: Column,
}

const ZEROS: [u8; 32] = [0; 32];

impl<'a> Builder<'a> {
    pub fn new(form: &'a Form, rows: usize) -> Self {
        let width = form.width();
        let mut column = Column { validity: Vec::with_capacity(rows.div_ceil(8)), ..Column::default() };
        if width == 0 {
            column.offsets = Vec::with_capacity(4 * rows + 4);
            column.offsets.extend_from_slice(&[0; 4]);
        } else {
            column.data = Vec::with_capacity(width * rows);
        }
        Builder { form, width, rows: 0, column }
    }

    /// A row whose value is NULL, or which has no image.
    #[inline]
    pub fn null(&mut self) -> Option<()> {
        self.column.data.extend_from_slice(ZEROS.get(..self.width)?);
        self.row(false)
    }

    /// A row with this stored value. None when the bytes are no value of the type.
    #[inline]
    pub fn value(&mut self, raw: &[u8]) -> Option<()> {
        let data = &mut self.column.data;
        match self.form {
            Form::Fixed { size } if raw.len() == *size => data.extend_from_slice(raw),
            Form::Fixed { .. } => return None,
            Form::Text | Form::Ascii | Form::Raw => data.extend_from_slice(raw),
            Form::Bytes { width } => {
                data.extend_from_slice(raw);
                data.resize(data.len() + width.saturating_sub(raw.len()), 0);
            }
            Form::Enum { names } => data.extend_from_slice(names.get(le(raw) as usize)?.as_bytes()),
            Form::Json => json::append(raw, data)?,
            Form::Decimal(shape) => shape.append(raw, data)?,
            Form::Date => return self.dated(temporal::date(raw)?.map(i32::to_le_bytes)),
            Form::Datetime => return self.dated(temporal::datetime(raw)?.map(i64::to_le_bytes)),
            Form::Timestamp => return self.dated(temporal::timestamp(raw)?.map(i64::to_le_bytes)),
            Form::Time => data.extend_from_slice(&temporal::time(raw)?.to_le_bytes()),
            other => number(other, raw, data)?,
        }
        self.row(true)
    }

    fn dated<const SIZE: usize>(&mut self, value: Option<[u8; SIZE]>) -> Option<()> {
        self.column.nulled += usize::from(value.is_none());
        self.column.data.extend_from_slice(&value.unwrap_or([0; SIZE]));
        self.row(value.is_some())
    }

    #[inline]
    fn row(&mut self, valid: bool) -> Option<()> {
        if self.rows & 7 == 0 {
            self.column.validity.push(0);
        }
        if valid {
            *self.column.validity.last_mut()? |= 1 << (self.rows % 8);
        } else {
            self.column.nulls += 1;
        }
        self.rows += 1;
        if self.width == 0 {
            let end = i32::try_from(self.column.data.len()).ok()?;
            self.column.offsets.extend_from_slice(&end.to_le_bytes());
        }
        Some(())
    }

    /// The column. None when its text isn't UTF-8.
    pub fn finish(mut self) -> Option<Column> {
        match self.form {
            Form::Text if !is_text(&self.column) => return None,
            Form::Ascii => self.column.raw = !self.column.data.is_ascii(),
            Form::Raw => self.column.raw = true,
            _ => {}
        }
        if self.column.nulls == 0 {
            self.column.validity.clear();
        }
        Some(self.column)
    }
}

/// Numbers that aren't stored as Arrow has them.
fn number(form: &Form, raw: &[u8], data: &mut Vec<u8>) -> Option<()> {
    match (form, raw.len()) {
        (Form::Float { size: 4 }, 4) if !f32::from_le_bytes(raw.try_into().ok()?).is_finite() => return None,
        (Form::Float { size: 8 }, 8) if !f64::from_le_bytes(raw.try_into().ok()?).is_finite() => return None,
        (Form::Float { size }, length) if *size == length => data.extend_from_slice(raw),
        (Form::Mediumint { signed }, 3) => {
            let top = if *signed && raw.last()? & 0x80 != 0 { 0xFF } else { 0 };
            data.extend_from_slice(raw);
            data.push(top);
        }
        (Form::Year, 1) => {
            let year = u16::from(*raw.first()?);
            data.extend_from_slice(&(if year == 0 { 0 } else { 1900 + year }).to_le_bytes());
        }
        (Form::Bit { width }, 1..=8) => {
            let bits = be(raw);
            if bits.checked_shr(*width).unwrap_or(0) != 0 {
                return None;
            }
            data.extend_from_slice(&bits.to_le_bytes());
        }
        _ => return None,
    }
    Some(())
}

/// Each value is UTF-8 if all of them together are, and are cut between characters.
fn is_text(column: &Column) -> bool {
    let Ok(text) = std::str::from_utf8(&column.data) else {
        return false;
    };
    text.is_ascii() || column.offsets.chunks_exact(4).all(|end| text.is_char_boundary(le(end) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(form: &Form, values: &[Option<&[u8]>]) -> Option<Column> {
        let mut builder = Builder::new(form, values.len());
        for value in values {
            match value {
                Some(raw) => builder.value(raw)?,
                None => builder.null()?,
            }
        }
        builder.finish()
    }

    #[test]
    fn nulls_and_offsets() {
        let column = built(&Form::Text, &[Some(b"a"), None, Some("é".as_bytes())]).unwrap();
        assert_eq!((column.nulls, column.validity, column.data), (1, vec![0b101], "aé".as_bytes().to_vec()));
        assert_eq!(column.offsets, [0, 1, 1, 3].map(i32::to_le_bytes).concat());
    }

    #[test]
    fn characters_cut_in_two_are_no_text() {
        assert_eq!(built(&Form::Text, &[Some(b"\xc3"), Some(b"\xa9")]), None);
        assert!(built(&Form::Ascii, &[Some(b"\xc3")]).unwrap().raw);
    }

    #[test]
    fn numbers() {
        let bits = built(&Form::Bit { width: 9 }, &[Some(b"\x01\xff")]).unwrap();
        assert_eq!(bits.data, 511u64.to_le_bytes());
        assert_eq!(built(&Form::Bit { width: 9 }, &[Some(b"\x02\x00")]), None);
        let medium = built(&Form::Mediumint { signed: true }, &[Some(b"\xfe\xff\xff")]).unwrap();
        assert_eq!(medium.data, (-2i32).to_le_bytes());
        assert_eq!(built(&Form::Float { size: 4 }, &[Some(&f32::NAN.to_le_bytes())]), None);
        assert_eq!(built(&Form::Date, &[Some(&[0; 3]), None]).unwrap().nulled, 1);
    }

    #[test]
    fn wrong_sizes_are_no_values() {
        let forms = [
            Form::Fixed { size: 4 },
            Form::Float { size: 8 },
            Form::Mediumint { signed: false },
            Form::Year,
            Form::Bit { width: 64 },
            Form::Date,
            Form::Datetime,
            Form::Timestamp,
            Form::Time,
        ];
        for form in &forms {
            assert_eq!(built(form, &[Some(b"")]), None, "{form:?}");
        }
    }
}

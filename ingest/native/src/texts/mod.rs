//! Arrow columns to texts: a document's field as JSON (`ingest.sinks.json_text`) or as a cell (`ingest.sinks.cell_bytes`,
//! whose texts these are), value by value.

pub mod calendar;
pub mod numbers;

use crate::cursor::le;
use numbers::{signed, unsigned};

/// What the buffers hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    Signed {
        size: usize,
    },
    Unsigned {
        size: usize,
    },
    Year,
    Decimal {
        scale: usize,
        size: usize,
    },
    Float {
        size: usize,
    },
    /// Text to be quoted in JSON.
    Text,
    /// Text that is JSON, or was made elsewhere.
    Verbatim,
    Binary,
    Date,
    /// `digits` of the fraction; `zone`: UTC, marked in JSON.
    Datetime {
        digits: usize,
        zone: bool,
    },
    Time {
        digits: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    Json,
    Cell,
}

/// A column's Arrow buffers; `offset`: the row where it begins in them.
#[derive(Debug, Clone, Copy)]
pub struct ColumnView<'a> {
    pub form: TextForm,
    pub offset: usize,
    pub validity: Option<&'a [u8]>,
    pub offsets: &'a [u8],
    pub data: &'a [u8],
}

impl<'a> ColumnView<'a> {
    pub fn is_null(&self, row: usize) -> Option<bool> {
        let place = self.offset.checked_add(row)?;
        match self.validity {
            None => Some(false),
            Some(bits) => Some(bits.get(place / 8)? >> (place % 8) & 1 == 0),
        }
    }

    /// A text's bytes.
    pub fn bytes(&self, row: usize) -> Option<&'a [u8]> {
        let at = self.offset.checked_add(row)?.checked_mul(4)?;
        let start = le(self.offsets.get(at..at.checked_add(4)?)?) as usize;
        let end = le(self.offsets.get(at.checked_add(4)?..at.checked_add(8)?)?) as usize;
        self.data.get(start..end)
    }

    fn fixed(&self, row: usize, size: usize) -> Option<&'a [u8]> {
        let at = self.offset.checked_add(row)?.checked_mul(size)?;
        self.data.get(at..at.checked_add(size)?)
    }

    fn integer(&self, row: usize, size: usize) -> Option<i64> {
        let shift = 64u32.checked_sub(8 * u32::try_from(size).ok()?)?;
        Some((le(self.fixed(row, size)?).checked_shl(shift)? as i64) >> shift)
    }

    /// Appends the value's text: true, or false for NULL, which appends nothing. None for a value without a text.
    pub fn append(&self, row: usize, look: Look, out: &mut Vec<u8>) -> Option<bool> {
        if self.is_null(row)? {
            return Some(false);
        }
        let is_json = look == Look::Json;
        match self.form {
            TextForm::Signed { size } => signed(self.integer(row, size)?, out),
            TextForm::Unsigned { size } => unsigned(le(self.fixed(row, size)?), out),
            TextForm::Year => year(le(self.fixed(row, 2)?), is_json, out),
            TextForm::Decimal { scale, size } => numbers::decimal(self.fixed(row, size)?, scale, out)?,
            TextForm::Float { size: 4 } => {
                numbers::float(f32::from_le_bytes(self.fixed(row, 4)?.try_into().ok()?), is_json, out)?
            }
            TextForm::Float { .. } => {
                numbers::double(f64::from_le_bytes(self.fixed(row, 8)?.try_into().ok()?), is_json, out)?
            }
            TextForm::Text if is_json => quoted(self.bytes(row)?, out),
            TextForm::Binary if is_json => {
                out.push(b'"');
                base64(self.bytes(row)?, out);
                out.push(b'"');
            }
            TextForm::Text | TextForm::Binary => out.extend_from_slice(self.bytes(row)?),
            TextForm::Verbatim => {
                let text = self.bytes(row)?;
                out.extend_from_slice(text);
                return Some(!(is_json && text.is_empty()));
            }
            moment => self.moment(moment, row, is_json, out)?,
        }
        Some(true)
    }

    fn moment(&self, form: TextForm, row: usize, is_json: bool, out: &mut Vec<u8>) -> Option<()> {
        if is_json {
            out.push(b'"');
        }
        match form {
            TextForm::Date => calendar::date(self.integer(row, 4)?, out)?,
            TextForm::Datetime { digits, zone } => {
                calendar::datetime(self.integer(row, 8)?, digits, if is_json { b'T' } else { b' ' }, out)?;
                if is_json && zone {
                    out.push(b'Z');
                }
            }
            TextForm::Time { digits } => calendar::time(self.integer(row, 8)?, digits, out)?,
            _ => return None,
        }
        if is_json {
            out.push(b'"');
        }
        Some(())
    }
}

fn year(value: u64, is_json: bool, out: &mut Vec<u8>) {
    if !is_json && value < 1000 {
        numbers::padded(value, 4, out);
    } else {
        unsigned(value, out);
    }
}

/// A JSON string: quotes, backslashes and control characters escaped, all else as it is.
pub fn quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while let Some(place) = special(rest) {
        let (plain, special) = rest.split_at(place);
        out.extend_from_slice(plain);
        if let Some((byte, after)) = special.split_first() {
            escaped(*byte, out);
            rest = after;
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// The first byte that can't stand in a JSON string as it is.
fn special(text: &[u8]) -> Option<usize> {
    let is_special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
    let chunks = text.chunks_exact(16);
    let tail = text.len() - chunks.remainder().len();
    for (number, chunk) in chunks.enumerate() {
        // without an early end the compiler looks at all bytes at once
        if chunk.iter().fold(false, |any, byte| any | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\')) {
            return chunk.iter().position(is_special).map(|place| 16 * number + place);
        }
    }
    text.get(tail..)?.iter().position(is_special).map(|place| tail + place)
}

fn escaped(byte: u8, out: &mut Vec<u8>) {
    out.push(b'\\');
    match byte {
        b'"' | b'\\' => out.push(byte),
        8 => out.push(b'b'),
        9 => out.push(b't'),
        10 => out.push(b'n'),
        12 => out.push(b'f'),
        13 => out.push(b'r'),
        other => {
            out.extend_from_slice(b"u00");
            out.push(b'0' + (other >> 4));
            out.push(b"0123456789abcdef"[usize::from(other & 15)]);
        }
    }
}

pub fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { digit } else { b'=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        let mut out = Vec::new();
        quoted("a\"\\\n\u{1f}é".as_bytes(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "\"a\\\"\\\\\\n\\u001fé\"");
        for (bytes, expected) in [(&b""[..], ""), (b"a", "YQ=="), (b"ab", "YWI="), (b"abc", "YWJj")] {
            let mut out = Vec::new();
            base64(bytes, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn moments() {
        let data = 1_704_164_645_123_456i64.to_le_bytes();
        let form = TextForm::Datetime { digits: 3, zone: true };
        let column = ColumnView { form, offset: 0, validity: None, offsets: &[], data: &data };
        let mut out = Vec::new();
        assert_eq!(column.append(0, Look::Json, &mut out), Some(true));
        assert_eq!(String::from_utf8(out).unwrap(), "\"2024-01-02T03:04:05.123Z\"");
        assert_eq!(column.append(1, Look::Json, &mut Vec::new()), None);
        let outside = i64::MAX.to_le_bytes();
        let column = ColumnView { data: &outside, ..column };
        assert_eq!(column.append(0, Look::Cell, &mut Vec::new()), None);
    }
}

//! JSON: MySQL's binary form to the text that `CAST(column AS CHAR)` prints (`ingest.binlog.values.json_binary` and
//! `json_opaque`, whose formats and limits these are). None for bytes that aren't such a document.

use super::DecimalGroups;
use crate::cursor::le;
use crate::texts::numbers::{double, padded, signed, unsigned};
use crate::texts::{base64, quoted};

const DEPTH_MAX: usize = 100;
const LINE: usize = 76;

const DATE: u8 = 10;
const TIME: u8 = 11;
const DATETIME: u8 = 12;
const TIMESTAMP: u8 = 7;
const NEWDECIMAL: u8 = 246;

/// Appends a document's text. An empty document is `null`.
pub fn append(raw: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let Some(kind) = raw.first() else {
        out.extend_from_slice(b"null");
        return Some(());
    };
    Document { data: raw, values_left: raw.len() }.value(*kind, 1, 0, out)
}

/// One document's bytes, and how many values may still be read from it.
struct Document<'a> {
    data: &'a [u8],
    values_left: usize,
}

impl<'a> Document<'a> {
    /// Nothing is there wherever it is looked for, as it is in Python.
    fn bytes(&self, at: usize, size: usize) -> Option<&'a [u8]> {
        if size == 0 {
            return Some(&[]);
        }
        self.data.get(at..at.checked_add(size)?)
    }

    fn number(&self, at: usize, size: usize) -> Option<usize> {
        usize::try_from(le(self.bytes(at, size)?)).ok()
    }

    /// The value of a type at an offset.
    fn value(&mut self, kind: u8, at: usize, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        match kind {
            0..=3 => self.container(kind, at, depth + 1, out)?,
            4 => out.extend_from_slice(match self.data.get(at)? {
                0 => b"null",
                1 => b"true",
                2 => b"false",
                _ => return None,
            }),
            5 => signed(i64::from(le(self.bytes(at, 2)?) as i16), out),
            6 => unsigned(le(self.bytes(at, 2)?), out),
            7 => signed(i64::from(le(self.bytes(at, 4)?) as i32), out),
            8 => unsigned(le(self.bytes(at, 4)?), out),
            9 => signed(le(self.bytes(at, 8)?) as i64, out),
            10 => unsigned(le(self.bytes(at, 8)?), out),
            11 => double(f64::from_bits(le(self.bytes(at, 8)?)), true, out)?,
            12 => text(self.run(at)?, out)?,
            15 => opaque(*self.data.get(at)?, self.run(at.checked_add(1)?)?, out)?,
            _ => return None,
        }
        Some(())
    }

    /// An object (0 small, 1 large) or an array (2 small, 3 large).
    fn container(&mut self, kind: u8, start: usize, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        let width = if kind & 1 == 1 { 4 } else { 2 };
        let is_object = kind < 2;
        let count = self.number(start, width)?;
        self.bytes(start, 2 * width)?;
        self.values_left = self.values_left.checked_sub(count).filter(|_| depth <= DEPTH_MAX)?;
        let keys_at = start.checked_add(2 * width)?;
        let entries_at = if is_object { keys_at.checked_add(count.checked_mul(width + 2)?)? } else { keys_at };
        out.push(if is_object { b'{' } else { b'[' });
        for place in 0..count {
            if place > 0 {
                out.extend_from_slice(b", ");
            }
            if is_object {
                let at = keys_at.checked_add(place * (width + 2))?;
                let key = start.checked_add(self.number(at, width)?)?;
                text(self.bytes(key, self.number(at.checked_add(width)?, 2)?)?, out)?;
                out.extend_from_slice(b": ");
            }
            self.entry(entries_at.checked_add(place * (width + 1))?, start, width, depth, out)?;
        }
        out.push(if is_object { b'}' } else { b']' });
        Some(())
    }

    /// The value itself when it is short, else its offset from the container's start.
    fn entry(&mut self, at: usize, start: usize, width: usize, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        let kind = *self.data.get(at)?;
        let inside = at.checked_add(1)?;
        if matches!(kind, 4..=6) || (width == 4 && matches!(kind, 7 | 8)) {
            return self.value(kind, inside, depth, out);
        }
        let offset = self.number(inside, width)?;
        self.value(kind, start.checked_add(offset)?, depth, out)
    }

    /// Bytes behind their length, which has seven bits a byte, lowest first, at most five bytes.
    fn run(&self, at: usize) -> Option<&'a [u8]> {
        let mut length = 0usize;
        for place in 0..5 {
            let behind = at.checked_add(place)?;
            let byte = *self.data.get(behind)?;
            length |= usize::from(byte & 0x7F) << (7 * place);
            if byte < 0x80 {
                return self.bytes(behind.checked_add(1)?, length);
            }
        }
        None
    }
}

fn text(bytes: &[u8], out: &mut Vec<u8>) -> Option<()> {
    std::str::from_utf8(bytes).ok()?;
    quoted(bytes, out);
    Some(())
}

/// An SQL value inside JSON.
fn opaque(kind: u8, data: &[u8], out: &mut Vec<u8>) -> Option<()> {
    if kind == NEWDECIMAL {
        return decimal(data, out);
    }
    out.push(b'"');
    match kind {
        TIME => time(data, out)?,
        DATETIME | TIMESTAMP => datetime(data, out)?,
        DATE => {
            let end = out.len() + 10;
            datetime(data, out)?;
            out.truncate(end);
        }
        other => lines(other, data, out),
    }
    out.push(b'"');
    Some(())
}

fn lines(kind: u8, data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"base64:type");
    unsigned(u64::from(kind), out);
    out.push(b':');
    let mut encoded = Vec::new();
    base64(data, &mut encoded);
    for (number, line) in encoded.chunks(LINE).enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\\n");
        }
        out.extend_from_slice(line);
    }
}

fn decimal(data: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (precision, scale) = (usize::from(*data.first()?), usize::from(*data.get(1)?));
    let groups = DecimalGroups::new(precision, scale).filter(|_| scale <= 30)?;
    let stored = data.get(2..).filter(|stored| stored.len() == groups.stored)?;
    let start = out.len();
    groups.append_text(stored, out)?;
    let is_zero = out.get(start..)?.iter().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    if is_zero && out.get(start) == Some(&b'-') {
        out.remove(start);
    }
    Some(())
}

fn packed(data: &[u8]) -> Option<i64> {
    (data.len() == 8).then(|| le(data) as i64)
}

fn clock(number: i64, hours_bits: u32, hours_max: i64, out: &mut Vec<u8>) -> Option<()> {
    let fields = number >> 24 & ((1 << (12 + hours_bits)) - 1);
    let (hour, minute, second, micros) = (fields >> 12, fields >> 6 & 63, fields & 63, number & 0xFF_FFFF);
    if hour > hours_max || minute > 59 || second > 59 || micros > 999_999 {
        return None;
    }
    for (value, width, mark) in [(hour, 2, b':'), (minute, 2, b':'), (second, 2, b'.'), (micros, 6, b' ')] {
        padded(u64::try_from(value).ok()?, width, out);
        out.push(mark);
    }
    out.pop();
    Some(())
}

fn time(data: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let number = packed(data)?;
    if number < 0 {
        out.push(b'-');
    }
    let magnitude = i64::try_from(number.unsigned_abs()).ok()?;
    clock(magnitude, 28, 838, out)
}

fn datetime(data: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let number = packed(data).filter(|number| *number >= 0)?;
    let (year, month, day) = ((number >> 46) / 13, (number >> 46) % 13, number >> 41 & 31);
    if year > 9999 {
        return None;
    }
    for (value, width, mark) in [(year, 4, b'-'), (month, 2, b'-'), (day, 2, b' ')] {
        padded(u64::try_from(value).ok()?, width, out);
        out.push(mark);
    }
    clock(number, 5, 23, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &[u8]) -> Option<String> {
        let mut out = Vec::new();
        append(raw, &mut out)?;
        String::from_utf8(out).ok()
    }

    #[test]
    fn documents() {
        assert_eq!(read(b"").as_deref(), Some("null"));
        assert_eq!(read(b"\x04\x01").as_deref(), Some("true"));
        assert_eq!(read(b"\x02\x02\0\x0a\0\x05\x01\0\x05\xff\xff").as_deref(), Some("[1, -1]"));
        assert_eq!(read(b"\x0f\xf6\x04\x04\x02\x8c\x22").as_deref(), Some("12.34"));
        assert_eq!(read(b"\x0f\xf6\x04\x04\x02\x7f\xff").as_deref(), Some("0.00"));
    }

    #[test]
    fn damage() {
        let mut nested = vec![2u8, 1, 0, 7, 0, 2, 0, 0];
        nested.extend_from_slice(&[0; 4000]);
        assert_eq!(read(&nested), None);
        for raw in [&b"\x04"[..], b"\x04\x03", b"\x0c\xff", b"\x0f\x0b\x01\0", b"\x10\0", b"\x03\xff\xff\xff\xff"] {
            assert_eq!(read(raw), None);
        }
    }
}

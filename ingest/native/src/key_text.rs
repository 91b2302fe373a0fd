//! A stored value as key text: what the reader shards by and the sink writes as the id (`ingest.keys`,
//! `ingest.binlog.key_text`, whose rules these are). A value that can't be rendered here (damaged, or of a type that is
//! left to Python) gives None, and the Python side says what is wrong with it.

use crate::columns::DecimalGroups;
use crate::cursor::{be, le};
use crate::texts::calendar;
use crate::texts::numbers::{fraction, padded, signed, unsigned};

/// How to render one key column. `length_bytes`: of the length in front of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyColumn {
    Signed {
        size: usize,
    },
    Unsigned {
        size: usize,
    },
    Bit {
        size: usize,
    },
    Year,
    Enum {
        size: usize,
        names: Vec<String>,
    },
    Set {
        size: usize,
        names: Vec<String>,
    },
    Utf8 {
        length_bytes: usize,
    },
    Ascii {
        length_bytes: usize,
    },
    /// Lower-case hex; filled up with zero bytes to `width`.
    Hex {
        length_bytes: usize,
        width: usize,
    },
    Decimal(DecimalGroups),
    Date,
    Datetime {
        digits: usize,
    },
    Timestamp {
        digits: usize,
    },
    Time {
        digits: usize,
    },
}

impl KeyColumn {
    /// Appends the text of the value at the start of `data`.
    pub fn render(&self, data: &[u8], out: &mut Vec<u8>) -> Option<()> {
        match self {
            KeyColumn::Signed { size } => {
                let shift = 64 - 8 * *size as u32;
                let value = (le(data.get(..*size)?) << shift) as i64 >> shift;
                signed(value, out);
            }
            KeyColumn::Unsigned { size } => unsigned(le(data.get(..*size)?), out),
            KeyColumn::Bit { size } => unsigned(be(data.get(..*size)?), out),
            KeyColumn::Year => match data.first()? {
                0 => out.extend_from_slice(b"0000"),
                year => unsigned(1900 + u64::from(*year), out),
            },
            KeyColumn::Enum { size, names } => {
                let index = le(data.get(..*size)?) as usize;
                if index > 0 {
                    out.extend_from_slice(names.get(index - 1)?.as_bytes());
                }
            }
            KeyColumn::Set { size, names } => set_names(le(data.get(..*size)?), names, out)?,
            KeyColumn::Utf8 { length_bytes } => {
                out.extend_from_slice(std::str::from_utf8(string(data, *length_bytes)?).ok()?.as_bytes());
            }
            KeyColumn::Ascii { length_bytes } => {
                let text = string(data, *length_bytes)?;
                text.is_ascii().then(|| out.extend_from_slice(text))?;
            }
            KeyColumn::Hex { length_bytes, width } => hex(string(data, *length_bytes)?, *width, out),
            KeyColumn::Decimal(groups) => groups.append_text(data, out)?,
            KeyColumn::Date => {
                let stored = le(data.get(..3)?);
                date(stored >> 9, stored >> 5 & 15, stored & 31, out);
            }
            KeyColumn::Datetime { digits } => datetime(data, *digits, out)?,
            KeyColumn::Timestamp { digits } => timestamp(data, *digits, out)?,
            KeyColumn::Time { digits } => time(data, *digits, out)?,
        }
        Some(())
    }
}

fn string(data: &[u8], length_bytes: usize) -> Option<&[u8]> {
    let length = le(data.get(..length_bytes)?) as usize;
    data.get(length_bytes..length_bytes.checked_add(length)?)
}

fn set_names(bits: u64, names: &[String], out: &mut Vec<u8>) -> Option<()> {
    if names.len() > 64 || (names.len() < 64 && bits >> names.len() != 0) {
        return None;
    }
    let start = out.len();
    for (place, name) in names.iter().enumerate() {
        if bits >> place & 1 == 1 {
            if out.len() > start {
                out.push(b',');
            }
            out.extend_from_slice(name.as_bytes());
        }
    }
    Some(())
}

fn hex(value: &[u8], width: usize, out: &mut Vec<u8>) {
    for byte in value {
        out.push(b"0123456789abcdef"[usize::from(byte >> 4)]);
        out.push(b"0123456789abcdef"[usize::from(byte & 15)]);
    }
    for _ in value.len()..width {
        out.extend_from_slice(b"00");
    }
}

fn date(year: u64, month: u64, day: u64, out: &mut Vec<u8>) {
    padded(year, 4, out);
    out.push(b'-');
    padded(month, 2, out);
    out.push(b'-');
    padded(day, 2, out);
}

fn clock(hour: u64, minute: u64, second: u64, out: &mut Vec<u8>) {
    padded(hour, 2, out);
    out.push(b':');
    padded(minute, 2, out);
    out.push(b':');
    padded(second, 2, out);
}

/// Microseconds of a stored fraction of `digits` digits (two digits a byte, big-endian). None when there are too many.
fn micros(stored: &[u8], digits: usize) -> Option<u64> {
    let size = digits.div_ceil(2);
    let part = be(stored.get(..size)?) * 10u64.pow(6 - 2 * size as u32);
    (part < 1_000_000).then_some(part)
}

/// Microseconds as a point and the first `digits` of their six.
fn cut_fraction(micros: u64, digits: usize, out: &mut Vec<u8>) {
    if digits > 0 {
        fraction(micros / 10u64.pow(6 - digits as u32), digits, out);
    }
}

fn datetime(data: &[u8], digits: usize, out: &mut Vec<u8>) -> Option<()> {
    let packed = be(data.get(..5)?).checked_sub(0x80_0000_0000)?;
    let (day, time) = (packed >> 17, packed & 0x1_FFFF);
    let month = day >> 5;
    date(month / 13, month % 13, day & 31, out);
    out.push(b' ');
    clock(time >> 12, time >> 6 & 63, time & 63, out);
    cut_fraction(micros(&data[5..], digits)?, digits, out);
    Some(())
}

fn timestamp(data: &[u8], digits: usize, out: &mut Vec<u8>) -> Option<()> {
    let seconds = be(data.get(..4)?);
    let micros = micros(&data[4..], digits)?;
    if seconds > 0 {
        return calendar::datetime((seconds * 1_000_000 + micros) as i64, digits, b' ', out);
    }
    out.extend_from_slice(b"0000-00-00 00:00:00");
    cut_fraction(micros, digits, out);
    Some(())
}

/// Hours, minutes, seconds and fraction as one big-endian number with an offset, so that bytes sort like times.
fn time(data: &[u8], digits: usize, out: &mut Vec<u8>) -> Option<()> {
    let size = digits.div_ceil(2);
    let bits = 8 * size as u32;
    let packed = be(data.get(..3 + size)?) as i64 - (0x80_0000i64 << bits);
    let (time, part) = (packed.abs() >> bits, packed.abs() & ((1 << bits) - 1));
    let seconds = (time >> 12 & 0x3FF) * 3600 + (time >> 6 & 63) * 60 + (time & 63);
    let micros = seconds * 1_000_000 + part * 10i64.pow(6 - 2 * size as u32);
    calendar::time(if packed < 0 { -micros } else { micros }, digits, out)
}

/// The columns that make a document key, or an identity, and where to find them among an image's noted places.
#[derive(Debug, Clone)]
pub struct KeyPlan {
    /// (slot, rendering), in the key's order.
    pub columns: Vec<(usize, KeyColumn)>,
    /// How many of them, from the first, make the key; the rest are place columns, which may be NULL.
    pub key: usize,
}

/// Stands for NULL in an identity (which is only compared).
const NULL_PLACE: &[u8] = b"\0NULL";

impl KeyPlan {
    /// The key's text in `key`, the identity's in `identity` (the same when there are no place columns). `image` from its
    /// start; `places`: where the noted columns begin in `data`.
    pub fn render(
        &self,
        data: &[u8],
        places: &[usize],
        key: &mut Vec<u8>,
        identity: &mut Vec<u8>,
        scratch: &mut Vec<u8>,
    ) -> Option<()> {
        key.clear();
        for (number, (slot, column)) in self.columns[..self.key].iter().enumerate() {
            let place = places[*slot];
            if place == crate::layout::NULL {
                return None; // a NULL in a key is a problem, which Python names
            }
            let value = data.get(place..)?;
            if self.key == 1 {
                column.render(value, key)?;
                continue;
            }
            scratch.clear();
            column.render(value, scratch)?;
            if number > 0 {
                key.push(b'|');
            }
            escape(scratch, key);
        }
        identity.clear();
        identity.extend_from_slice(key);
        for (slot, column) in &self.columns[self.key..] {
            identity.push(b'|');
            if places[*slot] == crate::layout::NULL {
                identity.extend_from_slice(NULL_PLACE);
                continue;
            }
            scratch.clear();
            column.render(data.get(places[*slot]..)?, scratch)?;
            escape(scratch, identity);
        }
        Some(())
    }
}

/// Different keys of several columns never give the same text.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        if matches!(byte, b'\\' | b'|') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
}

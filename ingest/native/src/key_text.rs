//! A stored value as key text: what the reader shards by and the sink writes as the id (`ingest.keys`,
//! `ingest.binlog.key_text`, whose rules these are). A value that can't be rendered here (damaged, or of a type that is
//! left to Python) gives None, and the Python side says what is wrong with it.

use crate::cursor::{be, le};

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
    Decimal {
        precision: usize,
        scale: usize,
    },
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

const DIGIT_BYTES: [usize; 10] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

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
            KeyColumn::Decimal { precision, scale } => decimal(data, *precision, *scale, out)?,
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

pub fn unsigned(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    while value >= 100 {
        let pair = (value % 100) as u8;
        value /= 100;
        at -= 2;
        digits[at] = b'0' + pair / 10;
        digits[at + 1] = b'0' + pair % 10;
    }
    if value >= 10 {
        at -= 2;
        digits[at] = b'0' + value as u8 / 10;
        digits[at + 1] = b'0' + value as u8 % 10;
    } else {
        at -= 1;
        digits[at] = b'0' + value as u8;
    }
    out.extend_from_slice(&digits[at..]);
}

pub fn signed(value: i64, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    unsigned(value.unsigned_abs(), out);
}

/// `value` with `width` digits at least.
pub fn padded(value: u64, width: usize, out: &mut Vec<u8>) {
    let start = out.len();
    unsigned(value, out);
    let digits = out.len() - start;
    for _ in digits..width {
        out.insert(start, b'0');
    }
}

fn set_names(bits: u64, names: &[String], out: &mut Vec<u8>) -> Option<()> {
    if names.len() < 64 && bits >> names.len() != 0 {
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

/// Nine digits in four big-endian bytes, odd groups at the outer ends; the sign bit inverted; all bits inverted in a
/// negative number (bin2decimal in MySQL's strings/decimal.cc).
pub fn decimal(data: &[u8], precision: usize, scale: usize, out: &mut Vec<u8>) -> Option<()> {
    let whole = precision.checked_sub(scale)?;
    let total = whole / 9 * 4 + DIGIT_BYTES[whole % 9] + scale / 9 * 4 + DIGIT_BYTES[scale % 9];
    let stored = data.get(..total)?;
    let negative = stored.first()? & 0x80 == 0;
    let mask = if negative { 0xFF } else { 0 };
    let mut digits: Vec<u8> = Vec::with_capacity(precision);
    let mut at = 0;
    let groups = std::iter::once(whole % 9)
        .chain(std::iter::repeat_n(9, whole / 9))
        .chain(std::iter::repeat_n(9, scale / 9))
        .chain(std::iter::once(scale % 9));
    for count in groups.filter(|count| *count > 0) {
        let size = DIGIT_BYTES[count];
        let number = stored[at..at + size].iter().enumerate().fold(0u64, |number, (place, byte)| {
            let sign = if at + place == 0 { 0x80 } else { 0 };
            number << 8 | u64::from(byte ^ mask ^ sign)
        });
        if number >= 10u64.pow(count as u32) {
            return None;
        }
        padded(number, count, &mut digits);
        at += size;
    }
    if negative {
        out.push(b'-');
    }
    let first = digits[..whole].iter().position(|digit| *digit != b'0').unwrap_or(whole);
    out.extend_from_slice(if first == whole { b"0" } else { &digits[first..whole] });
    if scale > 0 {
        out.push(b'.');
        out.extend_from_slice(&digits[whole..]);
    }
    Some(())
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

/// A fraction of `digits` digits from its stored bytes (two digits a byte, big-endian).
fn fraction(stored: &[u8], digits: usize, out: &mut Vec<u8>) {
    if digits > 0 {
        let mut text = Vec::with_capacity(6);
        padded(be(stored) * 10u64.pow(6 - 2 * stored.len() as u32), 6, &mut text);
        out.push(b'.');
        out.extend_from_slice(&text[..digits]);
    }
}

fn datetime(data: &[u8], digits: usize, out: &mut Vec<u8>) -> Option<()> {
    let packed = be(data.get(..5)?).checked_sub(0x80_0000_0000)?;
    let (day, time) = (packed >> 17, packed & 0x1_FFFF);
    let month = day >> 5;
    date(month / 13, month % 13, day & 31, out);
    out.push(b' ');
    clock(time >> 12, time >> 6 & 63, time & 63, out);
    fraction(data.get(5..5 + digits.div_ceil(2))?, digits, out);
    Some(())
}

fn timestamp(data: &[u8], digits: usize, out: &mut Vec<u8>) -> Option<()> {
    let seconds = be(data.get(..4)?);
    if seconds == 0 {
        out.extend_from_slice(b"0000-00-00 00:00:00");
    } else {
        let (year, month, day) = civil(seconds / 86_400);
        date(year, month, day, out);
        out.push(b' ');
        clock(seconds / 3600 % 24, seconds / 60 % 60, seconds % 60, out);
    }
    fraction(data.get(4..4 + digits.div_ceil(2))?, digits, out);
    Some(())
}

/// Days since 1970-01-01 to a date of the Gregorian calendar (Howard Hinnant's civil_from_days).
pub fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z / 146_097;
    let of_era = z % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// Hours, minutes, seconds and fraction as one big-endian number with an offset, so that bytes sort like times.
fn time(data: &[u8], digits: usize, out: &mut Vec<u8>) -> Option<()> {
    let size = digits.div_ceil(2);
    let bits = 8 * size as u32;
    let packed = be(data.get(..3 + size)?) as i64 - (0x80_0000i64 << bits);
    let (time, part) = (packed.unsigned_abs() >> bits, packed.unsigned_abs() & ((1 << bits) - 1));
    let seconds = (time >> 12 & 0x3FF) * 3600 + (time >> 6 & 63) * 60 + (time & 63);
    let micros = part * 10u64.pow(6 - 2 * size as u32);
    let (seconds, micros) = (seconds + micros / 1_000_000, micros % 1_000_000);
    if packed < 0 && (seconds > 0 || micros > 0) {
        out.push(b'-');
    }
    clock(seconds / 3600, seconds / 60 % 60, seconds % 60, out);
    if digits > 0 {
        let mut text = Vec::with_capacity(6);
        padded(micros, 6, &mut text);
        out.push(b'.');
        out.extend_from_slice(&text[..digits]);
    }
    Some(())
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

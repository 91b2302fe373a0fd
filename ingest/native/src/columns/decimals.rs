//! DECIMAL(precision, scale): MySQL's packed decimal to the value times 10^scale, as Arrow's little-endian integers, or to
//! text.
//!
//! Format (`decimal2bin` in MySQL's strings/decimal.cc): big-endian groups of up to nine digits, four bytes for nine and
//! fewer for the partial group at either end; the topmost bit is inverted, and all bits of a negative number are.

use crate::texts::numbers::padded;

const DIGIT_BYTES: [usize; 10] = [0, 1, 1, 2, 2, 3, 3, 4, 4, 4];

/// The groups of a stored decimal, from the left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecimalGroups {
    /// (bytes, digits, 10^digits) of each group.
    groups: Vec<(usize, usize, u64)>,
    scale: usize,
    /// Bytes of the stored value.
    pub stored: usize,
}

impl DecimalGroups {
    /// None for more than 81 digits (what MySQL's own code reads; a column has 65 at most), and for none.
    pub fn new(precision: usize, scale: usize) -> Option<DecimalGroups> {
        let whole = precision.checked_sub(scale).filter(|_| (1..=81).contains(&precision))?;
        let groups: Vec<(usize, usize, u64)> = std::iter::once(whole % 9)
            .chain(std::iter::repeat_n(9, whole / 9))
            .chain(std::iter::repeat_n(9, scale / 9))
            .chain(std::iter::once(scale % 9))
            .filter(|count| *count > 0)
            .map(|count| (DIGIT_BYTES[count], count, 10u64.pow(count as u32)))
            .collect();
        let stored = groups.iter().map(|(bytes, ..)| bytes).sum();
        Some(DecimalGroups { groups, scale, stored })
    }

    /// Appends the text of the value at the start of `raw`, with every digit of the scale; None when the bytes are none.
    pub fn append_text(&self, raw: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let raw = raw.get(..self.stored)?;
        let negative = is_negative(raw)?;
        let mut digits: Vec<u8> = Vec::with_capacity(81);
        self.each(raw, negative, |part, count, _| padded(part, count, &mut digits))?;
        if negative {
            out.push(b'-');
        }
        let whole = digits.len() - self.scale;
        let first = digits[..whole].iter().position(|digit| *digit != b'0').unwrap_or(whole);
        out.extend_from_slice(if first == whole { b"0" } else { &digits[first..whole] });
        if self.scale > 0 {
            out.push(b'.');
            out.extend_from_slice(&digits[whole..]);
        }
        Some(())
    }

    /// Hands each group's number over, with its digits and 10^digits.
    #[inline]
    fn each(&self, raw: &[u8], negative: bool, mut each: impl FnMut(u64, usize, u64)) -> Option<()> {
        let mask = if negative { 0xFF } else { 0 };
        let mut sign = 0x80;
        let mut at = 0;
        for (bytes, digits, limit) in &self.groups {
            let mut part = 0u64;
            for byte in raw.get(at..at + bytes)? {
                part = part << 8 | u64::from(byte ^ mask ^ sign);
                sign = 0;
            }
            if part >= *limit {
                return None;
            }
            each(part, *digits, *limit);
            at += bytes;
        }
        Some(())
    }
}

fn is_negative(raw: &[u8]) -> Option<bool> {
    Some(raw.first()? & 0x80 == 0)
}

/// The shape of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecimalShape {
    groups: DecimalGroups,
    /// Bytes of the Arrow value: 16 to 38 digits, else 32.
    pub width: usize,
}

impl DecimalShape {
    /// None for what no column has.
    pub fn new(precision: usize, scale: usize) -> Option<DecimalShape> {
        let groups = DecimalGroups::new(precision, scale).filter(|_| precision <= 65)?;
        Some(DecimalShape { groups, width: if precision <= 38 { 16 } else { 32 } })
    }

    /// Appends a value; None when the bytes are none.
    pub fn append(&self, raw: &[u8], out: &mut Vec<u8>) -> Option<()> {
        if raw.len() != self.groups.stored {
            return None;
        }
        let negative = is_negative(raw)?;
        if self.width == 16 {
            let mut total = 0i128;
            self.groups.each(raw, negative, |part, _, limit| total = total * i128::from(limit) + i128::from(part))?;
            out.extend_from_slice(&(if negative { -total } else { total }).to_le_bytes());
        } else {
            let mut total = Wide::default();
            self.groups.each(raw, negative, |part, _, limit| total.times_plus(limit, part))?;
            total.append(negative, out);
        }
        Some(())
    }
}

/// A number of 256 bits, lowest limb first: enough for 65 digits.
#[derive(Default)]
struct Wide([u64; 4]);

impl Wide {
    fn times_plus(&mut self, factor: u64, term: u64) {
        let mut carry = u128::from(term);
        for limb in &mut self.0 {
            let product = u128::from(*limb) * u128::from(factor) + carry;
            *limb = product as u64;
            carry = product >> 64;
        }
    }

    fn append(&self, negative: bool, out: &mut Vec<u8>) {
        let mut carry = negative;
        for limb in self.0 {
            let mut value = limb;
            if negative {
                (value, carry) = (!limb).overflowing_add(u64::from(carry));
            }
            out.extend_from_slice(&value.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(precision: usize, scale: usize, raw: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        DecimalShape::new(precision, scale)?.append(raw, &mut out)?;
        Some(out)
    }

    #[test]
    fn values() {
        assert_eq!(read(4, 2, &[0x8C, 34]), Some(1234i128.to_le_bytes().to_vec()));
        assert_eq!(read(4, 2, &[0x73, 0xDD]), Some((-1234i128).to_le_bytes().to_vec()));
        assert_eq!(read(4, 2, &[0x8C, 100]), None);
        assert_eq!(read(4, 2, &[0x8C]), None);
        assert_eq!(read(4, 5, &[0x8C, 1]), None);
    }

    #[test]
    fn wide() {
        let mut raw = vec![0u8; 30];
        raw[0] = 0x80;
        let shape = DecimalShape::new(65, 30).unwrap();
        raw.resize(shape.groups.stored, 0);
        *raw.last_mut().unwrap() = 7;
        let mut out = Vec::new();
        shape.append(&raw, &mut out).unwrap();
        assert_eq!(out[..2], [7, 0]);
        let flipped: Vec<u8> = raw.iter().map(|byte| !byte).collect();
        let mut out = Vec::new();
        shape.append(&flipped, &mut out).unwrap();
        assert_eq!((out[0], out[31]), (0xF9, 0xFF));
    }
}

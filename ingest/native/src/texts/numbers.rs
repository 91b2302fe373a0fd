//! Numbers as text: integers, and decimals and floats in MySQL's layout.

use std::io::Write;

use crate::cursor::le;

const PAIRS: &[u8; 200] =
    b"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// Plain digits, two at a time.
pub fn unsigned(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    while value >= 100 {
        let pair = 2 * (value % 100) as usize;
        value /= 100;
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if value >= 10 {
        let pair = 2 * value as usize;
        at -= 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
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
    let missing = width.saturating_sub(out.len() - start);
    out.splice(start..start, std::iter::repeat_n(b'0', missing));
}

const CHUNK: u64 = 10u64.pow(18);

/// Arrow's little-endian integer of 16 or 32 bytes, divided by 10^scale, with every digit of the scale.
pub fn decimal(stored: &[u8], scale: usize, out: &mut Vec<u8>) -> Option<()> {
    let negative = stored.last()? & 0x80 != 0;
    let mut limbs = [0u64; 4];
    for (limb, bytes) in limbs.iter_mut().zip(stored.chunks(8)) {
        *limb = le(bytes);
    }
    let used = stored.len().div_ceil(8).min(4);
    if negative {
        negate(limbs.get_mut(..used)?);
        out.push(b'-');
    }
    if limbs[1] | limbs[2] | limbs[3] == 0 && scale <= 18 {
        let unit = 10u64.pow(scale as u32);
        unsigned(limbs[0] / unit, out);
        if scale > 0 {
            fraction(limbs[0] % unit, scale, out);
        }
        return Some(());
    }
    let start = out.len();
    digits(&mut limbs, out);
    if scale > 0 {
        let missing = (scale + 1).saturating_sub(out.len() - start);
        out.splice(start..start, std::iter::repeat_n(b'0', missing));
        out.insert(out.len().checked_sub(scale)?, b'.');
    }
    Some(())
}

/// A point and `digits` digits.
pub fn fraction(mut part: u64, digits: usize, out: &mut Vec<u8>) {
    out.push(b'.');
    let start = out.len();
    out.resize(start + digits, b'0');
    for digit in out[start..].iter_mut().rev() {
        *digit = b'0' + (part % 10) as u8;
        part /= 10;
    }
}

fn negate(limbs: &mut [u64]) {
    let mut carry = true;
    for limb in limbs {
        (*limb, carry) = (!*limb).overflowing_add(u64::from(carry));
    }
}

fn digits(limbs: &mut [u64; 4], out: &mut Vec<u8>) {
    let mut chunks = Vec::new();
    while limbs[1] | limbs[2] | limbs[3] != 0 {
        let mut rest = 0u128;
        for limb in limbs.iter_mut().rev() {
            let value = rest << 64 | u128::from(*limb);
            *limb = (value / u128::from(CHUNK)) as u64;
            rest = value % u128::from(CHUNK);
        }
        chunks.push(rest as u64);
    }
    unsigned(limbs[0], out);
    for chunk in chunks.iter().rev() {
        padded(*chunk, 18, out);
    }
}

/// Plain digits while the decimal point falls at -14 to 15 digits, else `d.ddde<exponent>` (`my_gcvt` in dtoa.cc).
const POINT_MAX: i32 = 15;

/// A double by its shortest digits. `as_double`: always told apart from an integer (3 gives 3.0). None for NaN, infinity.
pub fn double(value: f64, as_double: bool, out: &mut Vec<u8>) -> Option<()> {
    if short_double(value, as_double, out) {
        return Some(());
    }
    let text = Text::of(format_args!("{value:e}"))?;
    value.is_finite().then_some(())?;
    match text.digits() {
        // Two texts of so many digits may be equally near: then the even one counts, as in MySQL's and Python's.
        digits @ 15.. => {
            let nearest = Text::of(format_args!("{value:.*e}", digits - 1))?;
            let same = nearest.as_str()?.parse() == Ok(value);
            layout(if same { nearest.as_str()? } else { text.as_str()? }, as_double, out)
        }
        _ => layout(text.as_str()?, as_double, out),
    }
}

/// Doubles of at most 15 digits and four decimals. Of decimals with so few digits only one is nearest to a double, so
/// one that gives the double back is the shortest.
fn short_double(value: f64, as_double: bool, out: &mut Vec<u8>) -> bool {
    let size = value.abs();
    if size == 0.0 || size.is_nan() || size >= 1e10 {
        return false;
    }
    for (digits, unit) in [(0, 1u64), (1, 10), (2, 100), (3, 1000), (4, 10_000)] {
        let whole = (size * unit as f64).round();
        if whole / unit as f64 == size {
            if value < 0.0 {
                out.push(b'-');
            }
            let number = whole as u64;
            unsigned(number / unit, out);
            if digits > 0 {
                fraction(number % unit, digits, out);
            } else if as_double {
                out.extend_from_slice(b".0");
            }
            return true;
        }
    }
    false
}

/// A float by its shortest digits.
pub fn float(value: f32, as_double: bool, out: &mut Vec<u8>) -> Option<()> {
    let text = Text::of(format_args!("{value:e}"))?;
    value.is_finite().then_some(())?;
    match text.digits() {
        digits @ 6.. => {
            let nearest = Text::of(format_args!("{value:.*e}", digits - 1))?;
            let same = nearest.as_str()?.parse() == Ok(value);
            layout(if same { nearest.as_str()? } else { text.as_str()? }, as_double, out)
        }
        _ => layout(text.as_str()?, as_double, out),
    }
}

/// A short text without an allocation.
struct Text {
    bytes: [u8; 40],
    size: usize,
}

impl Text {
    fn of(arguments: std::fmt::Arguments) -> Option<Text> {
        let mut bytes = [0u8; 40];
        let mut rest = &mut bytes[..];
        rest.write_fmt(arguments).ok()?;
        let left = rest.len();
        Some(Text { bytes, size: 40 - left })
    }

    fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(..self.size)?).ok()
    }

    /// How many digits stand before the exponent.
    fn digits(&self) -> usize {
        self.bytes.iter().take_while(|byte| **byte != b'e').filter(|byte| byte.is_ascii_digit()).count()
    }
}

/// `text`: [-]d[.ddd]e[-]dd
fn layout(text: &str, as_double: bool, out: &mut Vec<u8>) -> Option<()> {
    let (mantissa, exponent) = text.split_once('e')?;
    let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let point = exponent.parse::<i32>().ok()?.checked_add(1)?;
    if mantissa.starts_with('-') {
        out.push(b'-');
    }
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    let count = i32::try_from(digits.len()).ok()?;
    if count == 0 {
        out.extend_from_slice(if as_double { b"0.0" } else { b"0" });
    } else if !(1 - POINT_MAX..=POINT_MAX).contains(&point) {
        out.push(*digits.first()?);
        if count > 1 {
            out.push(b'.');
            out.extend_from_slice(digits.get(1..)?);
        }
        out.push(b'e');
        signed(i64::from(point) - 1, out);
    } else if point <= 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', point.unsigned_abs() as usize));
        out.extend_from_slice(&digits);
    } else {
        let whole = point as usize;
        out.extend_from_slice(digits.get(..whole.min(digits.len()))?);
        out.extend(std::iter::repeat_n(b'0', whole.saturating_sub(digits.len())));
        if count > point {
            out.push(b'.');
            out.extend_from_slice(digits.get(whole..)?);
        } else if as_double {
            out.extend_from_slice(b".0");
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        double(value, true, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn doubles() {
        for (value, expected) in [
            (0.1, "0.1"),
            (3.0, "3.0"),
            (-0.0, "-0.0"),
            (1e22, "1e22"),
            (1.5e-20, "1.5e-20"),
            (1e14, "100000000000000.0"),
            (1e15, "1e15"),
            (1e-14, "0.00000000000001"),
            (-1234.5678, "-1234.5678"),
            (0.0625, "0.0625"),
            (1125899906842624.25, "1.1258999068426242e15"),
            (1125899906842624.75, "1.1258999068426248e15"),
            (5e-324, "5e-324"),
            (150434.23, "150434.23"),
            (1e9 + 0.1, "1000000000.1"),
        ] {
            assert_eq!(text(value), expected);
        }
        assert_eq!(double(f64::NAN, true, &mut Vec::new()), None);
    }

    #[test]
    fn decimals() {
        for (value, scale, expected) in [
            (5i128, 2, "0.05"),
            (-1234, 2, "-12.34"),
            (0, 0, "0"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
        ] {
            let mut out = Vec::new();
            decimal(&value.to_le_bytes(), scale, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}

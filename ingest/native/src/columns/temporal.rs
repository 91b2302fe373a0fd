//! Dates and times to numbers since 1970, as `ingest.binlog.values` has them (whose formats and limits these are).
//!
//! The outer Option is None for bytes that are no value of the type; the inner one for a date that no calendar has
//! (0000-00-00, 2024-02-31).

use crate::cursor::{be, le};

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND_US;
const DAYS_BEFORE_1970: i64 = 719_528; // from 0000-01-01
const MONTH_LENGTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DAYS_BEFORE_MONTH: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/// The day's number (1970-01-01 is 0) of a year 0 to 9999, or None for a day that no calendar has.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let index = usize::try_from(month - 1).ok()?;
    let length = *MONTH_LENGTHS.get(index)?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if day < 1 || day > length + i64::from(is_leap && month == 2) {
        return None;
    }
    let leap_days = (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400;
    let before = DAYS_BEFORE_MONTH.get(index)? + i64::from(is_leap && month > 2);
    Some(year * 365 + leap_days + before + day - 1 - DAYS_BEFORE_1970)
}

fn is_storable(year: i64, month: i64, day: i64) -> bool {
    year <= 9999 && month <= 12 && day <= 31
}

/// DATE: 3 bytes, little-endian year 15, month 4, day 5 bits.
pub fn date(raw: &[u8]) -> Option<Option<i32>> {
    let number = i64::try_from(le(raw.get(..3)?)).ok()?;
    let (year, month, day) = (number >> 9, number >> 5 & 15, number & 31);
    is_storable(year, month, day).then(|| days_since_1970(year, month, day).and_then(|days| i32::try_from(days).ok()))
}

/// Hour, minute 6, second 6 bits to microseconds; hours up to `hours_max`.
fn clock_us(fields: i64, hours_max: i64) -> Option<i64> {
    let (hour, minute, second) = (fields >> 12, fields >> 6 & 63, fields & 63);
    (hour <= hours_max && minute <= 59 && second <= 59).then_some((hour * 3600 + minute * 60 + second) * SECOND_US)
}

/// The bytes behind the seconds (1, 2 or 3 for 1-2, 3-4, 5-6 digits) to microseconds; None for a second or more.
fn fraction_us(part: i64, size: u32) -> Option<i64> {
    let micros = part * 10i64.checked_pow(6u32.checked_sub(2 * size)?)?;
    (micros < SECOND_US).then_some(micros)
}

/// The value's number, and how many bytes of it are its fraction; None unless it has `whole` bytes before that.
fn packed(raw: &[u8], whole: usize) -> Option<(u64, u32)> {
    let size = raw.len().checked_sub(whole).filter(|size| *size <= 3)?;
    Some((be(raw), size as u32))
}

/// What stands before the fraction (40 bits at most), and the fraction.
fn split(number: u64, size: u32) -> (i64, i64) {
    ((number >> (8 * size)) as i64, (number & ((1 << (8 * size)) - 1)) as i64)
}

/// DATETIME2: 5 bytes (sign 1, year * 13 + month 17, day 5, hour 5, minute 6, second 6), then the fraction.
pub fn datetime(raw: &[u8]) -> Option<Option<i64>> {
    let (number, size) = packed(raw, 5)?;
    let (fields, part) = split(number, size);
    let micros = fraction_us(part, size)?;
    let clock = clock_us(fields & 0x1_FFFF, 23)?;
    let days = fields >> 17;
    let (months, day) = (days >> 5 & 0x1_FFFF, days & 31);
    let (year, month) = (months / 13, months % 13);
    if days >> 22 == 0 || !is_storable(year, month, day) {
        return None;
    }
    Some(days_since_1970(year, month, day).map(|days| days * DAY_US + clock + micros))
}

/// TIMESTAMP2: 4 bytes of seconds, then the fraction; 0 is the zero timestamp.
pub fn timestamp(raw: &[u8]) -> Option<Option<i64>> {
    let (number, size) = packed(raw, 4)?;
    let (seconds, part) = split(number, size);
    let micros = seconds * SECOND_US + fraction_us(part, size)?;
    Some((micros != 0).then_some(micros))
}

/// TIME2: 3 bytes (sign 1, unused 1, hour 10, minute 6, second 6), then the fraction; negative as a whole.
pub fn time(raw: &[u8]) -> Option<i64> {
    let (number, size) = packed(raw, 3)?;
    let signed = number as i64 - (0x80_0000 << (8 * size));
    let (fields, part) = split(signed.unsigned_abs(), size);
    let micros = clock_us(fields, 838)? + fraction_us(part, size)?;
    Some(if signed < 0 { -micros } else { micros })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        assert_eq!(days_since_1970(1970, 1, 1), Some(0));
        assert_eq!(days_since_1970(2024, 2, 29), Some(19_782));
        assert_eq!(days_since_1970(2023, 2, 29), None);
        assert_eq!(days_since_1970(0, 1, 1), Some(-DAYS_BEFORE_1970));
        assert_eq!(days_since_1970(0, 0, 0), None);
    }

    #[test]
    fn zero_and_damaged() {
        assert_eq!(date(&[0, 0, 0]), Some(None));
        assert_eq!(date(&[0xFF, 0xFF, 0xFF]), None);
        assert_eq!(timestamp(&[0, 0, 0, 0]), Some(None));
        assert_eq!(timestamp(&[0, 0, 0, 0, 100]), None);
        assert_eq!(time(&[0x80, 0, 0]), Some(0));
        assert_eq!(time(&[0x7F, 0xFF, 0xFF, 0xFF]), Some(-10_000));
        assert_eq!(datetime(&[0; 5]), None);
        assert_eq!(datetime(&[0x80, 0, 0, 0, 0, 0, 0, 0]), Some(None));
        for size in 0..12 {
            for byte in [0u8, 0x80, 0xFF] {
                let raw = vec![byte; size];
                let _ = (date(&raw), datetime(&raw), timestamp(&raw), time(&raw));
            }
        }
    }
}

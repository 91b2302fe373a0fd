//! Dates and times as text, from numbers since 1970.

pub const SECOND_US: i64 = 1_000_000;
const DAY_S: i64 = 86_400;

/// Two digits at a place of a text.
#[inline]
fn put(text: &mut [u8], at: usize, value: i64) {
    if let Some([tens, ones]) = text.get_mut(at..at + 2) {
        *tens = b'0' + (value / 10 % 10) as u8;
        *ones = b'0' + (value % 10) as u8;
    }
}

fn put_date(text: &mut [u8], days: i64) -> Option<()> {
    let (year, month, day) = civil(days)?;
    put(text, 0, year / 100);
    put(text, 2, year % 100);
    put(text, 5, month);
    put(text, 8, day);
    Some(())
}

/// `2024-01-02` of a day's number (1970-01-01 is 0). None outside the years 0 to 9999.
pub fn date(days: i64, out: &mut Vec<u8>) -> Option<()> {
    let mut text = *b"0000-00-00";
    put_date(&mut text, days)?;
    out.extend_from_slice(&text);
    Some(())
}

/// Howard Hinnant's civil_from_days.
fn civil(days: i64) -> Option<(i64, i64, i64)> {
    let shifted = days.checked_add(719_468)?;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    (0..=9999).contains(&year).then_some((year, month, day))
}

/// `2024-01-02 03:04:05.123456` of microseconds since 1970, with `between` between date and time and the fraction cut to
/// `digits`. None outside the years 0 to 9999.
pub fn datetime(micros: i64, digits: usize, between: u8, out: &mut Vec<u8>) -> Option<()> {
    let (seconds, fraction) = (micros.div_euclid(SECOND_US), micros.rem_euclid(SECOND_US));
    let mut text = *b"0000-00-00 00:00:00.000000";
    put_date(&mut text, seconds.div_euclid(DAY_S))?;
    text[10] = between;
    let of_day = seconds.rem_euclid(DAY_S);
    put(&mut text, 11, of_day / 3600);
    put_clock(&mut text[13..], of_day, fraction);
    out.extend_from_slice(text.get(..shown(19, digits))?);
    Some(())
}

/// `-838:59:59.000000` of microseconds.
pub fn time(micros: i64, digits: usize, out: &mut Vec<u8>) -> Option<()> {
    let whole = i64::try_from(micros.unsigned_abs()).ok()?;
    let (seconds, fraction) = (whole / SECOND_US, whole % SECOND_US);
    if micros < 0 {
        out.push(b'-');
    }
    let hours = seconds / 3600;
    if hours < 10 {
        out.push(b'0');
    }
    super::numbers::signed(hours, out);
    let mut text = *b":00:00.000000";
    put_clock(&mut text, seconds, fraction);
    out.extend_from_slice(text.get(..shown(6, digits))?);
    Some(())
}

/// `:04:05.123456`
fn put_clock(text: &mut [u8], seconds: i64, fraction: i64) {
    put(text, 1, seconds / 60 % 60);
    put(text, 4, seconds % 60);
    put(text, 7, fraction / 10_000);
    put(text, 9, fraction / 100 % 100);
    put(text, 11, fraction % 100);
}

/// The length with a point and so many digits behind `whole` characters.
fn shown(whole: usize, digits: usize) -> usize {
    if digits == 0 {
        whole
    } else {
        whole + 1 + digits.min(6)
    }
}

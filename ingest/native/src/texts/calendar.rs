//! Dates and times as text, from numbers since 1970.

pub const SECOND_US: i64 = 1_000_000;
const DAY_S: i64 = 86_400;

fn two_digits(value: i64, out: &mut Vec<u8>) {
    out.push(b'0' + (value / 10 % 10) as u8);
    out.push(b'0' + (value % 10) as u8);
}

/// `2024-01-02` of a day's number (1970-01-01 is 0). None outside the years 0 to 9999.
pub fn date(days: i64, out: &mut Vec<u8>) -> Option<()> {
    let (year, month, day) = civil(days)?;
    two_digits(year / 100, out);
    two_digits(year % 100, out);
    out.push(b'-');
    two_digits(month, out);
    out.push(b'-');
    two_digits(day, out);
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
    date(seconds.div_euclid(DAY_S), out)?;
    out.push(between);
    let of_day = seconds.rem_euclid(DAY_S);
    two_digits(of_day / 3600, out);
    clock(of_day, fraction, digits, out)
}

/// `-838:59:59.000000` of microseconds.
pub fn time(micros: i64, digits: usize, out: &mut Vec<u8>) -> Option<()> {
    let whole = i64::try_from(micros.unsigned_abs()).ok()?;
    let (seconds, fraction) = (whole / SECOND_US, whole % SECOND_US);
    if micros < 0 {
        out.push(b'-');
    }
    let hours = seconds / 3600;
    if hours < 100 {
        two_digits(hours, out);
    } else {
        super::numbers::signed(hours, out);
    }
    clock(seconds, fraction, digits, out)
}

/// `:04:05.123456`
fn clock(seconds: i64, fraction: i64, digits: usize, out: &mut Vec<u8>) -> Option<()> {
    out.push(b':');
    two_digits(seconds / 60 % 60, out);
    out.push(b':');
    two_digits(seconds % 60, out);
    if digits > 0 {
        out.push(b'.');
        let end = out.len().checked_add(digits.min(6))?;
        two_digits(fraction / 10_000, out);
        two_digits(fraction / 100 % 100, out);
        two_digits(fraction % 100, out);
        out.truncate(end);
    }
    Some(())
}

//! What frames an event: its 19-byte header, its CRC-32, and the FORMAT_DESCRIPTION that says how to read the rest.
//!
//! Sources: MySQL's libs/mysql/binlog/event/binlog_event.h and control_events.h (Format_description_event).

use crate::cursor::{damage, le, Read};
use crate::problem::{Answer, Problem, CHECKSUM, CHECKSUM_ALGORITHM, LENGTH};

pub const HEADER_SIZE: usize = 19;
pub const CHECKSUM_SIZE: usize = 4;
pub const FLAG_IN_USE: u8 = 0x01;
pub const FLAG_IGNORABLE: u16 = 0x80;

pub const QUERY: u8 = 2;
pub const STOP: u8 = 3;
pub const ROTATE: u8 = 4;
pub const INTVAR: u8 = 5;
pub const APPEND_BLOCK: u8 = 9;
pub const DELETE_FILE: u8 = 11;
pub const RAND: u8 = 13;
pub const USER_VAR: u8 = 14;
pub const FORMAT_DESCRIPTION: u8 = 15;
pub const XID: u8 = 16;
pub const BEGIN_LOAD_QUERY: u8 = 17;
pub const EXECUTE_LOAD_QUERY: u8 = 18;
pub const TABLE_MAP: u8 = 19;
pub const WRITE_ROWS_V1: u8 = 23;
pub const UPDATE_ROWS_V1: u8 = 24;
pub const DELETE_ROWS_V1: u8 = 25;
pub const INCIDENT: u8 = 26;
pub const HEARTBEAT: u8 = 27;
pub const IGNORABLE: u8 = 28;
pub const ROWS_QUERY: u8 = 29;
pub const WRITE_ROWS: u8 = 30;
pub const UPDATE_ROWS: u8 = 31;
pub const DELETE_ROWS: u8 = 32;
pub const GTID: u8 = 33;
pub const ANONYMOUS_GTID: u8 = 34;
pub const PREVIOUS_GTIDS: u8 = 35;
pub const TRANSACTION_CONTEXT: u8 = 36;
pub const VIEW_CHANGE: u8 = 37;
pub const XA_PREPARE: u8 = 38;
pub const PARTIAL_UPDATE_ROWS: u8 = 39;
pub const TRANSACTION_PAYLOAD: u8 = 40;
pub const HEARTBEAT_V2: u8 = 41;
pub const GTID_TAGGED: u8 = 42;

const NAMES: [(u8, &str); 39] = [
    (1, "START_V3"),
    (QUERY, "QUERY"),
    (STOP, "STOP"),
    (ROTATE, "ROTATE"),
    (INTVAR, "INTVAR"),
    (6, "LOAD"),
    (7, "SLAVE"),
    (8, "CREATE_FILE"),
    (APPEND_BLOCK, "APPEND_BLOCK"),
    (10, "EXEC_LOAD"),
    (DELETE_FILE, "DELETE_FILE"),
    (12, "NEW_LOAD"),
    (RAND, "RAND"),
    (USER_VAR, "USER_VAR"),
    (FORMAT_DESCRIPTION, "FORMAT_DESCRIPTION"),
    (XID, "XID"),
    (BEGIN_LOAD_QUERY, "BEGIN_LOAD_QUERY"),
    (EXECUTE_LOAD_QUERY, "EXECUTE_LOAD_QUERY"),
    (TABLE_MAP, "TABLE_MAP"),
    (WRITE_ROWS_V1, "WRITE_ROWS_V1"),
    (UPDATE_ROWS_V1, "UPDATE_ROWS_V1"),
    (DELETE_ROWS_V1, "DELETE_ROWS_V1"),
    (INCIDENT, "INCIDENT"),
    (HEARTBEAT, "HEARTBEAT"),
    (IGNORABLE, "IGNORABLE"),
    (ROWS_QUERY, "ROWS_QUERY"),
    (WRITE_ROWS, "WRITE_ROWS"),
    (UPDATE_ROWS, "UPDATE_ROWS"),
    (DELETE_ROWS, "DELETE_ROWS"),
    (GTID, "GTID"),
    (ANONYMOUS_GTID, "ANONYMOUS_GTID"),
    (PREVIOUS_GTIDS, "PREVIOUS_GTIDS"),
    (TRANSACTION_CONTEXT, "TRANSACTION_CONTEXT"),
    (VIEW_CHANGE, "VIEW_CHANGE"),
    (XA_PREPARE, "XA_PREPARE"),
    (PARTIAL_UPDATE_ROWS, "PARTIAL_UPDATE_ROWS"),
    (TRANSACTION_PAYLOAD, "TRANSACTION_PAYLOAD"),
    (HEARTBEAT_V2, "HEARTBEAT_V2"),
    (GTID_TAGGED, "GTID_TAGGED"),
];

/// `WRITE_ROWS (30)`, or the bare number where it isn't known.
pub fn event_name(number: u8) -> String {
    match NAMES.iter().find(|(known, _)| *known == number) {
        Some((_, name)) => format!("{name} ({number})"),
        None => format!("type {number}"),
    }
}

/// An event's header; `data` is the whole event with a checksum still on it.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    pub timestamp: u32,
    pub kind: u8,
    pub size: u32,
    pub end_position: u32,
    pub flags: u16,
}

impl Header {
    /// Reads the first 19 bytes; there must be as many.
    pub fn of(data: &[u8]) -> Header {
        Header {
            timestamp: le(&data[0..4]) as u32,
            kind: data[4],
            size: le(&data[9..13]) as u32,
            end_position: le(&data[13..17]) as u32,
            flags: le(&data[17..19]) as u16,
        }
    }

    /// Reads and checks a packet's event: it is as long as it says.
    pub fn checked(payload: &[u8]) -> Answer<Header> {
        if payload.len() < HEADER_SIZE {
            return Err(Problem::new(LENGTH, format!("a packet of {} bytes is no event", payload.len())));
        }
        let header = Header::of(payload);
        if header.size as usize != payload.len() {
            let what = format!("an event says {} bytes and has {}", header.size, payload.len());
            return Err(Problem::new(LENGTH, what));
        }
        Ok(header)
    }
}

/// What a FORMAT_DESCRIPTION event says: the post-header length of each event type (index: type - 1) and whether the
/// file's events carry a CRC-32.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFormat {
    pub post_header_lengths: Vec<u8>,
    pub checksum: bool,
}

impl EventFormat {
    /// The post-header length of an event type; 0 for one that the server doesn't list.
    pub fn post_header_length(&self, kind: u8) -> usize {
        let index = usize::from(kind).wrapping_sub(1);
        usize::from(self.post_header_lengths.get(index).copied().unwrap_or(0))
    }
}

/// A FORMAT_DESCRIPTION body, with its checksum, for which it has room from 5.6.1 on.
pub fn format_of(body: &[u8]) -> Answer<EventFormat> {
    if body.len() < 57 {
        return Ok(damage(format!("a FORMAT_DESCRIPTION of {} bytes is too short", body.len()))?);
    }
    let version = body[2..52].split(|byte| *byte == 0).next().unwrap_or_default();
    if le(&body[..2]) != 4 || usize::from(body[56]) != HEADER_SIZE {
        let what = format!("binlog version {} with headers of {} bytes (4 and 19 are known)", le(&body[..2]), body[56]);
        return Ok(damage(what)?);
    }
    if !has_checksum_field(version) {
        return Ok(EventFormat { post_header_lengths: body[57..].to_vec(), checksum: false });
    }
    if body.len() < 57 + 1 + CHECKSUM_SIZE {
        return Ok(damage("a FORMAT_DESCRIPTION ends before its checksum")?);
    }
    let algorithm = body[body.len() - 5];
    if algorithm > 1 {
        let what = format!("checksum algorithm {algorithm} isn't known");
        return Err(Problem::new(CHECKSUM_ALGORITHM, what).at("server_version", String::from_utf8_lossy(version)));
    }
    Ok(EventFormat { post_header_lengths: body[57..body.len() - 5].to_vec(), checksum: algorithm == 1 })
}

/// Whether a server of this version writes the checksum algorithm into FORMAT_DESCRIPTION (5.6.1 and newer).
fn has_checksum_field(version: &[u8]) -> bool {
    let mut numbers = [0u64; 3];
    let mut rest = version;
    for (place, number) in numbers.iter_mut().enumerate() {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return place == 2 && numbers >= [5, 6, 1];
        }
        *number = rest[..digits]
            .iter()
            .fold(0, |sum: u64, digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0')));
        match rest.get(digits) {
            Some(b'.') => rest = &rest[digits + 1..],
            _ if place == 0 => return false,
            _ => break,
        }
    }
    numbers >= [5, 6, 1]
}

/// The CRC-32 behind `event[..end]` fits what is before it. `mask_in_use`: FORMAT_DESCRIPTION events are summed as if
/// their in-use flag weren't set.
pub fn verify_checksum(event: &[u8], end: usize, mask_in_use: bool) -> Answer<()> {
    let crc = if mask_in_use {
        let flags = HEADER_SIZE - 2;
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&event[..flags]);
        hasher.update(&[event[flags] & !FLAG_IN_USE]);
        hasher.update(&event[flags + 1..end]);
        hasher.finalize()
    } else {
        crc32fast::hash(&event[..end])
    };
    let stored = le(&event[end..end + CHECKSUM_SIZE]) as u32;
    if crc == stored {
        return Ok(());
    }
    Err(Problem::new(CHECKSUM, format!("the event says CRC-32 {stored:#010x}, its bytes give {crc:#010x}")))
}

/// What the stream must know before it can read a body of this kind.
pub fn post_header(format: Option<&EventFormat>, kind: u8) -> Read<usize> {
    match format {
        Some(format) => Ok(format.post_header_length(kind)),
        None => damage("an event comes before the FORMAT_DESCRIPTION"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_with_a_checksum_field() {
        for (version, expected) in [
            ("5.6.1-log", true),
            ("5.6.0", false),
            ("5.6", false),
            ("5.7", true),
            ("9.7.0", true),
            ("8", false),
            ("", false),
            ("5.5.62", false),
            ("5.6.51", true),
        ] {
            assert_eq!(has_checksum_field(version.as_bytes()), expected, "{version}");
        }
    }
}

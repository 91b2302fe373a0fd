//! GTIDs: the three layouts of GTID events, and sets of GTIDs by interval.
//!
//! Sources: MySQL's libs/mysql/binlog/event/control_events.h (Gtid_event) and libs/mysql/serialization/readme.md.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cursor::{damage, le, Cursor, Read};
use crate::framing::GTID_TAGGED;

/// Numbers are below 2^63 - 1 (GNO_END in MySQL's sql/rpl_gtid.h).
pub const GNO_END: u64 = i64::MAX as u64;

const LOGICAL_CLOCK: u8 = 2;
const TWO_TIMESTAMPS: u64 = 1 << 55;
const SERIALIZATION_VERSION: u64 = 1;
/// Field ids of a tagged GTID event, in the order of Gtid_event::define_fields.
const UUID: u64 = 1;
const NUMBER: u64 = 2;
const TAG: u64 = 3;
const IMMEDIATE: u64 = 6;
const ORIGINAL: u64 = 7;
const LENGTH: u64 = 8;
const KNOWN_FIELDS: u64 = 12;

/// A transaction's name: `source` is `uuid` or `uuid:tag`.
/// Many transactions share one source's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gtid {
    pub source: Arc<str>,
    pub number: u64,
}

/// The texts of the sources seen last: most transactions come from one.
#[derive(Debug, Default)]
pub struct Sources {
    last: Option<([u8; 16], Arc<str>)>,
}

impl Sources {
    fn text(&mut self, uuid: [u8; 16]) -> Arc<str> {
        match &self.last {
            Some((known, text)) if *known == uuid => text.clone(),
            _ => {
                let text: Arc<str> = uuid_text(&uuid).into();
                self.last = Some((uuid, text.clone()));
                text
            }
        }
    }
}

impl std::fmt::Display for Gtid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.source, self.number)
    }
}

impl Gtid {
    /// `uuid:7` or `uuid:tag:7`.
    pub fn parse(text: &str) -> Option<Gtid> {
        let (source, number) = text.rsplit_once(':')?;
        Some(Gtid { source: source.into(), number: number.parse().ok()? })
    }
}

/// A GTID (33) body: the GTID and the original commit time in microseconds (none before 8.0.1).
pub fn read_gtid(body: &[u8], sources: &mut Sources) -> Read<(Gtid, Option<u64>)> {
    if body.len() < 25 {
        return damage(format!("a GTID event of {} bytes is too short", body.len()));
    }
    let mut uuid = [0; 16];
    uuid.copy_from_slice(&body[1..17]);
    let gtid = Gtid { source: sources.text(uuid), number: checked(le(&body[17..25]))? };
    if body.len() < 49 || body[25] != LOGICAL_CLOCK {
        return Ok((gtid, None));
    }
    let mut commit_us = le(&body[42..49]);
    if commit_us & TWO_TIMESTAMPS != 0 {
        if body.len() < 56 {
            return damage("the original commit timestamp is missing");
        }
        commit_us = le(&body[49..56]);
    }
    Ok((gtid, Some(commit_us)))
}

/// A GTID_TAGGED (42) body: the GTID and the original commit time in microseconds.
pub fn read_tagged_gtid(body: &[u8]) -> Read<(Gtid, Option<u64>)> {
    let fields = tagged_fields(body)?;
    let (Some(uuid), Some(number), Some(immediate)) = (fields.uuid, fields.number, fields.immediate) else {
        return damage("a tagged GTID event lacks its UUID, number or commit time");
    };
    let source = match fields.tag {
        Some(tag) if !tag.is_empty() => match std::str::from_utf8(tag) {
            Ok(tag) if tag.is_ascii() => format!("{}:{tag}", uuid_text(&uuid)).into(),
            _ => return damage("a GTID's tag isn't ASCII"),
        },
        _ => uuid_text(&uuid).into(),
    };
    // A signed field: its sign is the lowest bit.
    Ok((Gtid { source, number: checked(number >> 1)? }, Some(fields.original.unwrap_or(immediate))))
}

/// What a tagged GTID event says, as far as it is used here.
#[derive(Default)]
struct TaggedFields<'a> {
    uuid: Option<[u8; 16]>,
    tag: Option<&'a [u8]>,
    number: Option<u64>,
    immediate: Option<u64>,
    original: Option<u64>,
    length: Option<u64>,
}

fn tagged_fields(body: &[u8]) -> Read<TaggedFields<'_>> {
    let mut cursor = Cursor::new(body);
    if cursor.varlen()? != SERIALIZATION_VERSION {
        return damage("a tagged GTID event has an unknown serialization version");
    }
    let size = cursor.varlen()?;
    if size != body.len() as u64 {
        return damage(format!("a tagged GTID event says {size} bytes and has {}", body.len()));
    }
    if cursor.varlen()? > KNOWN_FIELDS {
        return damage("a tagged GTID event has a newer field that may not be ignored");
    }
    let mut found = TaggedFields::default();
    while cursor.left() > 0 {
        match cursor.varlen()? {
            field if field >= KNOWN_FIELDS => break, // newer, and ignorable as checked above
            UUID => found.uuid = Some(uuid_bytes(&mut cursor)?),
            TAG => {
                let size = cursor.varlen()?;
                found.tag = Some(cursor.take(size)?);
            }
            NUMBER => found.number = Some(cursor.varlen()?),
            IMMEDIATE => found.immediate = Some(cursor.varlen()?),
            ORIGINAL => found.original = Some(cursor.varlen()?),
            LENGTH => found.length = Some(cursor.varlen()?),
            _ => {
                cursor.varlen()?;
            }
        }
    }
    Ok(found)
}

fn uuid_bytes(cursor: &mut Cursor<'_>) -> Read<[u8; 16]> {
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        *byte = match u8::try_from(cursor.varlen()?) {
            Ok(byte) => byte,
            Err(_) => return damage("a byte of a tagged GTID's UUID is too large"),
        };
    }
    Ok(bytes)
}

/// What a GTID event says of the length of its transaction in this server's binlog, itself included; none before MySQL
/// 8.0.2, and where it can't be read. Behind the commit timestamps, a packed integer (Gtid_event's constructor in MySQL's
/// libs/mysql/binlog/event/control_events.cpp); of a tagged one, a field.
pub fn transaction_length(kind: u8, body: &[u8]) -> Option<u64> {
    if kind == GTID_TAGGED {
        return tagged_fields(body).ok().and_then(|fields| fields.length);
    }
    if body.len() < 49 || body[25] != LOGICAL_CLOCK {
        return None;
    }
    let behind = if le(&body[42..49]) & TWO_TIMESTAMPS != 0 { 56 } else { 49 };
    Cursor::new(body.get(behind..)?).packed().ok()
}

fn uuid_text(uuid: &[u8]) -> String {
    let mut text = String::with_capacity(36);
    for (place, byte) in uuid.iter().enumerate() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
    text
}

fn checked(number: u64) -> Read<u64> {
    if 0 < number && number < GNO_END {
        return Ok(number);
    }
    damage(format!("{} is not a transaction number", number as i64))
}

/// A set of GTIDs: per source, disjoint intervals `first..=last`, rising.
#[derive(Debug, Clone, Default)]
pub struct GtidSet {
    sources: HashMap<String, Vec<(u64, u64)>>,
}

impl GtidSet {
    pub fn contains(&self, gtid: &Gtid) -> bool {
        let Some(intervals) = self.sources.get(&*gtid.source) else {
            return false;
        };
        let place = intervals.partition_point(|(_, last)| *last < gtid.number);
        intervals.get(place).is_some_and(|(first, _)| *first <= gtid.number)
    }

    /// Adds `first..=last`, joining what touches it.
    pub fn add(&mut self, source: &str, first: u64, last: u64) {
        let intervals = match self.sources.get_mut(source) {
            Some(intervals) => intervals,
            None => self.sources.entry(source.to_owned()).or_default(),
        };
        if let Some((_, end)) = intervals.last_mut() {
            if *end + 1 == first {
                *end = last; // the common case: the next transaction
                return;
            }
        }
        let from = intervals.partition_point(|(_, end)| end.saturating_add(1) < first);
        let to = intervals.partition_point(|(start, _)| *start <= last.saturating_add(1));
        let joined = intervals[from..to].iter().fold((first, last), |(a, b), (c, d)| (a.min(*c), b.max(*d)));
        intervals.splice(from..to, [joined]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_join_what_touches() {
        let mut set = GtidSet::default();
        for (first, last) in [(5, 7), (1, 1), (9, 12), (2, 3), (8, 8), (20, 20)] {
            set.add("u", first, last);
        }
        assert_eq!(set.sources["u"], vec![(1, 3), (5, 12), (20, 20)]);
        set.add("u", 2, 30);
        assert_eq!(set.sources["u"], vec![(1, 30)]);
        assert!(set.contains(&Gtid::parse("u:30").unwrap()));
        assert!(!set.contains(&Gtid::parse("u:31").unwrap()));
        assert!(!set.contains(&Gtid::parse("v:3").unwrap()));
    }
}

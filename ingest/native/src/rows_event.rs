//! Rows events (WRITE, UPDATE, DELETE; v1 of 5.1 to 5.5, v2 of 5.6 and newer), images untouched.
//!
//! Source: MySQL's libs/mysql/binlog/event/rows_event.h (Rows_event). The extra row information of v2 (NDB, partition
//! ids) is passed over by its length.

use crate::cursor::{damage, le, Cursor, Read};
use crate::framing::{
    DELETE_ROWS, DELETE_ROWS_V1, PARTIAL_UPDATE_ROWS, UPDATE_ROWS, UPDATE_ROWS_V1, WRITE_ROWS, WRITE_ROWS_V1,
};

const OLD_POST_HEADER: usize = 6; // before 5.1.4: table ids of 4 bytes
const V2_POST_HEADER: usize = 10;
pub const DUMMY_TABLE_ID: u64 = 0xFFFF_FFFF_FFFF;

/// What happened to the rows; the numbers are those of `ingest.slices.Kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    Insert = 1,
    Update = 2,
    Delete = 3,
}

/// The kind of a rows event's type; none for other events.
pub fn kind_of(event_type: u8) -> Option<Kind> {
    match event_type {
        WRITE_ROWS | WRITE_ROWS_V1 => Some(Kind::Insert),
        UPDATE_ROWS | UPDATE_ROWS_V1 | PARTIAL_UPDATE_ROWS => Some(Kind::Update),
        DELETE_ROWS | DELETE_ROWS_V1 => Some(Kind::Delete),
        _ => None,
    }
}

/// A rows event: the columns-present bitmaps (empty for an absent image) and the run of row images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows<'a> {
    pub table_id: u64,
    pub kind: Kind,
    pub columns: u64,
    pub before: &'a [u8],
    pub after: &'a [u8],
    pub images: &'a [u8],
    pub partial_json: bool,
}

/// A rows event's body.
pub fn read_rows<'a>(kind: Kind, body: &'a [u8], post_header: usize, partial_json: bool) -> Read<Rows<'a>> {
    if post_header < OLD_POST_HEADER {
        return damage("a rows event of a form that the FORMAT_DESCRIPTION says isn't used");
    }
    if post_header >= body.len() {
        return damage("a rows event ends within its header");
    }
    let table_id = le(&body[..if post_header == OLD_POST_HEADER { 4 } else { 6 }]);
    let mut skip = post_header;
    if post_header == V2_POST_HEADER {
        let extra = le(&body[8..10]); // counts its own two bytes
        if extra < 2 {
            return damage(format!("{extra} bytes of extra row information"));
        }
        skip += extra as usize - 2;
    }
    if skip > body.len() {
        return damage("a rows event ends within its extra row information");
    }
    let mut cursor = Cursor::new(&body[skip..]);
    let columns = cursor.packed()?;
    let width = columns.div_ceil(8);
    let before = if kind == Kind::Insert { &[][..] } else { cursor.take(width)? };
    let after = if kind == Kind::Delete { &[][..] } else { cursor.take(width)? };
    if columns == 0 {
        return damage("a rows event without columns");
    }
    Ok(Rows { table_id, kind, columns, before, after, images: cursor.rest(), partial_json })
}

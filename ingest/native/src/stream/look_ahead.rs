//! Looking ahead at a transaction that begins: can it be large?
//!
//! Where a lane has a policy of large transactions, only what can't be large takes the short way. Its rows can't be more, nor
//! longer, than its events are, uncompressed. How long those are, the GTID event says since MySQL 8.0.2 (unless they are
//! compressed; then the payload says it); else they are looked at, as far as `LOOK_AHEAD_BYTES`.

use super::Stream;
use crate::framing::*;
use crate::gtid::transaction_length;
use crate::payload::inflated_size;
use crate::query_event::Query;

/// What may wait for the end of a transaction to come.
const LOOK_AHEAD_BYTES: u64 = 1 << 20;

impl Stream {
    /// Can the transaction be longer than `limit`? `body`: its GTID event's; it is the next payload. None: more must come
    /// before that can be said.
    pub(super) fn may_exceed(&self, kind: u8, body: &[u8], limit: u64) -> Option<bool> {
        let mut start = *self.ends.front()?;
        let mut length = (start - self.at) as u64;
        let stated = transaction_length(kind, body);
        for end in self.ends.iter().skip(1) {
            let event = &self.input[start..*end];
            start = *end;
            length += event.len() as u64;
            let Some(kind) = event.get(4).copied().filter(|_| event.len() >= HEADER_SIZE) else {
                return Some(true); // damaged: the ordinary way says so
            };
            match kind {
                TRANSACTION_PAYLOAD => {
                    let inflated = inflated_size(&event[HEADER_SIZE..]).ok().flatten();
                    return Some(inflated.map_or(true, |size| size > limit));
                }
                _ if stated.is_some() => return stated.map(|length| length > limit),
                XID => return Some(length > limit),
                QUERY => match self.statement(event) {
                    Some(b"BEGIN") => {}
                    Some(b"COMMIT") => return Some(length > limit),
                    _ => return Some(true), // rare
                },
                TABLE_MAP | ROWS_QUERY | WRITE_ROWS | UPDATE_ROWS | DELETE_ROWS | WRITE_ROWS_V1 | UPDATE_ROWS_V1
                | DELETE_ROWS_V1 => {}
                _ => return Some(true),
            }
            if length > limit.min(LOOK_AHEAD_BYTES) {
                return Some(true);
            }
        }
        None
    }

    fn statement<'a>(&self, event: &'a [u8]) -> Option<&'a [u8]> {
        let end = event.len() - if self.state.checksum { CHECKSUM_SIZE } else { 0 };
        let post_header = post_header(self.state.format.as_ref(), QUERY).ok()?;
        Query::of(event.get(HEADER_SIZE..end)?, post_header).ok().map(|query| query.sql)
    }
}

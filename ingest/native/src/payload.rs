//! TRANSACTION_PAYLOAD events: the events inside, one after the other.
//!
//! The payload is a run of events without checksums, compressed as one zstd stream. It is inflated piece by piece, so
//! that no more than one event and one piece are in memory, whatever it inflates to. Sources: MySQL's
//! libs/mysql/binlog/event/codecs/binary.cpp (fields) and compression/base.h (types).

use std::io::{Cursor as IoCursor, Read as _};

use crate::cursor::{damage, le, Cursor, Read};
use crate::framing::HEADER_SIZE;
use crate::problem::{Answer, Problem, COMPRESSION};

const PIECE_BYTES: usize = 256 << 10;
/// max_log_event_size in MySQL's binlog_event.h.
const MAX_EVENT_BYTES: u64 = 1 << 30;
const ZSTD: u64 = 0;
const NONE: u64 = 255;

enum Source {
    Plain(IoCursor<Vec<u8>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, IoCursor<Vec<u8>>>>),
}

/// The events of one compressed transaction, inflated as they are taken.
pub struct Inflater {
    source: Source,
    pending: Vec<u8>,
    at: usize,
    finished: bool,
    inflated: u64,
    expected: Option<u64>,
}

/// What stands before the payload: its size, how it is compressed, and the size of the events inside.
struct Fields {
    size: Option<u64>,
    kind: u64,
    inflated: Option<u64>,
}

impl Fields {
    fn read(cursor: &mut Cursor<'_>) -> Read<Fields> {
        let mut fields = Fields { size: None, kind: NONE, inflated: None };
        loop {
            let field = cursor.packed()?;
            if field == 0 {
                return Ok(fields);
            }
            let length = cursor.packed()?;
            let mut value = Cursor::new(cursor.take(length)?);
            match field {
                1 => fields.size = Some(value.packed()?),
                2 => fields.kind = value.packed()?,
                3 => fields.inflated = Some(value.packed()?),
                _ => {} // newer fields are passed over, as MySQL does
            }
        }
    }
}

/// How long the events inside a TRANSACTION_PAYLOAD body are, if it says so.
pub fn inflated_size(body: &[u8]) -> Read<Option<u64>> {
    Fields::read(&mut Cursor::new(body)).map(|fields| fields.inflated)
}

impl Inflater {
    /// Of a TRANSACTION_PAYLOAD body.
    pub fn new(body: &[u8]) -> Answer<Inflater> {
        let mut cursor = Cursor::new(body);
        let Fields { size, kind, inflated: expected } = Fields::read(&mut cursor)?;
        let payload = cursor.take(size.unwrap_or(cursor.left() as u64))?.to_vec();
        let source = match kind {
            ZSTD => match zstd::stream::read::Decoder::with_buffer(IoCursor::new(payload)) {
                Ok(decoder) => Source::Zstd(Box::new(decoder)),
                Err(error) => return Ok(damage(format!("a compressed transaction doesn't inflate: {error}"))?),
            },
            NONE => Source::Plain(IoCursor::new(payload)),
            _ => {
                let what = format!("a transaction is compressed by type {kind}; 0 (zstd) and 255 (none) are known");
                return Err(Problem::new(COMPRESSION, what));
            }
        };
        Ok(Inflater { source, pending: Vec::new(), at: 0, finished: false, inflated: 0, expected })
    }

    /// The next event, or none behind the last one. The bytes stay until the next call.
    pub fn next_event(&mut self) -> Read<Option<&[u8]>> {
        let Some(size) = self.peek()? else {
            return Ok(None);
        };
        let start = self.at;
        self.at += size;
        self.inflated += size as u64;
        Ok(Some(&self.pending[start..start + size]))
    }

    /// The size of the next event, which is whole in memory then; none behind the last one.
    fn peek(&mut self) -> Read<Option<usize>> {
        if !self.fill(HEADER_SIZE)? {
            if self.pending.len() > self.at {
                return damage("a compressed transaction ends within an event");
            }
            let inflated = self.inflated;
            return match self.expected {
                Some(expected) if expected != inflated => {
                    damage(format!("a payload says {expected} bytes and inflates to {inflated}"))
                }
                _ => Ok(None),
            };
        }
        let size = le(&self.pending[self.at + 9..self.at + 13]);
        if size < HEADER_SIZE as u64 || size > MAX_EVENT_BYTES {
            return damage(format!("an event of {size} bytes within a compressed transaction"));
        }
        if !self.fill(size as usize)? {
            return damage("a compressed transaction ends within an event");
        }
        Ok(Some(size as usize))
    }

    /// Inflates until `wanted` bytes are there; false at the end of the stream.
    fn fill(&mut self, wanted: usize) -> Read<bool> {
        while self.pending.len() - self.at < wanted {
            if self.finished {
                return Ok(false);
            }
            if self.at > 0 {
                self.pending.drain(..self.at);
                self.at = 0;
            }
            let end = self.pending.len();
            self.pending.resize(end + PIECE_BYTES, 0);
            let read = match &mut self.source {
                Source::Plain(plain) => plain.read(&mut self.pending[end..]),
                Source::Zstd(decoder) => decoder.read(&mut self.pending[end..]),
            };
            match read {
                Ok(size) => {
                    self.pending.truncate(end + size);
                    self.finished = size == 0;
                }
                Err(error) => return damage(format!("a compressed transaction doesn't inflate: {error}")),
            }
        }
        Ok(true)
    }
}

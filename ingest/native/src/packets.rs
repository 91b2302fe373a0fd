//! Socket bytes to the events of a dump (MySQL source documentation, page "MySQL Packets"; `ingest.mysql.framing` is the
//! pure one, with the same rules).
//!
//! A packet is a 3-byte length, a sequence number that rises by one modulo 256, and the payload; a payload of exactly
//! 2^24-1 bytes goes on in the next packet. A payload of a dump is a status byte and, when that is 0, an event.

use std::ops::Range;

use crate::cursor::le;
use crate::problem::Problem;

const HEADER_BYTES: usize = 4;
const FULL_PACKET_BYTES: usize = 0xFF_FFFF;
const STATUS_OK: u8 = 0;

pub const STREAM_CORRUPT: &str = "mysql.stream_corrupt";
pub const PAYLOAD_TOO_LARGE: &str = "mysql.payload_too_large";

/// Where an event's bytes are: in the bytes that came last, or joined from several packets.
#[derive(Debug)]
enum Place {
    Here(Range<usize>),
    Joined(Vec<u8>),
}

/// Events, and the payload behind them that is none, if there was one: it ends the dump.
#[derive(Debug, Default)]
pub struct Packets {
    data: Vec<u8>,
    events: Vec<Place>,
    pub ending: Option<Vec<u8>>,
}

impl Packets {
    pub fn len(&self) -> usize {
        self.events.len()
    }

    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    pub fn size_bytes(&self) -> usize {
        self.iter().map(<[u8]>::len).sum()
    }

    /// The events, without their status byte.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.events.iter().map(|place| match place {
            Place::Here(range) => &self.data[range.clone()],
            Place::Joined(payload) => &payload[1..],
        })
    }

    /// A payload that lies in `data`. What comes behind the ending is of no interest.
    fn note(&mut self, place: Range<usize>) {
        if self.ending.is_some() {
            return;
        }
        if self.data[place.clone()].first() == Some(&STATUS_OK) {
            self.events.push(Place::Here(place.start + 1..place.end));
        } else {
            self.ending = Some(self.data[place].to_vec());
        }
    }

    fn note_joined(&mut self, payload: Vec<u8>) {
        if self.ending.is_some() {
            return;
        }
        if payload.first() == Some(&STATUS_OK) {
            self.events.push(Place::Joined(payload));
        } else {
            self.ending = Some(payload);
        }
    }
}

/// Cuts a byte stream. After a Problem it is of no more use: the stream's place is lost.
#[derive(Debug)]
pub struct Framer {
    sequence: u8,
    limit_bytes: usize,
    pending: Vec<u8>,
    /// The payload so far that goes on in the next packet.
    joined: Option<Vec<u8>>,
}

impl Framer {
    pub fn new(next_sequence: u8, limit_bytes: usize) -> Framer {
        Framer { sequence: next_sequence, limit_bytes, pending: Vec::new(), joined: None }
    }

    /// Bytes held back because their payload isn't whole yet.
    pub fn buffered_bytes(&self) -> usize {
        self.pending.len() + self.joined.as_ref().map_or(0, Vec::len)
    }

    /// The events that `data` completes.
    pub fn feed(&mut self, data: &[u8]) -> Result<Packets, Problem> {
        let mut found = Packets { data: std::mem::take(&mut self.pending), ..Packets::default() };
        found.data.extend_from_slice(data);
        let mut at = 0;
        while found.data.len() - at >= HEADER_BYTES {
            let length = le(&found.data[at..at + 3]) as usize;
            let sequence = found.data[at + 3];
            if sequence != self.sequence {
                let what = format!("a packet carries sequence number {sequence}, {} was due", self.sequence);
                return Err(Problem::new(STREAM_CORRUPT, what));
            }
            let size = self.joined.as_ref().map_or(0, Vec::len) + length;
            if size > self.limit_bytes {
                let limit = self.limit_bytes;
                let what = format!("an event of at least {size} bytes, the bound is {limit} bytes");
                return Err(Problem::new(PAYLOAD_TOO_LARGE, what));
            }
            let end = at + HEADER_BYTES + length;
            if end > found.data.len() {
                break;
            }
            self.sequence = self.sequence.wrapping_add(1);
            self.payload(&mut found, at + HEADER_BYTES..end);
            at = end;
        }
        self.pending = found.data[at..].to_vec();
        Ok(found)
    }

    fn payload(&mut self, found: &mut Packets, place: Range<usize>) {
        let goes_on = place.len() == FULL_PACKET_BYTES;
        if !goes_on && self.joined.is_none() {
            found.note(place);
            return;
        }
        let joined = self.joined.get_or_insert_with(Vec::new);
        joined.extend_from_slice(&found.data[place]);
        if goes_on {
            return;
        }
        found.note_joined(self.joined.take().unwrap_or_default());
    }
}

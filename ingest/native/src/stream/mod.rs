//! The packets of one dump, in binlog order, with positions: most of them go to the lanes' flows at once, the rest come
//! out as events for the caller.
//!
//! A table whose rows go to the flows was learned: its layout, keys and lanes. An event takes the short way only if all of
//! it can: nothing has been changed when it can't, and it comes out as an event like any other. So everything rare or wrong
//! (statements, new tables, damage, NULL keys) has one place, the caller's.
//!
//! Positions are 64-bit: a header holds the low 32 bits of its end position, and a file may be longer than that.

mod events;
mod look_ahead;
mod routing;
mod short_way;
mod state;

use std::collections::VecDeque;

pub use routing::{Learned, Route};
use state::State;

use crate::flow::{Flow, Intervals};
use crate::framing::*;
use crate::gtid::Gtid;
use crate::payload::Inflater;
use crate::problem::{self, Answer, Problem};
use crate::rows_event::Kind;

/// What comes out for the caller; the fields are those of `ingest.codec`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Begin {
        gtid: Gtid,
        commit_us: u64,
        file: String,
        position: u64,
    },
    TableMap {
        table_id: u64,
        body: Vec<u8>,
    },
    Rows {
        table_id: u64,
        kind: Kind,
        columns: u64,
        before: Vec<u8>,
        after: Vec<u8>,
        images: Vec<u8>,
        partial_json: bool,
    },
    Statement {
        database: Vec<u8>,
        sql: Vec<u8>,
        status: Vec<u8>,
    },
    End {
        gtid: Gtid,
        position: u64,
    },
    Rotated {
        file: String,
        position: u64,
    },
    Heartbeat {
        file: String,
        position: u64,
    },
    /// What went to the flows since the last event.
    Progress(Progress),
}

/// Where the stream is after events that went to the flows. `executed`: the transactions that ended, as intervals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    pub gtid: Option<Gtid>,
    pub file: String,
    pub position: u64,
    pub commit_us: u64,
    pub transactions: u64,
    pub row_changes: u64,
    pub executed: Intervals,
    pub(super) any: bool,
}

pub struct Stream {
    state: State,
    input: Vec<u8>,
    ends: VecDeque<usize>,
    at: usize,
    inflater: Option<Inflater>,
    /// An event of the inflater that didn't take the short way.
    held: Option<Vec<u8>>,
    events: VecDeque<Event>,
    /// Whether events may take the short way now.
    pub short_way: bool,
    /// A transaction that may be longer, uncompressed, doesn't take it.
    limit_bytes: Option<u64>,
}

impl Stream {
    /// `checksum`: whether events carry a CRC-32 until the first FORMAT_DESCRIPTION says so itself.
    pub fn new(checksum: bool, file: String, position: u64) -> Stream {
        Stream {
            state: State::new(checksum, file, position),
            input: Vec::new(),
            ends: VecDeque::new(),
            at: 0,
            inflater: None,
            held: None,
            events: VecDeque::new(),
            short_way: false,
            limit_bytes: None,
        }
    }

    /// A packet's payload (the event, checksum included) behind those that wait.
    pub fn push(&mut self, payload: &[u8]) {
        if self.at > self.input.len() / 2 {
            self.input.drain(..self.at); // all of it, unless a transaction's end is waited for
            self.ends.iter_mut().for_each(|end| *end -= self.at);
            self.at = 0;
        }
        self.input.extend_from_slice(payload);
        self.ends.push_back(self.input.len());
    }

    /// The next event for the caller; none when the payloads are used up. A Problem is final.
    pub fn next(&mut self, flows: &mut [&mut Flow]) -> Answer<Option<Event>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            if self.short_way && flows.iter().any(|flow| flow.is_full()) {
                if let Some(progress) = self.state.progressed() {
                    return Ok(Some(progress));
                }
            }
            let more = if self.inflater.is_some() { self.step_inside(flows)? } else { self.step(flows)? };
            if !more {
                return Ok(self.state.progressed());
            }
        }
    }

    /// One payload. False when there is none, or progress must be told first.
    fn step(&mut self, flows: &mut [&mut Flow]) -> Answer<bool> {
        let Some(&end) = self.ends.front() else {
            return Ok(false);
        };
        let payload = &self.input[self.at..end];
        let framed = self.state.framed(payload);
        if let Ok((Header { kind: kind @ (GTID | GTID_TAGGED), .. }, body)) = &framed {
            self.state.ordinary = match self.limit_bytes.filter(|_| self.short_way) {
                None => false,
                Some(limit) => match self.may_exceed(*kind, body, limit) {
                    Some(may_exceed) => may_exceed,
                    None => return Ok(false),
                },
            };
        }
        let taken = match &framed {
            Ok((header, body)) => self.short_way && self.state.take_framed(header, body, flows),
            Err(_) => false,
        };
        if !taken {
            if self.state.progress.any {
                return Ok(false);
            }
            match framed.and_then(|(header, body)| self.state.open(&header, payload, body, &mut self.events)) {
                Ok(inflater) => self.inflater = inflater,
                Err(problem) => return Err(self.state.named(problem, payload.get(4).copied())),
            }
        }
        self.at = end;
        self.ends.pop_front();
        Ok(true)
    }

    /// One event of a compressed transaction. False when progress must be told first.
    fn step_inside(&mut self, flows: &mut [&mut Flow]) -> Answer<bool> {
        if let Some(event) = self.held.take() {
            if self.state.progress.any {
                self.held = Some(event);
                return Ok(false);
            }
            let header = Header::of(&event);
            let found = match header.kind {
                TRANSACTION_PAYLOAD => {
                    Err(Problem::new(problem::MALFORMED, "a compressed transaction within a compressed transaction"))
                }
                _ => self.state.dispatch(&header, &event[HEADER_SIZE..], &mut self.events).map(|_| ()),
            };
            found.map_err(|problem| self.state.named(problem, Some(TRANSACTION_PAYLOAD)))?;
            return Ok(true);
        }
        let Some(inflater) = &mut self.inflater else {
            return Ok(true);
        };
        match inflater.next_event() {
            Ok(Some(event)) => {
                let header = Header::of(event);
                if !(self.short_way && self.state.take(&header, &event[HEADER_SIZE..], flows)) {
                    self.held = Some(event.to_vec());
                }
            }
            Ok(None) => self.inflater = None,
            Err(damage) => return Err(self.state.named(damage.into(), Some(TRANSACTION_PAYLOAD))),
        }
        Ok(true)
    }

    /// The number of a table map's body, for `learn`; one that hasn't come yet gets one.
    pub fn body_number(&mut self, body: &[u8]) -> usize {
        self.state.body_number(body)
    }

    /// From now on rows events of this table map and these bitmaps go to the flows (None: they are passed over).
    pub fn learn(&mut self, body: usize, before: Vec<u8>, after: Vec<u8>, learned: Option<Learned>) {
        if let Some(of_body) = self.state.learned.get_mut(body) {
            of_body.insert((before, after), learned);
        }
    }

    /// From now on a transaction that may be longer, uncompressed, doesn't take the short way.
    pub fn limit(&mut self, bytes: Option<u64>) {
        self.limit_bytes = bytes;
        self.state.limited = bytes.is_some();
    }

    /// Nothing is learned any more (the lanes have changed).
    pub fn forget(&mut self) {
        for of_body in &mut self.state.learned {
            of_body.clear();
        }
    }

    /// (file, position, the open transaction's GTID or "").
    pub fn place(&self) -> (String, u64, String) {
        let gtid = self.state.transaction.gtid.as_ref().map(ToString::to_string).unwrap_or_default();
        (self.state.file.clone(), self.state.position, gtid)
    }

    /// Bytes that wait.
    pub fn waiting_bytes(&self) -> usize {
        self.input.len() - self.at
    }
}

//! What the events before the present one have left behind: the open transaction, its table maps, the position.

use std::collections::HashMap;

use super::routing::{Learned, Scratch};
use super::{Event, Progress};
use crate::framing::*;
use crate::gtid::{read_gtid, read_tagged_gtid, Gtid, Sources};
use crate::hashing::Quick;
use crate::problem::{self, Answer, Problem};
use crate::transaction::Transaction;

/// Everything that the events before the present one have left behind.
pub(super) struct State {
    pub(super) checksum: bool,
    pub(super) file: String,
    pub(super) position: u64,
    pub(super) format: Option<EventFormat>,
    pub(super) transaction: Transaction,
    pub(super) tables: Vec<Mapped>,
    /// Table map bodies, from behind id and flags, to their numbers.
    pub(super) bodies: HashMap<Vec<u8>, usize, Quick>,
    pub(super) sources: Sources,
    pub(super) learned: Vec<OfBody>,
    pub(super) progress: Progress,
    pub(super) scratch: Scratch,
    /// Whether the open transaction began outside the short way; while `limited`, all of it stays outside.
    pub(super) ordinary: bool,
    pub(super) limited: bool,
}

/// A table id that was mapped in this transaction. `told`: the caller has got the map as an event.
#[derive(Debug, Clone)]
pub(super) struct Mapped {
    pub(super) id: u64,
    pub(super) body: usize,
    pub(super) head: [u8; 8],
    pub(super) told: bool,
}

/// What was learned of a table map's body, by the columns-present bitmaps of the rows.
type OfBody = HashMap<(Vec<u8>, Vec<u8>), Option<Learned>>;

/// How many table map bodies are kept in mind.
const MAX_BODIES: usize = 16_384;

impl State {
    pub(super) fn new(checksum: bool, file: String, position: u64) -> State {
        State {
            checksum,
            file,
            position,
            format: None,
            transaction: Transaction::default(),
            tables: Vec::new(),
            bodies: HashMap::default(),
            sources: Sources::default(),
            learned: Vec::new(),
            progress: Progress::default(),
            scratch: Scratch::default(),
            ordinary: false,
            limited: false,
        }
    }

    /// A packet's header and body, its frame checked (a FORMAT_DESCRIPTION checks its own).
    pub(super) fn framed<'a>(&self, payload: &'a [u8]) -> Answer<(Header, &'a [u8])> {
        let header = Header::checked(payload)?;
        let mut end = payload.len();
        if self.checksum && header.kind != FORMAT_DESCRIPTION {
            if end < HEADER_SIZE + CHECKSUM_SIZE {
                return Err(Problem::new(problem::LENGTH, "an event ends before its checksum"));
            }
            end -= CHECKSUM_SIZE;
            verify_checksum(payload, end, false)?;
        }
        Ok((header, &payload[HEADER_SIZE..end]))
    }

    /// A transaction's GTID, commit time in microseconds, and where it begins in the file.
    pub(super) fn read_begin(&mut self, header: &Header, body: &[u8]) -> Answer<(Gtid, u64, u64)> {
        let (gtid, commit_us) =
            if header.kind == GTID { read_gtid(body, &mut self.sources)? } else { read_tagged_gtid(body)? };
        let commit_us = commit_us.filter(|time| *time > 0).unwrap_or(u64::from(header.timestamp) * 1_000_000);
        Ok((gtid, commit_us, self.position.saturating_sub(u64::from(header.size)).max(4)))
    }

    pub(super) fn progressed(&mut self) -> Option<Event> {
        if !self.progress.any {
            return None;
        }
        let mut progress = std::mem::take(&mut self.progress);
        progress.file.clone_from(&self.file);
        progress.position = self.position;
        Some(Event::Progress(progress))
    }

    pub(super) fn named(&self, problem: Problem, kind: Option<u8>) -> Problem {
        let mut named = problem;
        let event = (named.code == problem::MALFORMED).then_some(kind).flatten();
        named = named.at("file", &self.file).at("position", self.position);
        if let Some(gtid) = &self.transaction.gtid {
            named = named.at("gtid", gtid);
        }
        match event {
            Some(kind) => named.at("event", event_name(kind)),
            None => named,
        }
    }

    /// The end position of the event at hand, given its low 32 bits: positions rise within a file.
    pub(super) fn advance(&mut self, low: u32) {
        if low == 0 {
            return;
        }
        let position = self.position & !0xFFFF_FFFF | u64::from(low);
        self.position = if position >= self.position { position } else { position.saturating_add(1 << 32) };
    }
    /// The newest map of a table id. Table maps stand just before their rows, so the search ends soon.
    pub(super) fn mapped(&self, id: u64) -> Option<&Mapped> {
        self.tables.iter().rev().find(|mapped| mapped.id == id)
    }

    pub(super) fn map_table(&mut self, mapped: Mapped) {
        if let Some(known) = self.tables.iter_mut().rev().take(8).find(|known| known.id == mapped.id) {
            *known = mapped;
        } else {
            self.tables.push(mapped);
        }
    }

    pub(super) fn body_number(&mut self, body: &[u8]) -> usize {
        if let Some(number) = self.bodies.get(body) {
            return *number;
        }
        if self.bodies.len() >= MAX_BODIES {
            self.bodies.clear();
            self.learned.clear();
            self.tables.clear();
        }
        let number = self.bodies.len();
        self.bodies.insert(body.to_vec(), number);
        self.learned.push(HashMap::new());
        number
    }
}

//! The packets of one dump, in binlog order, with positions: most of them go to the lanes' flows at once, the rest come
//! out as events for the caller.
//!
//! A table whose rows go to the flows was learned: its layout, keys and lanes. An event takes the short way only if all of
//! it can: nothing has been changed when it can't, and it comes out as an event like any other. So everything rare or wrong
//! (statements, new tables, damage, NULL keys) has one place, the caller's.
//!
//! Positions are 64-bit: a header holds the low 32 bits of its end position, and a file may be longer than that.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

use crate::cursor::{damage, le, Cursor};
use crate::flow::{extend, Flow, Intervals, Row};
use crate::framing::*;
use crate::gtid::{read_gtid, read_tagged_gtid, Gtid, Sources};
use crate::key_text::KeyPlan;
use crate::layout::ImageLayout;
use crate::payload::Inflater;
use crate::problem::{self, Answer, Problem};
use crate::rows_event::{kind_of, read_rows, Kind, Rows, DUMMY_TABLE_ID};
use crate::transaction::{Control, Transaction};

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
    any: bool,
}

/// One rule that takes a table's rows into a lane.
#[derive(Debug, Clone)]
pub struct Route {
    pub shape: usize,
    /// The key in images before and after, whose noted places may differ.
    pub before: Option<KeyPlan>,
    pub after: Option<KeyPlan>,
}

/// What was learned of rows events of one (table map, columns-present bitmaps).
#[derive(Debug, Clone)]
pub struct Learned {
    pub columns: u64,
    pub before: Option<ImageLayout>,
    pub after: Option<ImageLayout>,
    /// Per flow, by its number.
    pub lanes: Vec<(usize, Vec<Route>)>,
}

#[derive(Debug, Clone, Copy, Default)]
struct RowSpan {
    start: usize,
    middle: usize,
    end: usize,
}

/// One document of one row change: the shard hash of its key before and after, and whether its identity changed.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    old: u32,
    new: u32,
    moved: bool,
}

/// Buffers that are used again for every rows event.
#[derive(Debug, Default)]
struct Scratch {
    spans: Vec<RowSpan>,
    marks: Vec<Mark>,
    places: [Vec<usize>; 2],
    texts: [Vec<u8>; 5],
}

/// Everything that the events before the present one have left behind.
pub struct State {
    checksum: bool,
    file: String,
    position: u64,
    format: Option<EventFormat>,
    transaction: Transaction,
    tables: Vec<Mapped>,
    /// Table map bodies, from behind id and flags, to their numbers.
    bodies: HashMap<Vec<u8>, usize, BuildHasherDefault<ByteHasher>>,
    sources: Sources,
    learned: Vec<OfBody>,
    progress: Progress,
    scratch: Scratch,
}

/// A table id that was mapped in this transaction. `told`: the caller has got the map as an event.
#[derive(Debug, Clone)]
struct Mapped {
    id: u64,
    body: usize,
    head: [u8; 8],
    told: bool,
}

/// CRC-32 as a hash: quick on a table map's body, which every rows event has before it.
#[derive(Debug, Default)]
struct ByteHasher(u32);

impl Hasher for ByteHasher {
    fn finish(&self) -> u64 {
        u64::from(self.0).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut hasher = crc32fast::Hasher::new_with_initial(self.0);
        hasher.update(bytes);
        self.0 = hasher.finalize();
    }

    fn write_usize(&mut self, number: usize) {
        self.0 = self.0.rotate_left(5) ^ number as u32; // a slice's length
    }
}

/// How many table map bodies are kept in mind.
type OfBody = HashMap<(Vec<u8>, Vec<u8>), Option<Learned>>;

const MAX_BODIES: usize = 16_384;

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
}

impl Stream {
    /// `checksum`: whether events carry a CRC-32 until the first FORMAT_DESCRIPTION says so itself.
    pub fn new(checksum: bool, file: String, position: u64) -> Stream {
        Stream {
            state: State {
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
            },
            input: Vec::new(),
            ends: VecDeque::new(),
            at: 0,
            inflater: None,
            held: None,
            events: VecDeque::new(),
            short_way: false,
        }
    }

    /// A packet's payload (the event, checksum included) behind those that wait.
    pub fn push(&mut self, payload: &[u8]) {
        if self.at > 0 && self.ends.is_empty() {
            self.input.clear();
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
        if self.short_way && self.state.take_framed(payload, flows) {
            self.at = end;
            self.ends.pop_front();
            return Ok(true);
        }
        if self.state.progress.any {
            return Ok(false);
        }
        match self.state.open(payload, &mut self.events) {
            Ok(inflater) => self.inflater = inflater,
            Err(problem) => return Err(self.state.named(problem, payload.get(4).copied())),
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

impl State {
    fn progressed(&mut self) -> Option<Event> {
        if !self.progress.any {
            return None;
        }
        let mut progress = std::mem::take(&mut self.progress);
        progress.file.clone_from(&self.file);
        progress.position = self.position;
        Some(Event::Progress(progress))
    }

    fn named(&self, problem: Problem, kind: Option<u8>) -> Problem {
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
    fn advance(&mut self, low: u32) {
        if low == 0 {
            return;
        }
        let position = self.position & !0xFFFF_FFFF | u64::from(low);
        self.position = if position >= self.position { position } else { position + (1 << 32) };
    }

    // --- the short way ------------------------------------------------------------------------------------------

    /// A whole packet, its frame checked. False, with nothing changed, when it can't go the short way.
    fn take_framed(&mut self, payload: &[u8], flows: &mut [&mut Flow]) -> bool {
        let Ok(header) = Header::checked(payload) else {
            return false;
        };
        let mut end = payload.len();
        if self.checksum {
            if end < HEADER_SIZE + CHECKSUM_SIZE || header.kind == FORMAT_DESCRIPTION {
                return false;
            }
            end -= CHECKSUM_SIZE;
            if verify_checksum(payload, end, false).is_err() {
                return false;
            }
        }
        let before = self.position;
        self.advance(header.end_position);
        if self.take(&header, &payload[HEADER_SIZE..end], flows) {
            return true;
        }
        self.position = before;
        false
    }

    fn take(&mut self, header: &Header, body: &[u8], flows: &mut [&mut Flow]) -> bool {
        let taken = match header.kind {
            GTID | GTID_TAGGED => self.take_gtid(header, body, flows),
            QUERY => self.take_query(body, flows),
            TABLE_MAP => self.take_table_map(body),
            XID => self.take_end(flows),
            WRITE_ROWS | UPDATE_ROWS | DELETE_ROWS => self.take_rows(header, body, flows),
            ROWS_QUERY => true,
            _ => return false,
        };
        self.progress.any |= taken;
        taken
    }

    fn take_gtid(&mut self, header: &Header, body: &[u8], flows: &mut [&mut Flow]) -> bool {
        if self.transaction.gtid.is_some() {
            return false;
        }
        let read = if header.kind == GTID { read_gtid(body, &mut self.sources) } else { read_tagged_gtid(body) };
        let Ok((gtid, commit_us)) = read else {
            return false;
        };
        let commit_us = commit_us.unwrap_or_default();
        let commit_us = if commit_us > 0 { commit_us } else { u64::from(header.timestamp) * 1_000_000 };
        let begins_at = self.position.saturating_sub(u64::from(header.size)).max(4);
        for flow in flows.iter_mut() {
            flow.begin(&gtid, commit_us, &self.file, begins_at);
        }
        self.progress.commit_us = commit_us;
        self.progress.gtid = Some(gtid.clone());
        self.tables.clear();
        self.transaction.begin(gtid).is_ok()
    }

    /// BEGIN and COMMIT, as the server writes them.
    fn take_query(&mut self, body: &[u8], flows: &mut [&mut Flow]) -> bool {
        let Ok(post_header) = post_header(self.format.as_ref(), QUERY) else {
            return false;
        };
        let Ok(query) = Query::of(body, post_header) else {
            return false;
        };
        match query.sql {
            b"BEGIN" => self.transaction.query(query.sql).is_ok(),
            b"COMMIT" => self.take_end(flows),
            _ => false,
        }
    }

    fn take_end(&mut self, flows: &mut [&mut Flow]) -> bool {
        let Ok(gtid) = self.transaction.end() else {
            return false;
        };
        for flow in flows.iter_mut() {
            flow.end(&gtid);
        }
        self.progress.transactions += 1;
        extend(&mut self.progress.executed, &gtid);
        true
    }

    /// A table map whose rows were learned (whatever the table's id is this time).
    fn take_table_map(&mut self, body: &[u8]) -> bool {
        if self.post_header_of(TABLE_MAP) == Some(6) || body.len() < 8 {
            return false;
        }
        let Some(number) = self.bodies.get(&body[8..]).copied() else {
            return false;
        };
        if self.learned[number].is_empty() {
            return false;
        }
        let mut head = [0; 8];
        head.copy_from_slice(&body[..8]);
        self.map_table(Mapped { id: le(&body[..6]), body: number, head, told: false });
        true
    }

    fn post_header_of(&self, kind: u8) -> Option<usize> {
        post_header(self.format.as_ref(), kind).ok()
    }

    fn take_rows(&mut self, header: &Header, body: &[u8], flows: &mut [&mut Flow]) -> bool {
        let Some(kind) = kind_of(header.kind) else {
            return false;
        };
        let Some(post_header) = self.post_header_of(header.kind) else {
            return false;
        };
        let Ok(rows) = read_rows(kind, body, post_header, false) else {
            return false;
        };
        let Some(mapped) = self.mapped(rows.table_id) else {
            return false;
        };
        let Some(of_body) = self.learned.get(mapped.body) else {
            return false;
        };
        // The common case is one shape per table: no key is built for looking it up.
        let found = of_body.iter().find(|((before, after), _)| before == rows.before && after == rows.after);
        let Some((_, learned)) = found else {
            return false;
        };
        let Some(learned) = learned else {
            return self.transaction.rows().is_ok();
        };
        let mut scratch = std::mem::take(&mut self.scratch);
        let taken = scratch.read(&rows, learned)
            && learned.lanes.iter().all(|(flow, _)| flows[*flow].has_room_for(scratch.spans.len()));
        let taken = taken && self.transaction.rows().is_ok();
        if taken {
            scratch.deliver(&rows, learned, flows);
            self.progress.row_changes += scratch.spans.len() as u64;
        }
        self.scratch = scratch;
        taken
    }

    /// The newest map of a table id. Table maps stand just before their rows, so the search ends soon.
    fn mapped(&self, id: u64) -> Option<&Mapped> {
        self.tables.iter().rev().find(|mapped| mapped.id == id)
    }

    fn map_table(&mut self, mapped: Mapped) {
        if let Some(known) = self.tables.iter_mut().rev().take(8).find(|known| known.id == mapped.id) {
            *known = mapped;
        } else {
            self.tables.push(mapped);
        }
    }

    fn body_number(&mut self, body: &[u8]) -> usize {
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

    // --- events for the caller ----------------------------------------------------------------------------------

    /// A packet's event; for a compressed transaction what inflates it.
    fn open(&mut self, payload: &[u8], events: &mut VecDeque<Event>) -> Answer<Option<Inflater>> {
        let header = Header::checked(payload)?;
        if header.kind == FORMAT_DESCRIPTION {
            self.format_description(payload, &header)?;
            return Ok(None);
        }
        let mut end = payload.len();
        if self.checksum {
            if end < HEADER_SIZE + CHECKSUM_SIZE {
                return Err(Problem::new(problem::LENGTH, "an event ends before its checksum"));
            }
            end -= CHECKSUM_SIZE;
            verify_checksum(payload, end, false)?;
        }
        self.advance(header.end_position);
        self.dispatch(&header, &payload[HEADER_SIZE..end], events)
    }

    fn format_description(&mut self, payload: &[u8], header: &Header) -> Answer<()> {
        let format = format_of(&payload[HEADER_SIZE..])?;
        self.checksum = format.checksum;
        if format.checksum {
            verify_checksum(payload, payload.len() - CHECKSUM_SIZE, true)?;
        }
        self.format = Some(format);
        self.position = self.position.max(u64::from(header.end_position));
        Ok(())
    }

    fn dispatch(&mut self, header: &Header, body: &[u8], events: &mut VecDeque<Event>) -> Answer<Option<Inflater>> {
        let found = match header.kind {
            GTID | GTID_TAGGED => Some(self.gtid(header, body)?),
            ANONYMOUS_GTID => return Err(Problem::new(problem::NO_GTID, "a transaction is anonymous")),
            QUERY => return self.query(body, events).map(|()| None),
            TABLE_MAP => Some(self.table_map(body)?),
            XID => Some(self.end()?),
            XA_PREPARE => {
                let Some(one_phase) = body.first() else {
                    return Ok(damage("an XA_PREPARE event is empty")?);
                };
                self.transaction.prepared(*one_phase != 0)?;
                Some(self.end()?)
            }
            ROTATE => self.rotate(body)?,
            HEARTBEAT => Some(self.heartbeat(body)?),
            HEARTBEAT_V2 => Some(self.heartbeat_v2(body)?),
            TRANSACTION_PAYLOAD => return Inflater::new(body).map(Some),
            INCIDENT => return Err(incident(body)),
            INTVAR | RAND | USER_VAR | BEGIN_LOAD_QUERY | EXECUTE_LOAD_QUERY | APPEND_BLOCK | DELETE_FILE => {
                let what = format!("event {} belongs to a statement that changes data", event_name(header.kind));
                return Err(Problem::new(problem::STATEMENT_FORMAT, what));
            }
            STOP | IGNORABLE | ROWS_QUERY | PREVIOUS_GTIDS | TRANSACTION_CONTEXT | VIEW_CHANGE => None,
            kind => match kind_of(kind) {
                Some(kind) => {
                    events.extend(self.untold_map(kind, header, body)?);
                    self.rows(kind, header, body)?
                }
                None if header.flags & FLAG_IGNORABLE != 0 => None,
                None => {
                    let what = format!("event {} isn't understood", event_name(kind));
                    return Err(Problem::new(problem::UNKNOWN_EVENT, what));
                }
            },
        };
        events.extend(found);
        Ok(None)
    }

    fn gtid(&mut self, header: &Header, body: &[u8]) -> Answer<Event> {
        let (gtid, commit_us) =
            if header.kind == GTID { read_gtid(body, &mut self.sources)? } else { read_tagged_gtid(body)? };
        self.transaction.begin(gtid.clone())?;
        self.tables.clear();
        let position = self.position.saturating_sub(u64::from(header.size)).max(4);
        let commit_us = commit_us.unwrap_or_default();
        let commit_us = if commit_us > 0 { commit_us } else { u64::from(header.timestamp) * 1_000_000 };
        Ok(Event::Begin { gtid, commit_us, file: self.file.clone(), position })
    }

    fn query(&mut self, body: &[u8], events: &mut VecDeque<Event>) -> Answer<()> {
        let query = Query::of(body, post_header(self.format.as_ref(), QUERY)?)?;
        let ends = match self.transaction.query(query.sql)? {
            Control::GoesOn => false,
            Control::Ends => true,
            Control::Statement => {
                events.push_back(Event::Statement {
                    database: query.database.to_vec(),
                    sql: query.sql.to_vec(),
                    status: query.status.to_vec(),
                });
                self.transaction.statement_ends()
            }
        };
        if ends {
            events.push_back(self.end()?);
        }
        Ok(())
    }

    fn end(&mut self) -> Answer<Event> {
        Ok(Event::End { gtid: self.transaction.end()?, position: self.position })
    }

    fn table_map(&mut self, body: &[u8]) -> Answer<Event> {
        let mut body = body.to_vec();
        if post_header(self.format.as_ref(), TABLE_MAP)? == 6 {
            if body.len() < 4 {
                return Ok(damage("a TABLE_MAP ends within its table id")?);
            }
            body.splice(4..4, [0, 0]); // 4-byte ids before 5.1.4
        }
        if body.len() < 8 {
            return Ok(damage(format!("a TABLE_MAP of {} bytes is too short", body.len()))?);
        }
        let table_id = le(&body[..6]);
        let number = self.body_number(&body[8..]);
        let mut head = [0; 8];
        head.copy_from_slice(&body[..8]);
        self.map_table(Mapped { id: table_id, body: number, head, told: true });
        Ok(Event::TableMap { table_id, body })
    }

    /// The table map of a rows event, if it went the short way and the event doesn't.
    fn untold_map(&mut self, kind: Kind, header: &Header, body: &[u8]) -> Answer<Option<Event>> {
        let rows = read_rows(kind, body, post_header(self.format.as_ref(), header.kind)?, false)?;
        let found = self.tables.iter_mut().rev().find(|mapped| mapped.id == rows.table_id);
        let Some(mapped) = found.filter(|mapped| !mapped.told) else {
            return Ok(None);
        };
        mapped.told = true;
        let number = mapped.body;
        let rest = self.bodies.iter().find(|(_, known)| **known == number).map(|(rest, _)| rest);
        let body = [&mapped.head[..], rest.map_or(&[], |rest| rest.as_slice())].concat();
        Ok(Some(Event::TableMap { table_id: rows.table_id, body }))
    }

    fn rows(&mut self, kind: Kind, header: &Header, body: &[u8]) -> Answer<Option<Event>> {
        let partial_json = header.kind == PARTIAL_UPDATE_ROWS;
        let rows = read_rows(kind, body, post_header(self.format.as_ref(), header.kind)?, partial_json)?;
        if self.mapped(rows.table_id).is_none() {
            if rows.table_id == DUMMY_TABLE_ID && rows.images.is_empty() {
                return Ok(None); // ends a statement that changed nothing
            }
            let what = format!("rows of table id {}, which no TABLE_MAP of this transaction names", rows.table_id);
            return Ok(damage(what)?);
        }
        self.transaction.rows()?;
        Ok(Some(Event::Rows {
            table_id: rows.table_id,
            kind,
            columns: rows.columns,
            before: rows.before.to_vec(),
            after: rows.after.to_vec(),
            images: rows.images.to_vec(),
            partial_json,
        }))
    }

    fn rotate(&mut self, body: &[u8]) -> Answer<Option<Event>> {
        let mut cursor = Cursor::new(body);
        let position = cursor.uint(8)?;
        let file = text(cursor.rest())?;
        if file == self.file && position == self.position {
            return Ok(None); // both the end of a file and the start of the next one say it
        }
        self.file.clone_from(&file);
        self.position = position;
        Ok(Some(Event::Rotated { file, position }))
    }

    fn heartbeat(&mut self, body: &[u8]) -> Answer<Event> {
        self.file = text(body)?;
        Ok(Event::Heartbeat { file: self.file.clone(), position: self.position })
    }

    fn heartbeat_v2(&mut self, body: &[u8]) -> Answer<Event> {
        let mut cursor = Cursor::new(body);
        loop {
            let field = cursor.packed()?;
            if field == 0 {
                break;
            }
            let size = cursor.packed()?;
            let mut value = Cursor::new(cursor.take(size)?);
            match field {
                1 => self.file = text(value.rest())?,
                2 => self.position = value.packed()?,
                _ => {}
            }
        }
        Ok(Event::Heartbeat { file: self.file.clone(), position: self.position })
    }
}

impl Scratch {
    /// Cuts an event's rows and hashes their keys. False when anything about them is unusual.
    fn read(&mut self, rows: &Rows<'_>, learned: &Learned) -> bool {
        self.spans.clear();
        self.marks.clear();
        if rows.columns != learned.columns {
            return false;
        }
        let before = if rows.kind == Kind::Insert { None } else { learned.before.as_ref() };
        let after = if rows.kind == Kind::Delete { None } else { learned.after.as_ref() };
        if (before.is_none() && rows.kind != Kind::Insert) || (after.is_none() && rows.kind != Kind::Delete) {
            return false;
        }
        self.places[0].resize(before.map_or(0, ImageLayout::slots), 0);
        self.places[1].resize(after.map_or(0, ImageLayout::slots), 0);
        let (data, mut at) = (rows.images, 0);
        while at < data.len() {
            let start = at;
            if let Some(layout) = before {
                let Some(end) = layout.cut(data, at, &mut self.places[0]) else {
                    return false;
                };
                at = end;
            }
            let middle = at;
            if let Some(layout) = after {
                let Some(end) = layout.cut(data, at, &mut self.places[1]) else {
                    return false;
                };
                at = end;
            }
            if at == start {
                return false;
            }
            self.spans.push(RowSpan { start, middle, end: at });
            for (_, routes) in &learned.lanes {
                for route in routes {
                    let Some(mark) = self.mark(data, rows.kind, route) else {
                        return false;
                    };
                    self.marks.push(mark);
                }
            }
        }
        true
    }

    fn mark(&mut self, data: &[u8], kind: Kind, route: &Route) -> Option<Mark> {
        let [old_key, old_identity, new_key, new_identity, scratch] = &mut self.texts;
        let mut mark = Mark::default();
        if kind != Kind::Insert {
            route.before.as_ref()?.render(data, &self.places[0], old_key, old_identity, scratch)?;
            mark.old = crc32fast::hash(old_key);
        }
        if kind != Kind::Delete {
            route.after.as_ref()?.render(data, &self.places[1], new_key, new_identity, scratch)?;
            mark.new = crc32fast::hash(new_key);
        }
        mark.moved = kind == Kind::Update && old_identity != new_identity;
        Some(mark)
    }

    /// Hands the rows that were read to every flow that wants them; a changed identity gives a delete and an insert.
    fn deliver(&self, rows: &Rows<'_>, learned: &Learned, flows: &mut [&mut Flow]) {
        let per_row: usize = learned.lanes.iter().map(|(_, routes)| routes.len()).sum();
        let mut offset = 0;
        for (number, routes) in &learned.lanes {
            let flow = &mut *flows[*number];
            if flow.wants() {
                let shards = flow.shards.len() as u32;
                for (place, span) in self.spans.iter().enumerate() {
                    let Some(ordinal) = flow.next_ordinal() else {
                        continue;
                    };
                    let marks = &self.marks[place * per_row + offset..][..routes.len()];
                    let images = &rows.images[span.start..span.end];
                    let (before, middle) = (&rows.images[span.start..span.middle], span.middle - span.start);
                    for (route, mark) in routes.iter().zip(marks) {
                        let shape = route.shape;
                        let (old, new) = ((mark.old % shards) as usize, (mark.new % shards) as usize);
                        if mark.moved {
                            flow.add(old, &Row { shape, kind: Kind::Delete, images: before, middle }, ordinal);
                            let after = &images[middle..];
                            flow.add(new, &Row { shape, kind: Kind::Insert, images: after, middle: 0 }, ordinal);
                        } else {
                            let shard = if rows.kind == Kind::Delete { old } else { new };
                            flow.add(shard, &Row { shape, kind: rows.kind, images, middle }, ordinal);
                        }
                    }
                }
            }
            offset += routes.len();
        }
    }
}

/// A QUERY event's parts. Source: MySQL's libs/mysql/binlog/event/statement_events.h (Query_event).
struct Query<'a> {
    database: &'a [u8],
    sql: &'a [u8],
    status: &'a [u8],
}

impl<'a> Query<'a> {
    /// Thread id 4, seconds 4, length of the database name 1, error code 2, length of the status variables 2.
    const FIXED: usize = 13;

    fn of(body: &'a [u8], post_header: usize) -> Answer<Query<'a>> {
        let mut cursor = Cursor::new(body);
        let fixed = cursor.take(post_header.max(Self::FIXED) as u64)?;
        let status = cursor.take(le(&fixed[11..13]))?;
        let database = cursor.take(u64::from(fixed[8]))?;
        text(database)?;
        if cursor.uint(1)? != 0 {
            return Ok(damage("the database name of a QUERY doesn't end")?);
        }
        Ok(Query { database, sql: cursor.rest(), status })
    }
}

fn text(bytes: &[u8]) -> Answer<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Ok(damage(format!("a name isn't UTF-8: {error}"))?),
    }
}

fn incident(body: &[u8]) -> Problem {
    let number = le(&body[..body.len().min(2)]);
    let message = String::from_utf8_lossy(body.get(3..).unwrap_or_default());
    Problem::new(problem::INCIDENT, format!("incident {number}: {message}"))
}

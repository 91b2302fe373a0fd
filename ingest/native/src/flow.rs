//! One lane's changes between the stream and its shards: ordinals, the buffers cut into slices, and the ledger of
//! transactions that the frontier follows (`ingest.lane.flow` is the pure one, with the same rules).
//!
//! Invariants: a row's bytes are held once; `size_bytes` counts them; the ledger never passes an ordinal that isn't
//! acknowledged.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::gtid::{Gtid, GtidSet};
use crate::rows_event::Kind;
use crate::texts::numbers::unsigned;

/// What a buffered row costs beside its images.
const ROW_OVERHEAD_BYTES: usize = 64;

/// A transaction's GTID, commit time, file and position, packed as `ingest.slices` says, in place of what `packed` held.
pub fn pack_stamp(packed: &mut Vec<u8>, gtid: &Gtid, commit_us: u64, file: &str, position: u64) {
    packed.clear();
    packed.extend_from_slice(&commit_us.to_le_bytes());
    packed.extend_from_slice(&position.to_le_bytes());
    packed.extend_from_slice(&[0, 0]);
    let start = packed.len();
    packed.extend_from_slice(gtid.source.as_bytes());
    packed.push(b':');
    unsigned(gtid.number, packed);
    let size = (packed.len() - start) as u16;
    packed[start - 2..start].copy_from_slice(&size.to_le_bytes());
    packed.extend_from_slice(&(file.len() as u16).to_le_bytes());
    packed.extend_from_slice(file.as_bytes());
}

/// Rows of one shape in one batch, as the parts of a slice.
#[derive(Debug, Default)]
pub struct Part {
    pub shape: usize,
    pub kinds: Vec<u8>,
    pub ordinals: Vec<u8>,
    pub images: Vec<u8>,
    pub ends: Vec<u8>,
    pub stamps: Vec<u8>,
    pub stamp_of: Vec<u8>,
    stamp_count: u32,
    last_stamp: u64,
}

impl Part {
    fn add(&mut self, row: &Row<'_>, ordinal: u64, stamp: &Stamp) {
        self.kinds.push(row.kind as u8);
        self.ordinals.extend_from_slice(&ordinal.to_le_bytes());
        let middle = (self.images.len() + row.middle) as u64;
        self.images.extend_from_slice(row.images);
        let ends = middle & 0xFFFF_FFFF | (self.images.len() as u64) << 32;
        self.ends.extend_from_slice(&ends.to_le_bytes());
        if self.stamp_count == 0 || self.last_stamp != stamp.number {
            self.stamps.extend_from_slice(&stamp.packed);
            self.stamp_count += 1;
            self.last_stamp = stamp.number;
        }
        self.stamp_of.extend_from_slice(&(self.stamp_count - 1).to_le_bytes());
    }
}

/// A parcel's content.
#[derive(Debug, Default)]
pub struct Batch {
    pub rows: usize,
    pub size_bytes: usize,
    pub first_ordinal: u64,
    pub last_ordinal: u64,
    pub parts: Vec<Part>,
}

impl Batch {
    /// Ordinals may come in any order in a tail. Returns the row's size.
    fn add(&mut self, row: &Row<'_>, ordinal: u64, stamp: &Stamp) -> usize {
        let place = match self.parts.last() {
            Some(last) if last.shape == row.shape => self.parts.len() - 1,
            _ => self.parts.iter().position(|part| part.shape == row.shape).unwrap_or_else(|| {
                self.parts.push(Part { shape: row.shape, ..Part::default() });
                self.parts.len() - 1
            }),
        };
        self.parts[place].add(row, ordinal, stamp);
        if self.rows == 0 || ordinal < self.first_ordinal {
            self.first_ordinal = ordinal;
        }
        self.last_ordinal = self.last_ordinal.max(ordinal);
        let size = row.images.len() + ROW_OVERHEAD_BYTES;
        self.rows += 1;
        self.size_bytes += size;
        size
    }
}

/// What a row change means for one document: the image before, up to `middle`, and the image after; an absent one is
/// empty.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub shape: usize,
    pub kind: Kind,
    pub images: &'a [u8],
    pub middle: usize,
}

#[derive(Debug, Default)]
struct Stamp {
    number: u64,
    packed: Vec<u8>,
}

#[derive(Debug, Default)]
pub struct Shard {
    full: VecDeque<Batch>,
    growing: Batch,
    pub size_bytes: usize,
    pub rows: usize,
}

impl Shard {
    /// The lowest ordinal that waits.
    pub fn first_ordinal(&self) -> Option<u64> {
        match self.full.front() {
            Some(batch) => Some(batch.first_ordinal),
            None => (self.growing.rows > 0).then_some(self.growing.first_ordinal),
        }
    }

    /// The highest ordinal of the batch that `take` would give.
    pub fn next_last_ordinal(&self, partial: bool) -> Option<u64> {
        match self.full.front() {
            Some(batch) => Some(batch.last_ordinal),
            None => (partial && self.growing.rows > 0).then_some(self.growing.last_ordinal),
        }
    }

    /// The next batch: a full one, else the growing one.
    pub fn take(&mut self) -> Batch {
        let batch = self.full.pop_front().unwrap_or_else(|| std::mem::take(&mut self.growing));
        self.rows -= batch.rows;
        self.size_bytes -= batch.size_bytes;
        batch
    }
}

/// A transaction between begin and wholly applied: ordinals `start`+1 ..= `end` are its row changes, after `skipped` of
/// them which the frontier already held.
#[derive(Debug)]
struct Open {
    gtid: Gtid,
    start: u64,
    skipped: u64,
    end: Option<u64>,
}

/// Transactions as (source, first, last).
pub type Intervals = Vec<(Arc<str>, u64, u64)>;

/// One more transaction, joined to the last interval where it follows it.
pub fn extend(intervals: &mut Intervals, gtid: &Gtid) {
    match intervals.last_mut() {
        Some((source, _, last)) if *source == gtid.source && *last + 1 == gtid.number => *last = gtid.number,
        _ => intervals.push((gtid.source.clone(), gtid.number, gtid.number)),
    }
}

/// What the frontier gained: whole transactions as intervals, and how far the first open one has come.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Advance {
    pub executed: Intervals,
    pub partial: Option<(String, u64)>,
    pub any_open: bool,
}

#[derive(Debug)]
pub struct Flow {
    batch_rows: usize,
    batch_bytes: usize,
    /// The stream pauses when so much waits.
    buffer_bytes: usize,
    ordinal_max: u64,
    pub shards: Vec<Shard>,
    pub size_bytes: usize,
    pub ordinal: u64,
    executed: GtidSet,
    partial: Option<(Gtid, u64)>,
    open: VecDeque<Open>,
    skip: u64,
    stamp: Stamp,
    /// Whether the current transaction's changes are wanted.
    wanted: bool,
    /// The stamp of the last row that had one of its own: rows of one transaction share it.
    tail_stamp: Option<Stamp>,
    stamps: u64,
}

impl Flow {
    pub fn new(shards: usize, batch_rows: usize, batch_bytes: usize, buffer_bytes: usize, ordinal_max: u64) -> Flow {
        Flow {
            batch_rows,
            batch_bytes,
            buffer_bytes,
            ordinal_max,
            shards: (0..shards).map(|_| Shard::default()).collect(),
            size_bytes: 0,
            ordinal: 0,
            executed: GtidSet::default(),
            partial: None,
            open: VecDeque::new(),
            skip: 0,
            stamp: Stamp::default(),
            wanted: false,
            tail_stamp: None,
            stamps: 0,
        }
    }

    /// What the frontier holds when the epoch begins.
    pub fn resume(&mut self, executed: &[(String, u64, u64)], partial: Option<(Gtid, u64)>) {
        for (source, first, last) in executed {
            self.executed.add(source, *first, *last);
        }
        self.partial = partial;
    }

    pub fn holds(&self, gtid: &Gtid) -> bool {
        self.executed.contains(gtid)
    }

    /// A transaction begins. False when the frontier holds it: its changes aren't wanted then.
    pub fn begin(&mut self, gtid: &Gtid, commit_us: u64, file: &str, position: u64) -> bool {
        self.wanted = !self.holds(gtid);
        if !self.wanted {
            return false;
        }
        self.skip = match &self.partial {
            Some((held, rows)) if held == gtid => *rows,
            _ => 0,
        };
        self.open.push_back(Open { gtid: gtid.clone(), start: self.ordinal, skipped: self.skip, end: None });
        self.stamps += 1;
        self.stamp.number = self.stamps;
        pack_stamp(&mut self.stamp.packed, gtid, commit_us, file, position);
        true
    }

    /// Whether the current transaction's changes are wanted.
    pub fn wants(&self) -> bool {
        self.wanted
    }

    /// Is there an ordinal for so many more changes?
    pub fn has_room_for(&self, changes: usize) -> bool {
        self.ordinal.saturating_add(changes as u64) <= self.ordinal_max
    }

    /// The next change's ordinal; none for a change that the frontier's partial transaction holds.
    pub fn next_ordinal(&mut self) -> Option<u64> {
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.ordinal += 1;
        Some(self.ordinal)
    }

    /// A row of the current transaction for one shard.
    pub fn add(&mut self, shard: usize, row: &Row<'_>, ordinal: u64) {
        let limits = (self.batch_rows, self.batch_bytes);
        self.size_bytes += put(&mut self.shards[shard], limits, row, ordinal, &self.stamp);
    }

    /// A row with a stamp of its own (a tail's).
    pub fn add_stamped(&mut self, shard: usize, row: &Row<'_>, ordinal: u64, packed: &[u8]) {
        let stamp = match self.tail_stamp.take() {
            Some(stamp) if stamp.packed == packed => stamp,
            _ => {
                self.stamps += 1;
                Stamp { number: self.stamps, packed: packed.to_vec() }
            }
        };
        let limits = (self.batch_rows, self.batch_bytes);
        self.size_bytes += put(&mut self.shards[shard], limits, row, ordinal, &stamp);
        self.tail_stamp = Some(stamp);
    }

    pub fn take(&mut self, shard: usize) -> Batch {
        let batch = self.shards[shard].take();
        self.size_bytes -= batch.size_bytes;
        batch
    }

    /// The transaction whose changes come now; none between two, or when they aren't wanted.
    pub fn open_gtid(&self) -> Option<String> {
        self.open.back().filter(|_| self.wanted).map(|open| open.gtid.to_string())
    }

    /// What comes from now on goes into other batches than what waits.
    pub fn cut(&mut self) {
        for shard in self.shards.iter_mut().filter(|shard| shard.growing.rows > 0) {
            shard.full.push_back(std::mem::take(&mut shard.growing));
        }
    }

    pub fn is_full(&self) -> bool {
        self.size_bytes >= self.buffer_bytes
    }

    /// The current transaction is complete; false when it isn't the one that is open.
    pub fn end(&mut self, gtid: &Gtid) -> bool {
        if !std::mem::take(&mut self.wanted) {
            return true;
        }
        match self.open.back_mut() {
            Some(open) if open.gtid == *gtid && open.end.is_none() => {
                open.end = Some(self.ordinal);
                true
            }
            _ => false,
        }
    }

    /// All row changes up to `watermark` are applied: what the frontier gains.
    pub fn advance(&mut self, watermark: u64) -> Advance {
        let mut gained = Advance::default();
        while self.open.front().is_some_and(|open| open.end.is_some_and(|end| end <= watermark)) {
            let Some(Open { gtid, .. }) = self.open.pop_front() else {
                break;
            };
            self.executed.add(&gtid.source, gtid.number, gtid.number);
            extend(&mut gained.executed, &gtid);
        }
        if let Some(first) = self.open.front() {
            gained.any_open = true;
            let rows = first.skipped + watermark.saturating_sub(first.start);
            gained.partial = (rows > 0).then(|| (first.gtid.to_string(), rows));
        }
        gained
    }
}

/// A row for a shard; a batch that is full by it goes to the full ones. Returns the row's size.
fn put(shard: &mut Shard, limits: (usize, usize), row: &Row<'_>, ordinal: u64, stamp: &Stamp) -> usize {
    let size = shard.growing.add(row, ordinal, stamp);
    shard.size_bytes += size;
    shard.rows += 1;
    if shard.growing.rows >= limits.0 || shard.growing.size_bytes >= limits.1 {
        shard.full.push_back(std::mem::take(&mut shard.growing));
    }
    size
}

//! Operations to requests: each operation's bytes one behind the other in a body, cut by the sink's limits.
//!
//!     parts -> coalesce (one operation per document) -> by version -> envelope (elasticsearch, hbase) -> bodies

mod coalesce;
mod elasticsearch;
mod hbase;
mod source;

use elasticsearch::Heads;

use coalesce::newest_rows;
pub use hbase::HbaseForm;
pub use source::Source;

use std::collections::{HashMap, HashSet};

use crate::cursor::le;
use crate::hashing::Quick;
use crate::texts::{ColumnView, Look};

/// How an operation is written.
#[derive(Debug, Clone)]
pub enum Envelope {
    /// Bulk lines; the fields' names as quoted JSON, with a colon.
    Index {
        names: Vec<Vec<u8>>,
    },
    Upsert {
        names: Vec<Vec<u8>>,
    },
    Hbase(HbaseForm),
    /// The document alone; without names nothing at all.
    Bare {
        names: Option<Vec<Vec<u8>>>,
    },
}

/// The operations of one slice.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    pub rows: usize,
    pub keys: ColumnView<'a>,
    /// Eight bytes a row, little-endian.
    pub versions: &'a [u8],
    /// A byte a row, 1 for a deletion; none at all when there is no deletion.
    pub deletes: &'a [u8],
    pub targets: Vec<String>,
    /// Which of the targets: four bytes a row; none at all when all go to the first.
    pub target_of: &'a [u8],
    pub routings: Option<ColumnView<'a>>,
    pub envelope: Envelope,
    pub columns: Vec<ColumnView<'a>>,
    /// Written behind the columns; the envelope has one name more then.
    pub source: Option<Source<'a>>,
}

impl<'a> Part<'a> {
    pub fn version(&self, row: usize) -> Option<u64> {
        let at = row.checked_mul(8)?;
        Some(le(self.versions.get(at..at.checked_add(8)?)?))
    }

    pub fn deletes(&self, row: usize) -> Option<bool> {
        if self.deletes.is_empty() {
            return Some(false);
        }
        self.deletes.get(row).map(|byte| *byte != 0)
    }

    pub fn target_number(&self, row: usize) -> Option<usize> {
        if self.target_of.is_empty() {
            return Some(0);
        }
        let at = row.checked_mul(4)?;
        Some(le(self.target_of.get(at..at.checked_add(4)?)?) as usize)
    }

    pub fn target(&self, row: usize) -> Option<&str> {
        Some(self.targets.get(self.target_number(row)?)?.as_str())
    }

    /// The inner None: no routing.
    pub fn routing(&self, row: usize) -> Option<Option<&'a [u8]>> {
        match &self.routings {
            Some(column) if !column.is_null(row)? => Some(Some(column.bytes(row)?)),
            _ => Some(None),
        }
    }
}

/// Where requests end, and whether each is for one target.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub items: usize,
    pub bytes: usize,
    pub by_target: bool,
}

/// Items of one request: where each ends in `body` (eight bytes), and the part and row it came from (four bytes each).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    pub body: Vec<u8>,
    pub ends: Vec<u8>,
    pub parts: Vec<u8>,
    pub rows: Vec<u8>,
    /// Length of the shortest and longest key.
    pub key_sizes: (usize, usize),
}

/// Requests, and how many operations they hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoded {
    pub requests: Vec<Request>,
    pub upserts: usize,
    pub deletes: usize,
}

/// Operations in the order of their versions: all, or the newest of each document. None for a value without a text.
pub fn requests(parts: &[Part], limits: Limits, newest: bool) -> Option<Encoded> {
    let chosen = if newest { newest_rows(parts)? } else { None };
    let places = by_version(parts, chosen.as_deref())?;
    let mut encoded = Encoded::default();
    for (part, row) in &places {
        if parts.get(*part)?.deletes(*row)? {
            encoded.deletes += 1;
        }
    }
    encoded.upserts = places.len() - encoded.deletes;
    let unique = newest && parts.iter().all(|part| part.routings.is_none());
    encoded.requests = written(parts, &places, limits, unique)?;
    Some(encoded)
}

/// `unique`: each (target, key) stands once in the places.
fn written(parts: &[Part], places: &[(usize, usize)], limits: Limits, unique: bool) -> Option<Vec<Request>> {
    let mut groups: Vec<Group> = Vec::new();
    let mut numbers: HashMap<&str, usize, Quick> = HashMap::default();
    let heads: Vec<Vec<Heads>> = parts.iter().map(elasticsearch::heads).collect();
    for &(number, row) in places {
        let part = parts.get(number)?;
        let target = part.target(row)?;
        let group = if limits.by_target { target } else { "" };
        let place = *numbers.entry(group).or_insert_with(|| {
            let mut group = Group { unique, ..Group::default() };
            if !unique {
                group.named.reserve(limits.items.min(places.len()));
            }
            group.open.body.reserve(room(parts).min(limits.bytes.saturating_add(1 << 16)));
            groups.push(group);
            groups.len() - 1
        });
        let group = groups.get_mut(place)?;
        let start = group.open.body.len();
        match &part.envelope {
            Envelope::Hbase(form) => form.append(part, row, &mut group.open.body)?,
            Envelope::Bare { names: Some(names) } => document(part, row, names, &mut group.open.body)?,
            Envelope::Bare { names: None } => {}
            envelope => {
                let heads = heads.get(number)?.get(part.target_number(row)?)?;
                elasticsearch::append(part, row, envelope, heads, &mut group.open.body)?;
            }
        }
        group.take(number, row, start, (target, part.keys.bytes(row)?), limits)?;
    }
    Some(groups.into_iter().flat_map(Group::finish).collect())
}

/// About how many bytes the operations take.
fn room(parts: &[Part]) -> usize {
    let size = |part: &Part| {
        let values: usize = part.columns.iter().map(|column| column.data.len() + 12 * part.rows).sum();
        let names: usize = match &part.envelope {
            Envelope::Index { names } | Envelope::Upsert { names } => names.iter().map(|name| name.len() + 1).sum(),
            Envelope::Bare { names } => names.iter().flatten().map(|name| name.len() + 1).sum(),
            Envelope::Hbase(form) => form.puts.iter().map(|put| put.len() + 5).sum(),
        };
        let source = part.source.as_ref().map_or(0, Source::room);
        values + part.keys.data.len() + part.rows * (names + source + 120)
    };
    parts.iter().map(size).sum()
}

/// (part, row) of all rows, or of the chosen ones, by rising version; rows of one version stay in order.
fn by_version(parts: &[Part], chosen: Option<&[Vec<u32>]>) -> Option<Vec<(usize, usize)>> {
    let mut places = Vec::with_capacity(parts.iter().map(|part| part.rows).sum());
    for (number, part) in parts.iter().enumerate() {
        match chosen {
            Some(chosen) => {
                for row in chosen.get(number)? {
                    places.push((part.version(*row as usize)?, number, *row as usize));
                }
            }
            None => {
                for row in 0..part.rows {
                    places.push((part.version(row)?, number, row));
                }
            }
        }
    }
    places.sort_by_key(|place| place.0);
    Some(places.into_iter().map(|(_, number, row)| (number, row)).collect())
}

/// The requests of one target (or of all), the last one open.
#[derive(Default)]
struct Group<'a> {
    done: Vec<Request>,
    open: Request,
    count: usize,
    named: HashSet<(&'a str, &'a [u8]), Quick>,
    /// Each document comes once, so no name can come twice.
    unique: bool,
}

impl<'a> Group<'a> {
    /// The item that was appended at `start` of the open body: it stays there, or begins the next request.
    fn take(&mut self, part: usize, row: usize, start: usize, name: (&'a str, &'a [u8]), limits: Limits) -> Option<()> {
        let is_full = self.count >= limits.items || self.open.body.len() > limits.bytes;
        let again = !self.unique && !self.named.insert(name);
        if self.count > 0 && (is_full || again) {
            let next = self.open.body.split_off(start);
            let full = std::mem::replace(&mut self.open, Request { body: next, ..Request::default() });
            self.done.push(full);
            self.named.clear();
            if !self.unique {
                self.named.insert(name);
            }
            self.count = 0;
        }
        let size = name.1.len();
        let (least, most) = self.open.key_sizes;
        self.open.key_sizes = if self.count == 0 { (size, size) } else { (least.min(size), most.max(size)) };
        self.count += 1;
        self.open.ends.extend_from_slice(&(self.open.body.len() as u64).to_le_bytes());
        self.open.parts.extend_from_slice(&u32::try_from(part).ok()?.to_le_bytes());
        self.open.rows.extend_from_slice(&u32::try_from(row).ok()?.to_le_bytes());
        Some(())
    }

    fn finish(mut self) -> Vec<Request> {
        if self.count > 0 {
            self.done.push(self.open);
        }
        self.done
    }
}

/// The fields' values as JSON, `null` for NULL, as one object.
fn document(part: &Part, row: usize, names: &[Vec<u8>], out: &mut Vec<u8>) -> Option<()> {
    out.push(b'{');
    for (place, (name, column)) in names.iter().zip(&part.columns).enumerate() {
        if place > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name);
        if !column.append(row, Look::Json, out)? {
            out.extend_from_slice(b"null");
        }
    }
    if let Some(source) = &part.source {
        if !part.columns.is_empty() {
            out.push(b',');
        }
        out.extend_from_slice(names.get(part.columns.len())?);
        source.append(row, part.version(row)?, out)?;
    }
    out.push(b'}');
    Some(())
}

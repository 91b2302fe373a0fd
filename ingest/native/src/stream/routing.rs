//! Rows of one rows event to the lanes that want them: cut by the table's layout, hashed by each rule's key.

use crate::flow::{Flow, Row};
use crate::key_text::KeyPlan;
use crate::layout::ImageLayout;
use crate::rows_event::{Kind, Rows};

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
pub(super) struct Scratch {
    spans: Vec<RowSpan>,
    marks: Vec<Mark>,
    places: [Vec<usize>; 2],
    texts: [Vec<u8>; 5],
}

impl Scratch {
    /// Cuts an event's rows and hashes their keys. False when anything about them is unusual.
    pub(super) fn read(&mut self, rows: &Rows<'_>, learned: &Learned) -> bool {
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

    /// How many rows were read.
    pub(super) fn rows(&self) -> usize {
        self.spans.len()
    }

    /// Hands the rows that were read to every flow that wants them; a changed identity gives a delete and an insert.
    pub(super) fn deliver(&self, rows: &Rows<'_>, learned: &Learned, flows: &mut [&mut Flow]) {
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

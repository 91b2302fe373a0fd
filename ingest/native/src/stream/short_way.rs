//! The short way: events that go to the flows at once, or not at all.

use super::state::{Mapped, State};
use crate::cursor::le;
use crate::flow::{extend, Flow};
use crate::framing::*;
use crate::query_event::Query;
use crate::rows_event::{kind_of, read_rows};

impl State {
    /// A packet whose frame was checked. False, with nothing changed, when it can't go the short way.
    pub(super) fn take_framed(&mut self, header: &Header, body: &[u8], flows: &mut [&mut Flow]) -> bool {
        let before = self.position;
        self.advance(header.end_position);
        if self.take(header, body, flows) {
            return true;
        }
        self.position = before;
        false
    }

    pub(super) fn take(&mut self, header: &Header, body: &[u8], flows: &mut [&mut Flow]) -> bool {
        if self.ordinary && self.limited {
            return false;
        }
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
        let Ok((gtid, commit_us, begins_at)) = self.read_begin(header, body) else {
            return false;
        };
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
            && learned.lanes.iter().all(|(flow, _)| flows[*flow].has_room_for(scratch.rows()));
        let taken = taken && self.transaction.rows().is_ok();
        if taken {
            scratch.deliver(&rows, learned, flows);
            self.progress.row_changes += scratch.rows() as u64;
        }
        self.scratch = scratch;
        taken
    }
}

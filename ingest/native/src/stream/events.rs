//! The long way: each event's meaning, as an event for the caller or a Problem.

use std::collections::VecDeque;

use super::state::{Mapped, State};
use super::Event;
use crate::cursor::{damage, le, Cursor};
use crate::framing::*;
use crate::payload::Inflater;
use crate::problem::{self, Answer, Problem};
use crate::query_event::{text, Query};
use crate::rows_event::{kind_of, read_rows, Kind, DUMMY_TABLE_ID};
use crate::transaction::Control;

impl State {
    /// A packet's event, its frame checked; for a compressed transaction what inflates it.
    pub(super) fn open(
        &mut self,
        header: &Header,
        payload: &[u8],
        body: &[u8],
        events: &mut VecDeque<Event>,
    ) -> Answer<Option<Inflater>> {
        if header.kind == FORMAT_DESCRIPTION {
            self.format_description(payload, header)?;
            return Ok(None);
        }
        self.advance(header.end_position);
        self.dispatch(header, body, events)
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

    pub(super) fn dispatch(
        &mut self,
        header: &Header,
        body: &[u8],
        events: &mut VecDeque<Event>,
    ) -> Answer<Option<Inflater>> {
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
        let (gtid, commit_us, position) = self.read_begin(header, body)?;
        self.transaction.begin(gtid.clone())?;
        self.tables.clear();
        self.ordinary = true;
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

fn incident(body: &[u8]) -> Problem {
    let number = le(&body[..body.len().min(2)]);
    let message = String::from_utf8_lossy(body.get(3..).unwrap_or_default());
    Problem::new(problem::INCIDENT, format!("incident {number}: {message}"))
}

//! QUERY events: statements, and the BEGIN and COMMIT of transactions.

use crate::cursor::{damage, le, Cursor};
use crate::problem::Answer;

/// A QUERY event's parts. Source: MySQL's libs/mysql/binlog/event/statement_events.h (Query_event).
pub struct Query<'a> {
    pub database: &'a [u8],
    pub sql: &'a [u8],
    pub status: &'a [u8],
}

impl<'a> Query<'a> {
    /// Thread id 4, seconds 4, length of the database name 1, error code 2, length of the status variables 2.
    const FIXED: usize = 13;

    pub fn of(body: &'a [u8], post_header: usize) -> Answer<Query<'a>> {
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

/// A name of the server's.
pub fn text(bytes: &[u8]) -> Answer<String> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => Ok(damage(format!("a name isn't UTF-8: {error}"))?),
    }
}

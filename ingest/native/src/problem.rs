//! What goes wrong, as a value: a problem code of the Python side, the words, and the places named.

use crate::cursor::Damage;

/// `code` is a name that the Python side declares (`binlog.malformed`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub code: &'static str,
    pub what: String,
    pub places: Vec<(&'static str, String)>,
}

impl Problem {
    pub fn new(code: &'static str, what: impl Into<String>) -> Self {
        Problem { code, what: what.into(), places: Vec::new() }
    }

    /// Names one more place; one that is named already stays.
    pub fn at(mut self, name: &'static str, value: impl ToString) -> Self {
        if self.places.iter().all(|(known, _)| *known != name) {
            self.places.push((name, value.to_string()));
        }
        self
    }
}

pub type Answer<T> = Result<T, Problem>;

pub const MALFORMED: &str = "binlog.malformed";
pub const CHECKSUM: &str = "binlog.checksum";
pub const LENGTH: &str = "binlog.length";
pub const CHECKSUM_ALGORITHM: &str = "binlog.checksum_algorithm";
pub const COMPRESSION: &str = "binlog.compression";
pub const UNKNOWN_EVENT: &str = "binlog.unknown_event";
pub const INCIDENT: &str = "binlog.incident";
pub const STATEMENT_FORMAT: &str = "binlog.statement_format";
pub const XA: &str = "binlog.xa";
pub const ROLLBACK: &str = "binlog.rollback";
pub const NO_GTID: &str = "binlog.no_gtid";
pub const TRANSACTION_CUT: &str = "binlog.transaction_cut";
pub const NO_COLUMNS: &str = "row.no_columns";
pub const KEY_NULL: &str = "row.key_null";

/// Damaged bytes are a malformed event until somebody who knows more says otherwise.
impl From<Damage> for Problem {
    fn from(damage: Damage) -> Self {
        Problem::new(MALFORMED, damage.0)
    }
}

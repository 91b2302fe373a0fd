//! Where the stream stands within a transaction: what begins one, what ends it, and what can't be followed.
//!
//! A GTID event begins a transaction; `BEGIN ... XID` or `BEGIN ... COMMIT` holds row changes; a DDL or administrative
//! statement is one by itself. A ROLLBACK behind row changes and XA transactions with row changes are refused by name.
//! Invariant: every event lies within a transaction that has a GTID.

use crate::cursor::damage;
use crate::gtid::Gtid;
use crate::problem::{Answer, Problem, NO_GTID, ROLLBACK, TRANSACTION_CUT, XA};
use crate::words::first_words;

/// What a QUERY event means for its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// The transaction goes on.
    GoesOn,
    /// The transaction is complete.
    Ends,
    /// No transaction control but a statement.
    Statement,
}

#[derive(Debug, Default)]
pub struct Transaction {
    /// The open transaction, or none between transactions.
    pub gtid: Option<Gtid>,
    explicit: bool,
    rows: bool,
    xa: bool,
}

impl Transaction {
    pub fn begin(&mut self, gtid: Gtid) -> Answer<()> {
        if let Some(open) = &self.gtid {
            return Err(Problem::new(TRANSACTION_CUT, format!("{gtid} begins within {open}")));
        }
        *self = Transaction { gtid: Some(gtid), ..Transaction::default() };
        Ok(())
    }

    pub fn rows(&mut self) -> Answer<()> {
        self.require()?;
        if self.xa {
            return Err(Problem::new(XA, "an XA transaction has row changes"));
        }
        self.rows = true;
        Ok(())
    }

    pub fn require(&self) -> Answer<&Gtid> {
        self.gtid.as_ref().ok_or_else(|| Problem::new(NO_GTID, "a transaction has no GTID event"))
    }

    pub fn end(&mut self) -> Answer<Gtid> {
        self.require()?;
        self.gtid.take().ok_or_else(|| Problem::new(NO_GTID, "a transaction has no GTID event"))
    }

    pub fn query(&mut self, sql: &[u8]) -> Answer<Control> {
        self.require()?;
        match sql {
            b"BEGIN" => {
                self.explicit = true;
                Ok(Control::GoesOn)
            }
            b"COMMIT" => Ok(Control::Ends),
            _ if begins_with_control(sql) => self.control(sql),
            _ => Ok(Control::Statement),
        }
    }

    /// Whether a statement just seen is a transaction by itself.
    pub fn statement_ends(&self) -> bool {
        !self.explicit
    }

    /// An XA_PREPARE event, which ends the group: of a transaction without row changes.
    pub fn prepared(&self, one_phase: bool) -> Answer<()> {
        self.require()?;
        if self.rows {
            return Err(Problem::new(XA, format!("an XA transaction has row changes (one phase: {one_phase})")));
        }
        Ok(())
    }

    fn control(&mut self, sql: &[u8]) -> Answer<Control> {
        let words = first_words(&sql[..sql.len().min(4096)], 3);
        match words[0].as_str() {
            "ROLLBACK" => self.rollback(words.iter().any(|word| word == "TO")),
            "XA" => self.xa_statement(&words[1]),
            "START" if words[1] != "TRANSACTION" => Ok(Control::Statement),
            "BEGIN" | "START" => {
                self.explicit = true;
                Ok(Control::GoesOn)
            }
            "COMMIT" => Ok(Control::Ends),
            _ => Ok(Control::GoesOn),
        }
    }

    fn rollback(&self, to_savepoint: bool) -> Answer<Control> {
        if self.rows {
            let what = if to_savepoint { "ROLLBACK TO a savepoint" } else { "ROLLBACK" };
            return Err(Problem::new(ROLLBACK, format!("{what} behind row changes")));
        }
        Ok(if to_savepoint { Control::GoesOn } else { Control::Ends })
    }

    fn xa_statement(&mut self, verb: &str) -> Answer<Control> {
        match verb {
            "COMMIT" => Err(Problem::new(XA, "XA COMMIT: row changes of an earlier transaction take effect")),
            "START" | "BEGIN" | "END" => {
                self.xa = true;
                self.explicit = true;
                Ok(Control::GoesOn)
            }
            "ROLLBACK" => Ok(Control::Ends),
            _ => Ok(damage(format!("XA {verb} isn't known"))?),
        }
    }
}

/// Does it start with a word of transaction control? (Most statements don't, and needn't be read further.)
fn begins_with_control(sql: &[u8]) -> bool {
    let start = sql.iter().position(|b| !matches!(b, b' ' | 9..=13)).unwrap_or(sql.len());
    let word: Vec<u8> = sql[start..]
        .iter()
        .take(10)
        .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
        .map(u8::to_ascii_uppercase)
        .collect();
    matches!(word.as_slice(), b"BEGIN" | b"COMMIT" | b"ROLLBACK" | b"SAVEPOINT" | b"RELEASE" | b"XA" | b"START")
}

//! The hot path of ray-binlog-ingest, sans-IO: bytes in, values out; no sockets, clocks or threads, no panic on any input.
//!
//!     packets -> stream (framing, gtid, transaction, payload, query_event, rows_event) -> layout, key_text -> flow -> slices
//!
//! `python` is the only module that knows Python; the others build and are tested and fuzzed without it.

pub mod columns;
pub mod cursor;
pub mod flow;
pub mod framing;
pub mod gtid;
pub mod hashing;
pub mod key_text;
pub mod lags;
pub mod layout;
pub mod packets;
pub mod payload;
pub mod problem;
pub mod query_event;
pub mod requests;
pub mod rows_event;
pub mod stream;
pub mod texts;
pub mod transaction;
pub mod words;

#[cfg(feature = "python")]
mod python;

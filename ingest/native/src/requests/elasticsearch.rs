//! The lines of a `_bulk` body: `ingest.sinks.elasticsearch.encode` says which and why.

use super::{document, Envelope, Part};
use crate::texts::numbers::unsigned;
use crate::texts::quoted;

/// How the action lines of one target begin: up to the id.
pub struct Heads {
    write: Vec<u8>,
    delete: Vec<u8>,
}

pub fn heads(part: &Part) -> Vec<Heads> {
    let write = match &part.envelope {
        Envelope::Upsert { .. } => "update",
        _ => "index",
    };
    let head = |action: &str, target: &str| {
        let mut out = format!("{{\"{action}\":{{\"_index\":").into_bytes();
        quoted(target.as_bytes(), &mut out);
        out.extend_from_slice(b",\"_id\":");
        out
    };
    part.targets.iter().map(|target| Heads { write: head(write, target), delete: head("delete", target) }).collect()
}

/// One operation's lines.
pub fn append(part: &Part, row: usize, envelope: &Envelope, heads: &Heads, out: &mut Vec<u8>) -> Option<()> {
    let delete = part.deletes(row)?;
    out.extend_from_slice(if delete { &heads.delete } else { &heads.write });
    quoted(part.keys.bytes(row)?, out);
    if let Some(routing) = part.routing(row)? {
        out.extend_from_slice(b",\"routing\":");
        quoted(routing, out);
    }
    match envelope {
        Envelope::Index { names } => {
            out.extend_from_slice(b",\"version\":");
            unsigned(part.version(row)?, out);
            out.extend_from_slice(b",\"version_type\":\"external\"}}\n");
            if !delete {
                document(part, row, names, out)?;
                out.push(b'\n');
            }
        }
        Envelope::Upsert { names } => {
            out.extend_from_slice(b"}}\n");
            if !delete {
                out.extend_from_slice(b"{\"doc\":");
                document(part, row, names, out)?;
                out.extend_from_slice(b",\"doc_as_upsert\":true}\n");
            }
        }
        Envelope::Hbase(_) | Envelope::Bare { .. } => return None,
    }
    Some(())
}

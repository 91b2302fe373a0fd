//! The lines of a `_bulk` body: `ingest.sinks.elasticsearch.encode` says which and why.

use super::{document, Envelope, Part};
use crate::texts::numbers::unsigned;
use crate::texts::quoted;

pub fn quoted_targets(targets: &[String]) -> Vec<Vec<u8>> {
    targets
        .iter()
        .map(|target| {
            let mut out = Vec::new();
            quoted(target.as_bytes(), &mut out);
            out
        })
        .collect()
}

/// One operation's lines. `target`: the index's name, quoted.
pub fn append(part: &Part, row: usize, envelope: &Envelope, target: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let delete = part.deletes(row)?;
    match envelope {
        Envelope::Index { names } => {
            action(if delete { b"delete" } else { b"index" }, part, row, target, out)?;
            out.extend_from_slice(b",\"version\":");
            unsigned(part.version(row)?, out);
            out.extend_from_slice(b",\"version_type\":\"external\"}}\n");
            if !delete {
                document(part, row, names, out)?;
                out.push(b'\n');
            }
        }
        Envelope::Upsert { names } => {
            action(if delete { b"delete" } else { b"update" }, part, row, target, out)?;
            out.extend_from_slice(b"}}\n");
            if !delete {
                out.extend_from_slice(b"{\"doc\":");
                document(part, row, names, out)?;
                out.extend_from_slice(b",\"doc_as_upsert\":true}\n");
            }
        }
        Envelope::Hbase(_) => return None,
    }
    Some(())
}

/// `{"index":{"_index":..,"_id":..,"routing":..`, open.
fn action(name: &[u8], part: &Part, row: usize, target: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.extend_from_slice(b"{\"");
    out.extend_from_slice(name);
    out.extend_from_slice(b"\":{\"_index\":");
    out.extend_from_slice(target);
    out.extend_from_slice(b",\"_id\":");
    quoted(part.keys.bytes(row)?, out);
    if let Some(routing) = part.routing(row)? {
        out.extend_from_slice(b",\"routing\":");
        quoted(routing, out);
    }
    Some(())
}

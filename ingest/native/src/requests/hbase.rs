//! A row's BatchMutation in Thrift's binary protocol: `ingest.sinks.hbase.thrift_bytes` says what the bytes are.

use super::Part;
use crate::texts::Look;

const ROW: &[u8] = &[11, 0, 1];
const MUTATIONS: &[u8] = &[15, 0, 2, 12];
const END: u8 = 0;

/// What stands around the cells. `puts`, `gone`: what begins a put of each column, and its deletion; `deletion`: the
/// mutations of a deleted document, and how many they are.
#[derive(Debug, Clone)]
pub struct HbaseForm {
    pub puts: Vec<Vec<u8>>,
    pub gone: Vec<Vec<u8>>,
    pub deletion: (u32, Vec<u8>),
}

impl HbaseForm {
    pub fn append(&self, part: &Part, row: usize, out: &mut Vec<u8>) -> Option<()> {
        let key = part.keys.bytes(row)?;
        out.extend_from_slice(ROW);
        out.extend_from_slice(&i32::try_from(key.len()).ok()?.to_be_bytes());
        out.extend_from_slice(key);
        out.extend_from_slice(MUTATIONS);
        if part.deletes(row)? {
            out.extend_from_slice(&self.deletion.0.to_be_bytes());
            out.extend_from_slice(&self.deletion.1);
        } else {
            let count = part.columns.len() + usize::from(part.source.is_some());
            out.extend_from_slice(&u32::try_from(count).ok()?.to_be_bytes());
            self.cells(part, row, out)?;
            self.source(part, row, out)?;
        }
        out.push(END);
        Some(())
    }

    fn source(&self, part: &Part, row: usize, out: &mut Vec<u8>) -> Option<()> {
        if let Some(source) = &part.source {
            out.extend_from_slice(self.puts.get(part.columns.len())?);
            let at = out.len();
            out.extend_from_slice(&[0; 4]);
            source.append(row, part.version(row)?, out)?;
            let size = i32::try_from(out.len() - at - 4).ok()?;
            out.get_mut(at..at + 4)?.copy_from_slice(&size.to_be_bytes());
            out.push(END);
        }
        Some(())
    }

    fn cells(&self, part: &Part, row: usize, out: &mut Vec<u8>) -> Option<()> {
        for ((column, put), gone) in part.columns.iter().zip(&self.puts).zip(&self.gone) {
            let start = out.len();
            out.extend_from_slice(put);
            let at = out.len();
            out.extend_from_slice(&[0; 4]);
            if column.append(row, Look::Cell, out)? {
                let size = i32::try_from(out.len() - at - 4).ok()?;
                out.get_mut(at..at + 4)?.copy_from_slice(&size.to_be_bytes());
                out.push(END);
            } else {
                out.truncate(start);
                out.extend_from_slice(gone);
            }
        }
        Some(())
    }
}

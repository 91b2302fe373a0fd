//! Where a document came from, as one field of it: `ingest.sinks.source_field` says what it holds.

use crate::cursor::le;
use crate::texts::numbers::unsigned;
use crate::texts::{calendar, quoted};

const END_US: u64 = 253_402_300_800_000_000;

/// The transactions of a slice's rows. `heads`: the texts up to the version, one behind the other; `ends`: where each
/// ends; `stamp_of`: the transaction of each row (four bytes, little-endian).
#[derive(Debug, Clone)]
pub struct Source<'a> {
    heads: Vec<u8>,
    ends: Vec<usize>,
    stamp_of: &'a [u8],
}

impl<'a> Source<'a> {
    /// `table`: its name in JSON; `packed`: stamps (`ingest.slices.TransactionStamp`). None when they end within one.
    pub fn new(table: &[u8], packed: &[u8], stamp_of: &'a [u8]) -> Option<Self> {
        let (mut heads, mut ends) = (Vec::new(), Vec::new());
        let mut rest = packed;
        while !rest.is_empty() {
            let (commit_us, position) = (le(rest.get(..8)?), le(rest.get(8..16)?));
            let gtid = rest.get(18..18usize.checked_add(le(rest.get(16..18)?) as usize)?)?;
            let behind = rest.get(18 + gtid.len()..)?;
            let file = behind.get(2..2usize.checked_add(le(behind.get(..2)?) as usize)?)?;
            rest = behind.get(2 + file.len()..)?;
            heads.extend_from_slice(b"{\"gtid\":");
            quoted(gtid, &mut heads);
            heads.extend_from_slice(b",\"file\":");
            quoted(file, &mut heads);
            heads.extend_from_slice(b",\"position\":");
            unsigned(position, &mut heads);
            heads.extend_from_slice(b",\"commit_time\":");
            moment(commit_us, &mut heads)?;
            heads.extend_from_slice(b",\"table\":");
            heads.extend_from_slice(table);
            heads.extend_from_slice(b",\"version\":");
            ends.push(heads.len());
        }
        Some(Self { heads, ends, stamp_of })
    }

    /// About how many bytes a text takes.
    pub fn room(&self) -> usize {
        self.heads.len() / self.ends.len().max(1) + 24
    }

    pub fn append(&self, row: usize, version: u64, out: &mut Vec<u8>) -> Option<()> {
        let at = row.checked_mul(4)?;
        let number = le(self.stamp_of.get(at..at.checked_add(4)?)?) as usize;
        let start = match number.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        out.extend_from_slice(self.heads.get(start..*self.ends.get(number)?)?);
        unsigned(version, out);
        out.push(b'}');
        Some(())
    }
}

fn moment(commit_us: u64, out: &mut Vec<u8>) -> Option<()> {
    if commit_us >= END_US {
        out.extend_from_slice(b"null");
        return Some(());
    }
    out.push(b'"');
    calendar::datetime(i64::try_from(commit_us).ok()?, 6, b'T', out)?;
    out.extend_from_slice(b"Z\"");
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let mut packed = 1_704_164_645_123_456u64.to_le_bytes().to_vec();
        packed.extend_from_slice(&157u64.to_le_bytes());
        packed.extend_from_slice(&[3, 0, b'a', b':', b'1', 1, 0, b'f']);
        let mut two = packed.clone();
        two.extend_from_slice(&[[255; 8], [0; 8]].concat());
        two.extend_from_slice(&[0, 0, 0, 0]);
        let rows = [1u32.to_le_bytes(), 0u32.to_le_bytes(), 2u32.to_le_bytes()].concat();
        let source = Source::new(b"\"s.t\"", &two, &rows).unwrap();
        let mut out = Vec::new();
        source.append(1, 7, &mut out).unwrap();
        source.append(0, 8, &mut out).unwrap();
        let first = r#"{"gtid":"a:1","file":"f","position":157,"commit_time":"2024-01-02T03:04:05.123456Z","table":"s.t","version":7}"#;
        let second = r#"{"gtid":"","file":"","position":0,"commit_time":null,"table":"s.t","version":8}"#;
        assert_eq!(String::from_utf8(out).unwrap(), format!("{first}{second}"));
        assert!(source.append(2, 1, &mut Vec::new()).is_none());
        assert!(source.append(3, 1, &mut Vec::new()).is_none());
        for end in 1..packed.len() {
            assert!(Source::new(b"\"t\"", &packed[..end], &rows).is_none());
        }
    }
}

//! How late transactions are, from the packed stamps of slices (`ingest.lane.lag`, `ingest.slices.TransactionStamp`).

use std::collections::HashSet;

use crate::cursor::le;
use crate::hashing::Quick;

/// Transactions per bucket (`bounds_ms`: the buckets' upper bounds; one more holds the rest), and the sum in
/// milliseconds. A transaction counts once, however many slices hold it. None when stamps end within one.
pub fn lags(slices: &[&[u8]], now_us: u64, bounds_ms: &[f64]) -> Option<(Vec<u64>, f64)> {
    let mut counts = vec![0u64; bounds_ms.len() + 1];
    let mut sum_ms = 0.0;
    let mut seen: HashSet<&[u8], Quick> = HashSet::default();
    for packed in slices {
        let mut rest = *packed;
        while !rest.is_empty() {
            let commit_us = le(rest.get(..8)?);
            let gtid = rest.get(18..18usize.checked_add(le(rest.get(16..18)?) as usize)?)?;
            let behind = rest.get(18 + gtid.len()..)?;
            rest = behind.get(2usize.checked_add(le(behind.get(..2)?) as usize)?..)?;
            if slices.len() > 1 && !seen.insert(gtid) {
                continue;
            }
            let lag_ms = now_us.saturating_sub(commit_us) as f64 / 1000.0;
            let bucket = bounds_ms.iter().position(|bound| lag_ms <= *bound).unwrap_or(bounds_ms.len());
            *counts.get_mut(bucket)? += 1;
            sum_ms += lag_ms;
        }
    }
    Some((counts, sum_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(commit_us: u64, gtid: &[u8]) -> Vec<u8> {
        let mut packed = commit_us.to_le_bytes().to_vec();
        packed.extend_from_slice(&[0; 8]);
        packed.extend_from_slice(&(gtid.len() as u16).to_le_bytes());
        packed.extend_from_slice(gtid);
        packed.extend_from_slice(&[1, 0, b'f']);
        packed
    }

    #[test]
    fn each_transaction_once() {
        let (first, second) = (stamp(1_000, b"a:1"), [stamp(1_000, b"a:1"), stamp(9_000, b"a:2")].concat());
        assert_eq!(lags(&[&first, &second], 11_000, &[2.0, 10.0]), Some((vec![1, 1, 0], 12.0)));
        assert_eq!(lags(&[&second[..20]], 11_000, &[2.0]), None);
        assert_eq!(lags(&[], 0, &[2.0]), Some((vec![0, 0], 0.0)));
    }
}

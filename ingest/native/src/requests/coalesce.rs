//! Of several operations on one document only the newest counts (`ingest.sinks.coalesce`).

use std::collections::HashMap;

use super::Part;
use crate::hashing::Quick;

type Document<'a> = (&'a str, &'a [u8], Option<&'a [u8]>);

/// The rows of each part that count, rising. The inner None: all of them.
#[allow(clippy::option_option)]
pub fn newest_rows(parts: &[Part]) -> Option<Option<Vec<Vec<u32>>>> {
    let total = parts.iter().map(|part| part.rows).sum();
    let mut newest: HashMap<Document, (u64, usize, usize), Quick> =
        HashMap::with_capacity_and_hasher(total, Quick::default());
    for (number, part) in parts.iter().enumerate() {
        for row in 0..part.rows {
            let version = part.version(row)?;
            let known = newest
                .entry((part.target(row)?, part.keys.bytes(row)?, part.routing(row)?))
                .or_insert((version, number, row));
            if version >= known.0 {
                *known = (version, number, row);
            }
        }
    }
    if newest.len() == total {
        return Some(None);
    }
    let mut rows = vec![Vec::new(); parts.len()];
    for (_, number, row) in newest.into_values() {
        rows.get_mut(number)?.push(u32::try_from(row).ok()?);
    }
    rows.iter_mut().for_each(|chosen| chosen.sort_unstable());
    Some(Some(rows))
}

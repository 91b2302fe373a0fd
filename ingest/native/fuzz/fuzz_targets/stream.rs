//! A stream of any events: values or a Problem, never a panic. The bytes are cut into events, and each gets the length and
//! checksum that let it through the frame, so that what is behind it is reached. Tables are learned as they come.
#![no_main]

use ingest_core::cursor::Cursor;
use ingest_core::flow::Flow;
use ingest_core::framing::{CHECKSUM_SIZE, HEADER_SIZE};
use ingest_core::key_text::{KeyColumn, KeyPlan};
use ingest_core::layout::{ImageLayout, StoredSize};
use ingest_core::stream::{Event, Learned, Route, Stream};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (bool, bool, Option<u16>, Vec<Vec<u8>>)| {
    let (checksum, short_way, limit_bytes, events) = input;
    let mut stream = Stream::new(checksum, String::new(), 4);
    stream.short_way = short_way;
    stream.limit(limit_bytes.map(u64::from));
    let mut flow = Flow::new(3, 5, 1000, 1 << 20, 1 << 40);
    for event in &events {
        stream.push(&framed(event, checksum));
        loop {
            match stream.next(&mut [&mut flow]) {
                Ok(Some(Event::TableMap { body, .. })) => learn(&mut stream, &body),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        for shard in 0..3 {
            while flow.shards[shard].next_last_ordinal(true).is_some() {
                let batch = flow.take(shard);
                assert!(batch.parts.iter().map(|part| part.kinds.len()).sum::<usize>() == batch.rows);
            }
        }
    }
    flow.advance(flow.ordinal);
    assert_eq!(flow.size_bytes, 0);
});

fn framed(event: &[u8], checksum: bool) -> Vec<u8> {
    let mut whole = event.to_vec();
    whole.resize(whole.len().max(HEADER_SIZE), 0);
    let size = whole.len() + if checksum { CHECKSUM_SIZE } else { 0 };
    whole[9..13].copy_from_slice(&(size as u32).to_le_bytes());
    if checksum {
        let crc = crc32fast::hash(&whole);
        whole.extend_from_slice(&crc.to_le_bytes());
    }
    whole
}

/// Types and metadata of the map, as far as they go, with the first column as key.
fn learn(stream: &mut Stream, body: &[u8]) {
    let mut cursor = Cursor::new(&body[8..]);
    let columns = (|| {
        for _ in 0..2 {
            let length = cursor.uint(1).ok()?;
            cursor.take(length + 1).ok()?;
        }
        let count = cursor.packed().ok()?;
        cursor.take(count).ok()
    })();
    let Some(types) = columns.filter(|types| !types.is_empty() && types.len() < 100) else { return };
    let sizes: Vec<StoredSize> = types.iter().map(|kind| size_of(*kind)).collect();
    let bitmap = vec![0xFF; types.len().div_ceil(8)];
    let plan = KeyPlan { columns: vec![(0, key_of(types[0]))], key: 1 };
    let number = stream.body_number(&body[8..]);
    for (before, after) in [(&[][..], &bitmap[..]), (&bitmap[..], &bitmap[..]), (&bitmap[..], &[][..])] {
        let layout = |bitmap: &[u8]| if bitmap.is_empty() { None } else { ImageLayout::new(&sizes, bitmap, &[0]) };
        let route = Route { shape: 0, before: Some(plan.clone()), after: Some(plan.clone()) };
        let learned = Learned {
            columns: types.len() as u64,
            before: layout(before),
            after: layout(after),
            lanes: vec![(0, vec![route])],
        };
        stream.learn(number, before.to_vec(), after.to_vec(), Some(learned));
    }
}

fn size_of(kind: u8) -> StoredSize {
    match kind % 4 {
        0 => StoredSize { fixed: 4, length_bytes: 0 },
        1 => StoredSize { fixed: 0, length_bytes: 1 },
        2 => StoredSize { fixed: 0, length_bytes: 2 },
        _ => StoredSize { fixed: 1, length_bytes: 4 },
    }
}

fn key_of(kind: u8) -> KeyColumn {
    match kind % 4 {
        0 => KeyColumn::Signed { size: 4 },
        1 => KeyColumn::Utf8 { length_bytes: 1 },
        2 => KeyColumn::Hex { length_bytes: 2, width: 3 },
        _ => KeyColumn::Year,
    }
}

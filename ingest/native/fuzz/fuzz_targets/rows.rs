//! Row images and key columns of any bytes: cut and rendered, or refused; never a panic, never a place outside the bytes.
#![no_main]

use ingest_core::columns::DecimalGroups;
use ingest_core::key_text::KeyColumn;
use ingest_core::layout::{ImageLayout, StoredSize, NULL};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<(u8, u8)>, Vec<u8>, u8, Vec<u8>)| {
    let (columns, bitmap, key, data) = input;
    for column in key_columns(key) {
        let mut out = Vec::new();
        if column.render(&data, &mut out).is_some() {
            assert!(std::str::from_utf8(&out).is_ok());
        }
    }
    let sizes: Vec<StoredSize> = columns
        .iter()
        .take(200)
        .map(|(fixed, length)| StoredSize { fixed: u32::from(*fixed), length_bytes: length % 5 })
        .collect();
    let noted = [usize::from(key) % sizes.len().max(1)];
    let Some(layout) = ImageLayout::new(&sizes, &bitmap, &noted) else { return };
    let mut places = [0];
    let Some(end) = layout.cut(&data, 0, &mut places) else { return };
    assert!(end <= data.len() && (places[0] == NULL || places[0] <= end));
    let mut seen = 0;
    assert!(layout.values(&data[..end], |_, value| seen += value.map_or(0, <[u8]>::len)).is_some());
    assert!(seen <= end);
});

fn key_columns(key: u8) -> [KeyColumn; 13] {
    let (size, digits) = (usize::from(key % 8) + 1, usize::from(key % 7));
    let groups =
        DecimalGroups::new(usize::from(key % 65) + 1, usize::from(key % 65).min(30)).expect("a column's shape");
    let names: Vec<String> = (0..key % 70).map(|name| name.to_string()).collect();
    [
        KeyColumn::Signed { size },
        KeyColumn::Unsigned { size },
        KeyColumn::Bit { size },
        KeyColumn::Year,
        KeyColumn::Enum { size, names: names.clone() },
        KeyColumn::Set { size, names },
        KeyColumn::Utf8 { length_bytes: size },
        KeyColumn::Hex { length_bytes: size, width: size },
        KeyColumn::Decimal(groups),
        KeyColumn::Date,
        KeyColumn::Datetime { digits },
        KeyColumn::Timestamp { digits },
        KeyColumn::Time { digits },
    ]
}

//! Values of any bytes as any type, one by one and as the rows of a slice: Arrow buffers that fit together, or refused.
#![no_main]

use ingest_core::columns::{Builder, Column, DecimalShape, Form, ImageColumns, Side, SliceImages};
use ingest_core::layout::StoredSize;
use libfuzzer_sys::fuzz_target;

type Row = (u8, Vec<u8>, Vec<u8>);

fuzz_target!(|input: (Vec<(u8, u8)>, Vec<u8>, Vec<Row>)| {
    let (columns, value, rows) = input;
    for number in 0..FORMS {
        for size in [0, 3] {
            let form = form_of(number, size);
            let mut builder = Builder::new(&form, 2);
            let read = builder.value(&value).and_then(|()| builder.null());
            if let Some(column) = read.and_then(|()| builder.finish()) {
                fits(&column, 2, &form);
            }
        }
    }
    let columns = &columns[..columns.len().min(40)];
    let sizes: Vec<StoredSize> =
        columns.iter().map(|(form, size)| StoredSize { fixed: fixed(*form, *size), length_bytes: size % 5 }).collect();
    let forms = columns.iter().map(|(form, size)| form_of(*form, *size)).enumerate().collect();
    let present = vec![0xFF; columns.len().div_ceil(8)];
    let Some(reader) = ImageColumns::new(&sizes, &present, forms) else { return };
    let (mut images, mut ends, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
    for (kind, before, after) in &rows {
        let kind = kind % 3 + 1;
        kinds.push(kind);
        for (image, there) in [(before, kind != 1), (after, kind != 3)] {
            if there {
                images.extend_from_slice(image);
            }
            ends.extend_from_slice(&(images.len() as u32).to_le_bytes());
        }
    }
    let Some(slice) = SliceImages::new(&images, &ends, &kinds) else { return };
    for side in [Side::Before, Side::After] {
        for (column, (form, size)) in reader.decode(&slice, side).iter().flatten().zip(columns) {
            fits(column, slice.rows(), &form_of(*form, *size));
        }
    }
});

const FORMS: u8 = 16;

fn form_of(number: u8, size: u8) -> Form {
    match number % FORMS {
        0 => Form::Fixed { size: 1 << (size % 4) },
        1 => Form::Float { size: if size % 2 == 0 { 4 } else { 8 } },
        2 => Form::Mediumint { signed: size % 2 == 0 },
        3 => Form::Year,
        4 => Form::Bit { width: u32::from(size % 64) + 1 },
        5 => Form::Decimal(DecimalShape::new(usize::from(size % 65) + 1, usize::from(size / 8)).unwrap_or_else(money)),
        6 => Form::Text,
        7 => Form::Ascii,
        8 => Form::Bytes { width: usize::from(size) },
        9 => Form::Enum { names: vec![String::new(), "a".into(), "é".into()] },
        10 => Form::Json,
        11 => Form::Date,
        12 => Form::Datetime,
        13 => Form::Timestamp,
        14 => Form::Time,
        _ => Form::Raw,
    }
}

fn money() -> DecimalShape {
    DecimalShape::new(10, 2).expect("a column's shape")
}

fn fixed(form: u8, size: u8) -> u32 {
    match form % FORMS {
        0 => 1 << (size % 4),
        number => u32::from(number % 9),
    }
}

/// As many bits and offsets as rows; offsets rise to the end of the data; text is UTF-8.
fn fits(column: &Column, rows: usize, form: &Form) {
    assert!(column.validity.is_empty() || column.validity.len() == rows.div_ceil(8));
    if column.offsets.is_empty() {
        assert!(rows == 0 || column.data.len() % rows == 0);
        return;
    }
    let offsets: Vec<u32> =
        column.offsets.chunks(4).map(|offset| u32::from_le_bytes(offset.try_into().expect("four bytes"))).collect();
    assert_eq!(offsets.len(), rows + 1);
    assert!(offsets.windows(2).all(|pair| pair[0] <= pair[1]));
    assert_eq!(offsets[rows] as usize, column.data.len());
    if !column.raw && matches!(form, Form::Text | Form::Ascii | Form::Enum { .. } | Form::Json) {
        assert!(std::str::from_utf8(&column.data).is_ok());
    }
}

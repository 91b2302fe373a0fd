//! Operations in any buffers, to the requests of each sink: bodies whose ends and rows fit together, or refused.
#![no_main]

use ingest_core::requests::{requests, Envelope, HbaseForm, Limits, Part, Request, Source};
use ingest_core::texts::{ColumnView, TextForm};
use libfuzzer_sys::{arbitrary, fuzz_target};

#[derive(arbitrary::Arbitrary, Debug)]
struct Buffers {
    form: u8,
    digits: u8,
    offset: u8,
    validity: Option<Vec<u8>>,
    offsets: Vec<u8>,
    data: Vec<u8>,
}

#[derive(arbitrary::Arbitrary, Debug)]
struct Input {
    rows: u8,
    keys: Buffers,
    versions: Vec<u8>,
    deletes: Vec<u8>,
    targets: Vec<String>,
    target_of: Vec<u8>,
    routings: Option<Buffers>,
    columns: Vec<Buffers>,
    source: Option<(Vec<u8>, Vec<u8>)>,
    items: u8,
    most_bytes: u16,
    by_target: bool,
}

fuzz_target!(|input: Input| {
    let count = input.columns.len() + usize::from(input.source.is_some());
    let names = || vec![b"\"n\":".to_vec(); count];
    let cells = HbaseForm { puts: names(), gone: names(), deletion: (1, b"gone".to_vec()) };
    for envelope in [
        Envelope::Index { names: names() },
        Envelope::Upsert { names: names() },
        Envelope::Hbase(cells),
        Envelope::Bare { names: Some(names()) },
        Envelope::Bare { names: None },
    ] {
        let parts = [part(&input, &envelope), part(&input, &envelope)];
        let limits = Limits {
            items: usize::from(input.items),
            bytes: usize::from(input.most_bytes),
            by_target: input.by_target,
        };
        let all = 2 * usize::from(input.rows);
        for newest in [false, true] {
            let Some(encoded) = requests(&parts, limits, newest) else { continue };
            let items: usize = encoded.requests.iter().map(checked).sum();
            assert_eq!(items, encoded.upserts + encoded.deletes);
            assert!(if newest { items <= all / 2 } else { items == all }, "both parts have the same documents");
        }
    }
});

/// How many items a request has.
fn checked(request: &Request) -> usize {
    let ends: Vec<u64> =
        request.ends.chunks(8).map(|end| u64::from_le_bytes(end.try_into().expect("eight bytes"))).collect();
    assert!(ends.windows(2).all(|pair| pair[0] <= pair[1]));
    assert_eq!(ends.last().copied(), Some(request.body.len() as u64));
    assert_eq!((request.parts.len(), request.rows.len()), (ends.len() * 4, ends.len() * 4));
    ends.len()
}

fn part<'a>(input: &'a Input, envelope: &Envelope) -> Part<'a> {
    Part {
        rows: usize::from(input.rows),
        keys: view(&input.keys),
        versions: &input.versions,
        deletes: &input.deletes,
        targets: input.targets.clone(),
        target_of: &input.target_of,
        routings: input.routings.as_ref().map(view),
        envelope: envelope.clone(),
        columns: input.columns.iter().map(view).collect(),
        source: input.source.as_ref().and_then(|(stamps, stamp_of)| Source::new(b"\"t\"", stamps, stamp_of)),
    }
}

fn view(buffers: &Buffers) -> ColumnView<'_> {
    ColumnView {
        form: form_of(buffers.form, usize::from(buffers.digits)),
        offset: usize::from(buffers.offset),
        validity: buffers.validity.as_deref(),
        offsets: &buffers.offsets,
        data: &buffers.data,
    }
}

fn form_of(form: u8, digits: usize) -> TextForm {
    match form % 12 {
        0 => TextForm::Signed { size: digits % 9 },
        1 => TextForm::Unsigned { size: digits % 9 },
        2 => TextForm::Year,
        3 => TextForm::Decimal { scale: digits % 66, size: if digits > 127 { 16 } else { 32 } },
        4 => TextForm::Float { size: 4 },
        5 => TextForm::Float { size: 8 },
        6 => TextForm::Text,
        7 => TextForm::Verbatim,
        8 => TextForm::Binary,
        9 => TextForm::Date,
        10 => TextForm::Datetime { digits: digits % 7, zone: digits > 127 },
        _ => TextForm::Time { digits: digits % 7 },
    }
}

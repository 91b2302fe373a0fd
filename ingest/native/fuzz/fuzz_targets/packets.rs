//! The framer on any bytes, cut in any way: events and what is held back, or a Problem; never a panic.
#![no_main]

use ingest_core::packets::Framer;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (Vec<u8>, Vec<u16>)| {
    let (data, cuts) = input;
    let mut framer = Framer::new(1, 1 << 20);
    let (mut at, mut seen) = (0, 0);
    for cut in cuts.iter().map(|cut| usize::from(*cut)).chain([usize::MAX]) {
        let end = at + cut.min(data.len() - at);
        let Ok(found) = framer.feed(&data[at..end]) else { return };
        seen += found.iter().map(|event| event.len() + 5).sum::<usize>();
        if found.ending.is_some() {
            return;
        }
        at = end;
    }
    assert!(seen <= data.len(), "no byte comes out twice");
});

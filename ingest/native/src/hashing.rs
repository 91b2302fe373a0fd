//! A quick hash for maps of one request or parcel. Keys that collide on purpose cost comparisons, but a request has a
//! bounded number of them.

use std::hash::{BuildHasherDefault, Hasher};

use crate::cursor::le;

pub type Quick = BuildHasherDefault<QuickHasher>;

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

#[derive(Default, Clone, Copy)]
pub struct QuickHasher(u64);

impl QuickHasher {
    #[inline]
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * u128::from(FACTOR);
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for QuickHasher {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.mix(le(word));
        }
        self.mix(le(words.remainder()) ^ FACTOR.rotate_left(words.remainder().len() as u32));
    }

    #[inline]
    fn write_u8(&mut self, byte: u8) {
        self.mix(u64::from(byte));
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.mix(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

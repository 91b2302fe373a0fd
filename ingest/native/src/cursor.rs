//! A position in bytes: the reads that event bodies are made of. Running out of bytes is a `Damage`, never a panic.

/// The bytes aren't what their format says (the text says how).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage(pub String);

pub type Read<T> = Result<T, Damage>;

pub fn damage<T>(what: impl Into<String>) -> Read<T> {
    Err(Damage(what.into()))
}

/// Reads little-endian numbers and runs of bytes, moving `at`.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Cursor { data, at: 0 }
    }

    pub fn left(&self) -> usize {
        self.data.len() - self.at
    }

    /// The next `size` bytes.
    pub fn take(&mut self, size: u64) -> Read<&'a [u8]> {
        let left = self.left();
        match usize::try_from(size) {
            Ok(size) if size <= left => {
                self.at += size;
                Ok(&self.data[self.at - size..self.at])
            }
            _ => damage(format!("{size} bytes wanted at offset {}, {left} there", self.at)),
        }
    }

    /// An unsigned number of `size` bytes, 8 at most.
    pub fn uint(&mut self, size: u32) -> Read<u64> {
        Ok(le(self.take(u64::from(size))?))
    }

    /// A length-encoded integer of the MySQL protocol (1, 3, 4 or 9 bytes).
    pub fn packed(&mut self) -> Read<u64> {
        match self.uint(1)? {
            first @ (251 | 255) => damage(format!("{first} doesn't start a length-encoded integer")),
            252 => self.uint(2),
            253 => self.uint(3),
            254 => self.uint(8),
            first => Ok(first),
        }
    }

    /// An unsigned variable-length integer of MySQL's serialization library: as many one-bits at the low end of the
    /// first byte as bytes follow (libs/mysql/serialization/readme.md).
    pub fn varlen(&mut self) -> Read<u64> {
        let first = self.uint(1)?;
        let follow = (!first).trailing_zeros();
        if follow >= 8 {
            return self.uint(8);
        }
        Ok(first >> (follow + 1) | self.uint(follow)? << (7 - follow))
    }

    /// Everything that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = &self.data[self.at..];
        self.at = self.data.len();
        rest
    }
}

/// A little-endian unsigned number of at most 8 bytes.
pub fn le(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// A big-endian unsigned number of at most 8 bytes.
pub fn be(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

//! Row images to columns of Arrow buffers: the sink's half of the decoder (`ingest.binlog.slice_decoder`, whose results
//! these are). What isn't understood gives None, and the Python side says what is wrong with it.

mod builder;
mod decimals;
mod json;
mod temporal;

pub use builder::{Builder, Column, Form};
pub use decimals::{DecimalGroups, DecimalShape};

use crate::cursor::le;
use crate::layout::{ImageLayout, StoredSize};

/// Which of a row's images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// Reads images of one table with one columns-present bitmap.
#[derive(Debug, Clone)]
pub struct ImageColumns {
    layout: ImageLayout,
    forms: Vec<Form>,
    /// For each present column, which of the forms reads it, if any does.
    wanted: Vec<Option<usize>>,
}

impl ImageColumns {
    /// `columns`: (schema index, form) of what is wanted. None when one isn't present, or comes twice.
    pub fn new(sizes: &[StoredSize], present: &[u8], columns: Vec<(usize, Form)>) -> Option<ImageColumns> {
        let layout = ImageLayout::new(sizes, present, &[])?;
        let mut wanted = vec![None; layout.present.len()];
        for (number, (column, _)) in columns.iter().enumerate() {
            let place = layout.present.iter().position(|one| one == column)?;
            if wanted.get_mut(place)?.replace(number).is_some() {
                return None;
            }
        }
        let forms = columns.into_iter().map(|(_, form)| form).collect();
        Some(ImageColumns { layout, forms, wanted })
    }

    /// One column per form, one row per row of the slice: null where there is no image.
    pub fn decode(&self, slice: &SliceImages, side: Side) -> Option<Vec<Column>> {
        let mut builders: Vec<Builder> = self.forms.iter().map(|form| Builder::new(form, slice.rows())).collect();
        for row in 0..slice.rows() {
            let image = slice.image(row, side)?;
            if image.is_empty() {
                builders.iter_mut().try_for_each(Builder::null)?;
                continue;
            }
            let mut fine = Some(());
            self.layout.values(image, |place, value| {
                let Some(builder) = self.wanted.get(place).copied().flatten().and_then(|one| builders.get_mut(one))
                else {
                    return;
                };
                let read = match value {
                    Some(raw) => builder.value(raw),
                    None => builder.null(),
                };
                fine = fine.and(read);
            })?;
            fine?;
        }
        builders.into_iter().map(Builder::finish).collect()
    }
}

/// The images of a slice (`ingest.slices.Slice`), checked: they follow each other to the end, and are there as each row's
/// kind says.
#[derive(Debug, Clone, Copy)]
pub struct SliceImages<'a> {
    images: &'a [u8],
    ends: &'a [u8],
}

const BEFORE: u8 = 1;
const AFTER: u8 = 2;

impl<'a> SliceImages<'a> {
    pub fn new(images: &'a [u8], ends: &'a [u8], kinds: &[u8]) -> Option<SliceImages<'a>> {
        if ends.len() != kinds.len().checked_mul(8)? {
            return None;
        }
        let mut last = 0;
        for (pair, kind) in ends.chunks_exact(8).zip(kinds) {
            let (before, after) = (le(pair.get(..4)?) as usize, le(pair.get(4..)?) as usize);
            let there = match kind {
                1 => AFTER,
                2 => BEFORE | AFTER,
                3 => BEFORE,
                _ => return None,
            };
            let found = if before > last { BEFORE } else { 0 } | if after > before { AFTER } else { 0 };
            if before < last || after < before || found != there {
                return None;
            }
            last = after;
        }
        (last == images.len()).then_some(SliceImages { images, ends })
    }

    pub fn rows(&self) -> usize {
        self.ends.len() / 8
    }

    #[inline]
    fn end(&self, number: usize) -> Option<usize> {
        Some(le(self.ends.get(4 * number..4 * number + 4)?) as usize)
    }

    #[inline]
    fn image(&self, row: usize, side: Side) -> Option<&'a [u8]> {
        let number = 2 * row + usize::from(side == Side::After);
        let start = if number == 0 { 0 } else { self.end(number - 1)? };
        self.images.get(start..self.end(number)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn slices_that_do_not_fit() {
        assert!(SliceImages::new(b"ab", &ends(&[1, 2]), &[2]).is_some());
        for (images, ends, kinds) in [
            (&b"ab"[..], ends(&[1, 2]), &[1u8][..]),
            (b"ab", ends(&[2, 1]), &[2]),
            (b"a", ends(&[1, 2]), &[2]),
            (b"abc", ends(&[1, 2]), &[2]),
            (b"ab", ends(&[1]), &[2]),
            (b"ab", ends(&[1, 2]), &[4]),
        ] {
            assert!(SliceImages::new(images, &ends, kinds).is_none());
        }
    }

    #[test]
    fn columns() {
        let sizes = [StoredSize { fixed: 1, length_bytes: 0 }, StoredSize { fixed: 0, length_bytes: 1 }];
        let wanted = vec![(1, Form::Text), (0, Form::Fixed { size: 1 })];
        let reader = ImageColumns::new(&sizes, &[3], wanted).unwrap();
        let images = b"\0\x05\x01x\x02\x06";
        let ends = ends(&[0, 4, 4, 6]);
        let slice = SliceImages::new(images, &ends, &[1, 1]).unwrap();
        let after = reader.decode(&slice, Side::After).unwrap();
        assert_eq!((after[0].data.as_slice(), after[0].nulls), (&b"x"[..], 1));
        assert_eq!(after[1].data, [5, 6]);
        assert_eq!(reader.decode(&slice, Side::Before).unwrap()[1].nulls, 2);
        assert!(ImageColumns::new(&sizes, &[1], vec![(1, Form::Text)]).is_none());
    }
}

//! How the values of a row image lie: cuts an image out of a run of bytes without decoding it, noting where the columns
//! that make keys begin.
//!
//! An image is a null bitmap over the columns present, then the value of each present column that isn't null. Most
//! images have no NULL: for these, runs of fixed-size columns melt into one step.

/// A column's stored value: `fixed` bytes, and then, where `length_bytes` isn't 0, a length and that much more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredSize {
    pub fixed: u32,
    pub length_bytes: u8,
}

/// The offset of a NULL.
pub const NULL: usize = usize::MAX;
const NO_SLOT: usize = usize::MAX;

#[derive(Debug, Clone, Copy)]
struct Step {
    /// Note this place first, unless NO_SLOT.
    slot: usize,
    fixed: usize,
    length_bytes: usize,
}

/// The images of one table with one columns-present bitmap.
#[derive(Debug, Clone, Default)]
pub struct ImageLayout {
    /// Schema index of each present column.
    pub present: Vec<usize>,
    pub null_bytes: usize,
    columns: Vec<Step>,
    without_nulls: Vec<Step>,
    slots: usize,
}

impl ImageLayout {
    /// `bitmap`: bit i says whether column i is present. `noted`: schema indexes of the columns whose place is wanted, in
    /// the order of the slots. None when one of these isn't present or the bitmap doesn't fit.
    pub fn new(sizes: &[StoredSize], bitmap: &[u8], noted: &[usize]) -> Option<ImageLayout> {
        if bitmap.len() != sizes.len().div_ceil(8) {
            return None;
        }
        let present: Vec<usize> = (0..sizes.len()).filter(|i| bitmap[i / 8] >> (i % 8) & 1 == 1).collect();
        if noted.iter().any(|column| !present.contains(column)) {
            return None;
        }
        let columns: Vec<Step> = present
            .iter()
            .map(|column| Step {
                slot: noted.iter().position(|one| one == column).unwrap_or(NO_SLOT),
                fixed: sizes[*column].fixed as usize,
                length_bytes: usize::from(sizes[*column].length_bytes),
            })
            .collect();
        let without_nulls = melted(&columns);
        let null_bytes = present.len().div_ceil(8);
        Some(ImageLayout { present, null_bytes, columns, without_nulls, slots: noted.len() })
    }

    /// How many places are noted per image.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Where the image that starts at `at` ends, if it ends within `data`. `places[slot]`: where each noted column
    /// begins, or NULL.
    #[inline]
    pub fn cut(&self, data: &[u8], at: usize, places: &mut [usize]) -> Option<usize> {
        let start = at.checked_add(self.null_bytes)?;
        let nulls = data.get(at..start)?;
        let end = if nulls.iter().all(|byte| *byte == 0) {
            walk(&self.without_nulls, data, start, places)?
        } else {
            self.cut_with_nulls(nulls, data, start, places)?
        };
        (end <= data.len()).then_some(end)
    }

    fn cut_with_nulls(&self, nulls: &[u8], data: &[u8], start: usize, places: &mut [usize]) -> Option<usize> {
        let mut at = start;
        for (place, step) in self.columns.iter().enumerate() {
            if nulls[place / 8] >> (place % 8) & 1 == 1 {
                if step.slot != NO_SLOT {
                    places[step.slot] = NULL;
                }
                continue;
            }
            at = walk(std::slice::from_ref(step), data, at, places)?;
        }
        Some(at)
    }

    /// The value of each present column of a whole image, in order: None for NULL. None when it isn't cut exactly.
    pub fn values<'a>(&self, image: &'a [u8], mut each: impl FnMut(usize, Option<&'a [u8]>)) -> Option<()> {
        let nulls = image.get(..self.null_bytes)?;
        let mut at = self.null_bytes;
        for (place, step) in self.columns.iter().enumerate() {
            if nulls[place / 8] >> (place % 8) & 1 == 1 {
                each(place, None);
                continue;
            }
            let mut start = at;
            at = at.checked_add(step.fixed)?;
            if step.length_bytes > 0 {
                start = at + step.length_bytes;
                at = start.checked_add(length(data_at(image, at, step.length_bytes)?))?;
            }
            each(place, Some(image.get(start..at)?));
        }
        (at == image.len()).then_some(())
    }
}

/// Takes the steps from `at`; bytes may be missing at the end, which the caller checks.
#[inline]
fn walk(steps: &[Step], data: &[u8], mut at: usize, places: &mut [usize]) -> Option<usize> {
    for step in steps {
        if step.slot != NO_SLOT {
            places[step.slot] = at;
        }
        at += step.fixed;
        match step.length_bytes {
            0 => {}
            1 => at += usize::from(*data.get(at)?) + 1,
            2 => at += length(data_at(data, at, 2)?) + 2,
            size => at += length(data_at(data, at, size)?) + size,
        }
        if at > data.len() {
            return None;
        }
    }
    Some(at)
}

#[inline]
fn data_at(data: &[u8], at: usize, size: usize) -> Option<&[u8]> {
    data.get(at..at.checked_add(size)?)
}

#[inline]
fn length(bytes: &[u8]) -> usize {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// Steps without NULLs: a run of fixed-size columns becomes one step with whatever ends it.
fn melted(columns: &[Step]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for column in columns {
        match steps.last_mut() {
            Some(last) if last.length_bytes == 0 && column.slot == NO_SLOT => {
                last.fixed += column.fixed;
                last.length_bytes = column.length_bytes;
            }
            _ => steps.push(*column),
        }
    }
    steps
}

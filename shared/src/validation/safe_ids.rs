//! The safe ids of a bulk, to find those that stand twice.

use alloc::vec::Vec;

use super::text::Text;
use crate::limits::BULK_ORDERS_MAX;

/// Places of the hash table: twice as many as there are orders, or more.
const PLACES: usize = (2 * BULK_ORDERS_MAX).next_power_of_two();

/// Safe ids by the order that had them first.
///
/// A hash table with linear probing. Ids that are made to collide cost one comparison for each order before, so at most
/// half the square of [`BULK_ORDERS_MAX`]: a quarter of a millisecond, which needs no secret in the hash.
#[derive(Default)]
pub(super) struct SafeIds<'a> {
    ids: Vec<(Text<'a>, usize)>,
    /// One more than the place in `ids`, or 0. Empty until there is a second id to compare with.
    table: Vec<u16>,
}

impl<'a> SafeIds<'a> {
    /// The order that had this id first, if there was one before.
    pub(super) fn add(&mut self, id: Text<'a>, order: usize) -> Option<usize> {
        if self.table.is_empty() && !self.ids.is_empty() {
            self.table = alloc::vec![0; PLACES];
            for (place, (id, _)) in self.ids.iter().enumerate() {
                Self::enter(&mut self.table, &self.ids, *id, place);
            }
        }
        let first = Self::enter(&mut self.table, &self.ids, id, self.ids.len());
        if first.is_none() {
            self.ids.push((id, order));
        }
        first
    }

    /// Takes the place of an id, unless the same one has it: the order of that.
    fn enter(table: &mut [u16], ids: &[(Text<'a>, usize)], id: Text<'a>, entry: usize) -> Option<usize> {
        let start = hash(id) % PLACES;
        for probe in 0..table.len() {
            let place = table.get_mut((start + probe) % PLACES)?;
            let Some(before) = usize::from(*place).checked_sub(1) else {
                *place = entry as u16 + 1;
                return None;
            };
            if let Some((_, order)) = ids.get(before).filter(|(known, _)| known.is_same(id)) {
                return Some(*order);
            }
        }
        None
    }
}

/// FNV-1a over the characters, which are ASCII.
fn hash(id: Text<'_>) -> usize {
    let fold = |bytes: &[u8]| {
        bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
    };
    let hash = match id.plain() {
        Some(plain) => fold(plain),
        None => fold(id.resolve().as_bytes()),
    };
    (hash ^ hash >> 15) as usize
}

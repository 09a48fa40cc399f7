//! The safe ids of a bulk, to find duplicates.

use alloc::vec::Vec;

use super::text::Text;
use crate::limits::BULK_ORDERS_MAX;

/// Size of the hash table: at least twice the number of orders.
const PLACES: usize = (2 * BULK_ORDERS_MAX).next_power_of_two();

struct Id<'a> {
    hash: u32,
    text: Text<'a>,
    /// The first order with this id.
    order: usize,
}

/// Safe ids with the first order of each: a hash table with linear probing. Ids that are made to collide cost one
/// comparison per earlier order, which ends at the first difference: with [`BULK_ORDERS_MAX`] orders and 64 characters
/// that is bounded without a secret in the hash.
#[derive(Default)]
pub(super) struct SafeIds<'a> {
    ids: Vec<Id<'a>>,
    /// Index in `ids` plus one, or 0. Empty until there is a second id to compare with.
    table: Vec<u16>,
}

impl<'a> SafeIds<'a> {
    /// Adds an id; returns the first order with the same id, if there is one.
    pub(super) fn add(&mut self, text: Text<'a>, order: usize) -> Option<usize> {
        let id = Id { hash: text.hash(), text, order };
        if self.table.is_empty() && !self.ids.is_empty() {
            self.table = alloc::vec![0; PLACES];
            for (place, id) in self.ids.iter().enumerate() {
                Self::enter(&mut self.table, &self.ids, id, place);
            }
        }
        let first = Self::enter(&mut self.table, &self.ids, &id, self.ids.len());
        if first.is_none() {
            self.ids.push(id);
        }
        first
    }

    /// Enters an id in the table, or returns the order that has the same one.
    fn enter(table: &mut [u16], ids: &[Id<'a>], id: &Id<'a>, entry: usize) -> Option<usize> {
        let start = (id.hash ^ id.hash >> 15) as usize % PLACES;
        for probe in 0..table.len() {
            let place = table.get_mut((start + probe) % PLACES)?;
            let Some(before) = usize::from(*place).checked_sub(1) else {
                *place = entry as u16 + 1;
                return None;
            };
            let same = |known: &&Id<'a>| known.hash == id.hash && known.text.is_same(id.text);
            if let Some(known) = ids.get(before).filter(same) {
                return Some(known.order);
            }
        }
        None
    }
}

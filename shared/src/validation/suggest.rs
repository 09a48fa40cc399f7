//! Suggestions for misspelt names.

use super::table::Object;

/// Longer names are not compared: known ones are shorter, and the cost is the product of the lengths.
const BYTES_MAX: usize = 48;

pub(super) fn nearest(name: &str, object: &'static Object) -> Option<&'static str> {
    nearest_of(name, object.fields.iter().map(|field| field.name()))
}

/// The nearest name: at most two typos away, at most one in short names; ignores case.
pub(super) fn nearest_of<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let name = name.as_bytes();
    if name.len() > BYTES_MAX {
        return None;
    }
    // A typo in a single letter leaves nothing.
    let tolerated = match name.len() {
        0 | 1 => 0,
        2..5 => 1,
        _ => 2,
    };
    // A typo changes the length by at most one.
    let known = known.filter(|known| known.len() <= BYTES_MAX && known.len().abs_diff(name.len()) <= tolerated);
    let distances = known.map(|known| (distance(name, known.as_bytes()), known));
    distances
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= tolerated)
        .map(|(_, known)| known)
}

/// The Levenshtein distance in bytes, ignoring case, one row at a time. `right` has at most [`BYTES_MAX`] bytes plus
/// two.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut row: [usize; BYTES_MAX + 3] = core::array::from_fn(|index| index);
    for (index, a) in left.iter().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(right) {
            let cost = (diagonal + usize::from(!a.eq_ignore_ascii_case(b))).min(before + 1).min(*cell + 1);
            diagonal = core::mem::replace(cell, cost);
            before = cost;
        }
    }
    row.get(right.len()).copied().unwrap_or(BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest_of};

    #[test]
    fn one_letter_is_near_to_nothing_but_itself() {
        let nearest = |name: &str| nearest_of(name, ["q", "ids", "sku"].into_iter());
        assert_eq!([nearest(""), nearest("x"), nearest("Q"), nearest("id")], [None, None, Some("q"), Some("ids")]);
    }

    #[test]
    fn distance_counts_slips() {
        for (left, right, slips) in [
            ("", "", 0),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("quantitiy", "quantity", 1),
            ("sku", "sku", 0),
            ("SKU", "sku", 0),
        ] {
            assert_eq!(distance(left.as_bytes(), right.as_bytes()), slips, "{left} {right}");
            assert_eq!(distance(right.as_bytes(), left.as_bytes()), slips, "{right} {left}");
        }
    }
}

//! The known name that a misspelt one was meant to be.

use super::table::Object;

/// Longer names are not compared: none of ours is that long, and the cost is the product of the lengths.
const BYTES_MAX: usize = 48;

/// The nearest member of an object: at most two slips away, at most one in short names; case does not count.
pub(super) fn nearest(name: &str, object: &'static Object) -> Option<&'static str> {
    if name.len() > BYTES_MAX {
        return None;
    }
    let name = name.to_ascii_lowercase();
    let tolerated = if name.len() < 5 { 1 } else { 2 };
    let distance = |known: &str| distance(name.as_bytes(), known.to_ascii_lowercase().as_bytes());
    let (_, field) = object.members().min_by_key(|(_, field)| distance(field.name))?;
    (distance(field.name) <= tolerated).then_some(field.name)
}

/// The edit distance of Levenshtein, in bytes, one row at a time.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, a) in left.iter().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        if let Some(first) = row.first_mut() {
            *first = before;
        }
        for (cell, b) in row.iter_mut().skip(1).zip(right) {
            let cost = (diagonal + usize::from(a != b)).min(before + 1).min(*cell + 1);
            diagonal = std::mem::replace(cell, cost);
            before = cost;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_slips() {
        for (left, right, slips) in
            [("", "", 0), ("", "abc", 3), ("kitten", "sitting", 3), ("quantitiy", "quantity", 1), ("sku", "sku", 0)]
        {
            assert_eq!(distance(left.as_bytes(), right.as_bytes()), slips, "{left} {right}");
            assert_eq!(distance(right.as_bytes(), left.as_bytes()), slips, "{right} {left}");
        }
    }
}

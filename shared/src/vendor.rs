//! A merchant's vendors, and which of them makes a line.

use serde::{Deserialize, Serialize};

use crate::order::Port;

/// A vendor as configured by the operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vendor {
    /// Its id, unique per merchant.
    pub id: String,
    /// Display name.
    pub name: String,
    /// How the vendor is reached.
    pub port: Port,
    /// Where submissions go; only for the port `http`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The signing secret: `whsec_` and Base64, as in Standard Webhooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Prefixes of the SKUs that it makes; the empty prefix matches all.
    pub sku_prefixes: Vec<String>,
}

/// Makes lines that match no configured vendor: a person.
pub const MANUAL_VENDOR: &str = "manual";

/// The vendor of a SKU: the longest matching prefix wins, and the first vendor among equals.
#[must_use]
pub fn route<'v>(vendors: &'v [Vendor], sku: &str) -> Option<&'v Vendor> {
    let longest = |vendor: &Vendor| {
        vendor.sku_prefixes.iter().filter(|prefix| sku.starts_with(prefix.as_str())).map(String::len).max()
    };
    let fitting = vendors.iter().filter_map(|vendor| Some((vendor, longest(vendor)?)));
    // `max_by_key` returns the last of equal elements, so iterate backwards.
    fitting.rev().max_by_key(|(_, length)| *length).map(|(vendor, _)| vendor)
}

#[cfg(test)]
mod tests {
    use super::{Port, Vendor, route};

    fn vendor(id: &str, prefixes: &[&str]) -> Vendor {
        Vendor {
            id: id.to_owned(),
            name: id.to_owned(),
            port: Port::Manual,
            endpoint: None,
            secret: None,
            sku_prefixes: prefixes.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn the_longest_prefix_wins() {
        let vendors = [
            vendor("all", &[""]),
            vendor("mugs", &["MUG-", "CUP-"]),
            vendor("big", &["MUG-BIG"]),
            vendor("b", &["CUP-"]),
        ];
        for (sku, id) in
            [("SHIRT", "all"), ("MUG-S", "mugs"), ("MUG-BIG-1", "big"), ("CUP-1", "mugs"), ("mug-s", "all")]
        {
            assert_eq!(route(&vendors, sku).unwrap().id, id, "{sku}");
        }
        assert!(route(&vendors[1..], "SHIRT").is_none());
    }
}

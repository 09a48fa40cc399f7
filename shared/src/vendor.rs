//! Vendors of a merchant, and which of them makes a line.

use serde::{Deserialize, Serialize};

use crate::order::Port;

/// A vendor as the operator has set it up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vendor {
    /// Its id, unique for the merchant.
    pub id: String,
    /// For people.
    pub name: String,
    /// How it is reached.
    pub port: Port,
    /// Where submissions go; of the port `http`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What signs them: `whsec_` and Base64, as in Standard Webhooks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// Beginnings of the SKUs that it makes; one that makes all names the empty one.
    pub sku_prefixes: Vec<String>,
}

/// Who makes lines that no vendor is set up for: a person.
pub const MANUAL_VENDOR: &str = "manual";

/// The vendor of a SKU: of those that make it, the one with the longest beginning, the first of several.
#[must_use]
pub fn route<'v>(vendors: &'v [Vendor], sku: &str) -> Option<&'v Vendor> {
    let longest = |vendor: &Vendor| {
        vendor.sku_prefixes.iter().filter(|prefix| sku.starts_with(prefix.as_str())).map(String::len).max()
    };
    let fitting = vendors.iter().filter_map(|vendor| Some((vendor, longest(vendor)?)));
    // `max_by_key` keeps the last of equals, so the vendors are looked at backwards.
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
    fn the_longest_beginning_decides() {
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

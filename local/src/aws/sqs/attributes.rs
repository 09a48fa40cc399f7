//! Message attributes: limits, size and digest.

use super::error::{ErrorKind, SqsError};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Maximum attributes per message.
const MOST: usize = 10;

/// An attribute of a message, as the JSON protocol writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct MessageAttribute {
    /// `String`, `Number` or `Binary`, optionally with a custom label after a dot.
    #[serde(default)]
    pub data_type: String,
    /// The value of a string or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// The value of a binary attribute, in Base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

/// The kinds of value, with the byte that represents them in the digest.
enum Payload {
    Text(Vec<u8>),
    Binary(Vec<u8>),
}

impl MessageAttribute {
    fn payload(&self) -> Option<Payload> {
        match self.data_type.split_once('.').map_or(self.data_type.as_str(), |(kind, _)| kind) {
            "String" | "Number" => Some(Payload::Text(self.string_value.clone()?.into_bytes())),
            "Binary" => Some(Payload::Binary(STANDARD.decode(self.binary_value.as_ref()?).ok()?)),
            _ => None,
        }
    }
}

/// Checks attributes against the limits of SQS.
pub(super) fn check(attributes: &BTreeMap<String, MessageAttribute>) -> Result<(), SqsError> {
    if attributes.len() > MOST {
        return Err(SqsError::new(
            ErrorKind::InvalidParameterValue,
            format!("Number of message attributes [{}] exceeds the allowed maximum [{MOST}].", attributes.len()),
        ));
    }
    for (name, attribute) in attributes {
        let invalid = |reason: &str| {
            SqsError::new(ErrorKind::InvalidParameterValue, format!("The message attribute '{name}' {reason}"))
        };
        if !is_name(name) {
            return Err(SqsError::new(
                ErrorKind::InvalidParameterValue,
                "Message (user) attributes names can contain up to 256 letters, digits, hyphens, underscores and \
                 single dots between them, and must not start with AWS. or Amazon.",
            ));
        }
        match attribute.payload() {
            None => return Err(invalid("must have a supported data type and a value of that type.")),
            Some(Payload::Text(value) | Payload::Binary(value)) if value.is_empty() => {
                return Err(invalid("must contain non-empty message attribute value."));
            }
            Some(_) => {}
        }
        if attribute.data_type.len() > 256 {
            return Err(invalid("has a data type longer than 256 characters."));
        }
        let kind_is_number = attribute.data_type == "Number" || attribute.data_type.starts_with("Number.");
        let value = attribute.string_value.as_deref().unwrap_or_default();
        if kind_is_number && value.parse::<f64>().is_err() {
            return Err(invalid("of type 'Number' must contain a number."));
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    (1..=256).contains(&name.len())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'))
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.contains("..")
        && !lower.starts_with("aws.")
        && !lower.starts_with("amazon.")
}

/// The bytes that attributes add to a message's size.
pub(super) fn size(attributes: &BTreeMap<String, MessageAttribute>) -> usize {
    let one = |(name, attribute): (&String, &MessageAttribute)| {
        let value = match attribute.payload() {
            Some(Payload::Text(value) | Payload::Binary(value)) => value.len(),
            None => 0,
        };
        name.len() + attribute.data_type.len() + value
    };
    attributes.iter().map(one).sum()
}

/// The MD5 of the attributes, which SDKs verify; `None` without attributes.
///
/// Covers name, data type and value in name order, each after its length in four bytes, the value also after a byte for
/// its kind.
pub(super) fn digest(attributes: &BTreeMap<String, MessageAttribute>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut digest = md5::Context::new();
    for (name, attribute) in attributes {
        let (kind, value) = match attribute.payload() {
            Some(Payload::Text(value)) => (1_u8, value),
            Some(Payload::Binary(value)) => (2_u8, value),
            None => continue,
        };
        for bytes in [name.as_bytes(), attribute.data_type.as_bytes()] {
            digest.consume(length(bytes));
            digest.consume(bytes);
        }
        digest.consume([kind]);
        digest.consume(length(&value));
        digest.consume(&value);
    }
    Some(format!("{:x}", digest.compute()))
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(data_type: &str, value: &str) -> MessageAttribute {
        MessageAttribute { data_type: data_type.to_owned(), string_value: Some(value.to_owned()), binary_value: None }
    }

    fn one(name: &str, attribute: MessageAttribute) -> BTreeMap<String, MessageAttribute> {
        BTreeMap::from([(name.to_owned(), attribute)])
    }

    #[test]
    fn the_digest_matches_the_documented_algorithm() {
        assert_eq!(digest(&BTreeMap::new()), None);
        // Computed by hand: MD5 of 00000003 "foo" 00000006 "String" 01 00000003 "bar".
        let expected = format!("{:x}", md5::compute(b"\0\0\0\x03foo\0\0\0\x06String\x01\0\0\0\x03bar"));
        assert_eq!(digest(&one("foo", text("String", "bar"))), Some(expected));
        let binary = MessageAttribute {
            data_type: "Binary".to_owned(),
            string_value: None,
            binary_value: Some("AQI=".to_owned()),
        };
        let expected = format!("{:x}", md5::compute(b"\0\0\0\x01b\0\0\0\x06Binary\x02\0\0\0\x02\x01\x02"));
        assert_eq!(digest(&one("b", binary.clone())), Some(expected));
        assert_eq!(size(&one("b", binary)), 1 + 6 + 2);
    }

    #[test]
    fn names_types_and_values_have_limits() {
        for (name, attribute, good) in [
            ("trace-id_1.a", text("String", "x"), true),
            ("n", text("Number.int", "-1.5"), true),
            ("n", text("Number", "many"), false),
            ("AWS.x", text("String", "x"), false),
            ("amazon.x", text("String", "x"), false),
            (".a", text("String", "x"), false),
            ("a..b", text("String", "x"), false),
            ("a b", text("String", "x"), false),
            ("a", text("String", ""), false),
            ("a", text("Text", "x"), false),
            ("a", text("Binary", "x"), false),
        ] {
            assert_eq!(check(&one(name, attribute.clone())).is_ok(), good, "{name} {attribute:?}");
        }
        let eleven = (0..11).map(|n| (format!("a{n}"), text("String", "x"))).collect();
        assert_eq!(
            check(&eleven).expect_err("refused").message,
            "Number of message attributes [11] exceeds the allowed maximum [10]."
        );
    }
}

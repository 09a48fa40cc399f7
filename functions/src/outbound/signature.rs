//! Signatures by the rules of Standard Webhooks.
//!
//! The signed text is `{id}.{timestamp}.{body}`, with HMAC-SHA256. Secrets are written as `whsec_` and Base64 of the
//! key. During a rotation several secrets sign: the header has a signature for each, separated by spaces.

use std::fmt;

use axum::http::header::InvalidHeaderValue;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

/// Identifies a delivery over all its attempts.
pub(crate) const ID: HeaderName = HeaderName::from_static("webhook-id");
/// When this attempt was signed, in seconds since the epoch.
pub(crate) const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// `v1,` and Base64, for each secret.
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

const PREFIX: &str = "whsec_";
/// Bytes of a secret (Standard Webhooks).
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Characters of a secret in its hint: 24 of 256 bits.
const HINT_CHARACTERS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a secret is `whsec_` and the Base64 of 24 to 64 bytes")]
pub(crate) struct NotASecret;

/// A signing secret. It has no `Display` and a redacted `Debug`, so that it does not get into logs.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(Vec<u8>);

impl Secret {
    pub(crate) fn generate(random: [u8; 32]) -> Self {
        Self(random.to_vec())
    }

    /// The secret derived from a text.
    pub(crate) fn of(text: &str) -> Self {
        Self(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref().to_vec())
    }

    pub(crate) fn parse(text: &str) -> Result<Self, NotASecret> {
        let bytes = STANDARD.decode(text.strip_prefix(PREFIX).ok_or(NotASecret)?).map_err(|_| NotASecret)?;
        if SECRET_BYTES.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(NotASecret) }
    }

    /// The written form: for the owner, once, and for storage.
    pub(crate) fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// The end of the secret, to tell it from others: `whsec_…Fw8=`.
    pub(crate) fn hint(&self) -> String {
        let text = STANDARD.encode(&self.0);
        let end: String = text.chars().skip(text.len().saturating_sub(HINT_CHARACTERS)).collect();
        format!("{PREFIX}\u{2026}{end}")
    }

    /// The MAC of the parts, joined with full stops.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.0));
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                context.update(b".");
            }
            context.update(part);
        }
        context.sign().as_ref().to_vec()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// The three headers of a signed request; an error if `id` has characters that are not allowed in headers.
pub(crate) fn sign(
    secrets: &[&Secret],
    id: &str,
    timestamp_seconds: i64,
    body: &[u8],
) -> Result<HeaderMap, InvalidHeaderValue> {
    let timestamp = timestamp_seconds.to_string();
    let signature =
        |secret: &&Secret| format!("v1,{}", STANDARD.encode(secret.mac(&[id.as_bytes(), timestamp.as_bytes(), body])));
    let signatures: Vec<String> = secrets.iter().map(signature).collect();
    Ok(HeaderMap::from_iter([
        (ID, HeaderValue::from_str(id)?),
        (TIMESTAMP, HeaderValue::from_str(&timestamp)?),
        (SIGNATURE, HeaderValue::from_str(&signatures.join(" "))?),
    ]))
}

#[cfg(test)]
mod tests {
    use super::{SIGNATURE, Secret, sign};

    /// The example of the Standard Webhooks reference libraries.
    #[test]
    fn the_published_example_is_signed_alike() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let headers =
            sign(&[&secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#).unwrap();
        assert_eq!(headers[SIGNATURE], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!((&headers["webhook-timestamp"], headers.len()), (&"1614265330".parse().unwrap(), 3));
    }

    #[test]
    fn two_secrets_sign_side_by_side() {
        let (one, two) = (Secret::generate([1; 32]), Secret::generate([2; 32]));
        let of =
            |secrets: &[&Secret]| sign(secrets, "msg_a", 7, b"{}").unwrap()[SIGNATURE].to_str().unwrap().to_owned();
        assert_eq!(of(&[&one, &two]), format!("{} {}", of(&[&one]), of(&[&two])));
        assert_ne!(of(&[&one]), of(&[&two]));
    }

    #[test]
    fn secrets_read_back_and_stay_out_of_logs() {
        let secret = Secret::generate([7; 32]);
        assert_eq!(Secret::parse(&secret.reveal()), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.hint(), "whsec_…Bwc=");
        for text in
            ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ", "whsec_*fKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
        {
            assert!(Secret::parse(text).is_err(), "{text}");
        }
        let of_length = |length: usize| Secret::parse(&Secret(vec![1; length]).reveal()).is_ok();
        assert_eq!([23, 24, 64, 65].map(of_length), [false, true, true, false]);
    }
}

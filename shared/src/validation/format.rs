//! The forms of strings. Each constant is one form; its check is a function over the whole string.
//!
//! Checks read bytes. Bytes beyond ASCII belong to characters that are allowed in names of people and hosts
//! ([`is_visible`]); ASCII-only forms reject them like any other unknown byte.

use super::block::BLOCK;
use super::classes::{DIGIT, LETTER, all};
use super::wide::Wide;
use super::{calendar, hosts, iso};
use crate::limits;

#[derive(Debug)]
pub(crate) struct Format {
    /// Short stable name, used as the `limit` of a violation.
    pub(super) name: &'static str,
    /// What the string must be, as in messages.
    pub(super) is: &'static str,
    /// Maximum number of characters.
    pub(super) max: usize,
    form: Form,
    /// The attempted value is never shown.
    pub(super) secret: bool,
}

/// The kind of check: a number instead of a pointer, because an indirect call costs more than most checks.
#[derive(Clone, Copy, Debug)]
enum Form {
    SafeId,
    Uuid,
    Country,
    Currency,
    UpperCurrency,
    Language,
    Email,
    Url,
    Ip,
    Date,
    FourDigits,
}

const fn format(name: &'static str, is: &'static str, max: usize, form: Form) -> Format {
    Format { name, is, max, form, secret: false }
}

/// Unreserved characters of URLs, because a `safeId` is used in paths.
pub(super) static SAFE_ID: Format = format(
    "safe-id",
    "letters, digits, `.`, `_`, `~` and `-` (but not `.` or `..`)",
    limits::SAFE_ID_CHARACTERS_MAX,
    Form::SafeId,
);
pub(super) static UUID: Format = format("uuid", "a UUID", limits::ID_CHARACTERS_MAX, Form::Uuid);
pub(super) static COUNTRY: Format =
    format("country", "an ISO 3166-1 alpha-2 country code", limits::ID_CHARACTERS_MAX, Form::Country);
pub(super) static CURRENCY: Format =
    format("currency", "an ISO 4217 currency code", limits::ID_CHARACTERS_MAX, Form::Currency);
pub(super) static CURRENCY_UPPER: Format =
    format("currency", "an upper-case ISO 4217 currency code", limits::ID_CHARACTERS_MAX, Form::UpperCurrency);
pub(super) static LANGUAGE: Format =
    format("language", "a language tag such as `en` or `pt-BR`", limits::ID_CHARACTERS_MAX, Form::Language);
pub(super) static EMAIL: Format = format("email", "an e-mail address", limits::EMAIL_CHARACTERS_MAX, Form::Email);
pub(super) static URL: Format = format("url", "an absolute http or https URL", limits::URL_CHARACTERS_MAX, Form::Url);
/// The tracking page of a parcel.
#[cfg(feature = "domain")]
pub(crate) static LINK: Format = format("url", URL.is, limits::CARRIER_LINK_BYTES_MAX, Form::Url);
pub(super) static IP: Format = format("ip", "an IPv4 or IPv6 address", limits::ID_CHARACTERS_MAX, Form::Ip);
pub(super) static DATE: Format =
    format("date", "a date or an RFC 3339 date and time", limits::ID_CHARACTERS_MAX, Form::Date);
/// Secret, so that a whole card number sent here by mistake appears in no answer or log.
pub(super) static CARD_DIGITS: Format =
    Format { secret: true, ..format("card-digits", "exactly 4 digits", limits::ID_CHARACTERS_MAX, Form::FourDigits) };

impl Format {
    /// Whether a string has the form; length and control characters are checked already.
    pub(super) fn fits(&self, text: &str) -> bool {
        !text.is_empty() && text.chars().all(is_visible) && self.check(text.as_bytes(), text.len())
    }

    /// Whether the first `length` bytes (at least one) have the form; the bytes after them are ignored.
    #[inline(never)]
    pub(super) fn check(&self, bytes: &[u8], length: usize) -> bool {
        let text = Wide::new(bytes, length);
        match self.form {
            Form::SafeId => is_safe_id(text),
            Form::Uuid => is_uuid(text),
            Form::Country => iso::is_country_any_case(text.text()),
            Form::Currency => iso::is_currency_any_case(text.text()),
            Form::UpperCurrency => iso::is_currency(text.text()),
            Form::Language => is_language(text.text()),
            Form::Email => hosts::is_email(text),
            Form::Url => hosts::is_url(text),
            Form::Ip => hosts::is_ip(text.text()),
            Form::Date => calendar::is_date_or_time(text.text()),
            Form::FourDigits => is_four_digits(text.text()),
        }
    }
}

/// Whether a character is visible: ASCII is checked byte by byte; beyond it there are spaces, direction marks and
/// joiners that do not belong in names.
fn is_visible(character: char) -> bool {
    !matches!(
        character,
        '\u{80}'..='\u{a0}'
            | '\u{1680}'
            | '\u{2000}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{205f}'..='\u{206f}'
            | '\u{3000}'
            | '\u{feff}'
    )
}

/// `.` and `..` as path segments would change the path, so no order could be read by such an id.
fn is_safe_id(text: Wide<'_>) -> bool {
    !matches!(text.text(), b"." | b"..")
        && (0..text.len()).step_by(BLOCK).all(|at| {
            let block = text.block(at);
            let marks = block.within(b'-', b'.').or(block.equal(b'_')).or(block.equal(b'~'));
            text.within(at) & !block.alphanumeric().or(marks).bits() == 0
        })
}

fn is_uuid(text: Wide<'_>) -> bool {
    /// The hyphens of the first and the second sixteen characters; the last four have none.
    const HYPHENS: [u32; 2] = [1 << 8 | 1 << 13, 1 << 2 | 1 << 7];
    let is_made_so = |at: usize, hyphens: u32| {
        let block = text.block(at);
        let hex = block.caseless().within(b'a', b'f').or(block.within(b'0', b'9')).bits();
        block.equal(b'-').bits() & text.within(at) == hyphens && (hex | hyphens) & text.within(at) == text.within(at)
    };
    let [first, second] = HYPHENS;
    text.len() == 36 && is_made_so(0, first) && is_made_so(BLOCK, second) && is_made_so(2 * BLOCK, 0)
}

/// `language[-Script][-REGION]`; the tag need not be registered.
fn is_language(text: &[u8]) -> bool {
    let mut parts = text.split(|byte| *byte == b'-').peekable();
    let language = parts.next().is_some_and(|part| (2..=8).contains(&part.len()) && all(part, LETTER));
    let _script = parts.next_if(|part| part.len() == 4 && all(part, LETTER));
    let region = parts.next().is_none_or(|part| match part.len() {
        2 => all(part, LETTER),
        3 => all(part, DIGIT),
        _ => false,
    });
    language && region && parts.next().is_none()
}

fn is_four_digits(text: &[u8]) -> bool {
    text.len() == 4 && all(text, DIGIT)
}

//! The forms of strings. One constant is one form; its check is a function over the whole string.
//!
//! Checks read bytes. A byte beyond ASCII is part of a character that may stand in names of people and hosts
//! ([`is_visible`]); forms that are ASCII only refuse it like any other byte that they do not know.

use super::block::BLOCK;
use super::classes::{DIGIT, LETTER, all};
use super::wide::Wide;
use super::{calendar, hosts, iso};
use crate::limits;

/// A form of strings.
#[derive(Debug)]
pub(crate) struct Format {
    /// Short stable name, as it stands in `limit` of a violation.
    pub(super) name: &'static str,
    /// What the string must be, as messages say it.
    pub(super) is: &'static str,
    /// At most so many characters.
    pub(super) max: usize,
    form: Form,
    /// The attempted value is never shown back.
    pub(super) secret: bool,
}

/// Which check: a number instead of a pointer, because a call through a table costs more than most of them.
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

/// Unreserved characters of URLs, because a `safeId` stands in paths.
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
/// The page of a parcel.
#[cfg(feature = "domain")]
pub(crate) static LINK: Format = format("url", URL.is, limits::CARRIER_LINK_BYTES_MAX, Form::Url);
pub(super) static IP: Format = format("ip", "an IPv4 or IPv6 address", limits::ID_CHARACTERS_MAX, Form::Ip);
pub(super) static DATE: Format =
    format("date", "a date or an RFC 3339 date and time", limits::ID_CHARACTERS_MAX, Form::Date);
/// Whoever sends a whole card number here by mistake does not find it in an answer or a log.
pub(super) static CARD_DIGITS: Format =
    Format { secret: true, ..format("card-digits", "exactly 4 digits", limits::ID_CHARACTERS_MAX, Form::FourDigits) };

impl Format {
    /// Whether a string, which is within the length and has no control characters, has the form.
    pub(super) fn fits(&self, text: &str) -> bool {
        !text.is_empty() && text.chars().all(is_visible) && self.check(text.as_bytes(), text.len())
    }

    /// Whether the first `length` bytes, of which there is one at least, have the form; what follows them does not matter.
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

/// Whether a character can be seen: ASCII is judged byte by byte, and beyond it there are spaces, marks of direction and
/// joiners that have no place in a name.
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

/// A path with `.` or `..` as a segment is another path, so no order could be read by such an id.
fn is_safe_id(text: Wide<'_>) -> bool {
    !matches!(text.text(), b"." | b"..")
        && (0..text.len()).step_by(BLOCK).all(|at| {
            let block = text.block(at);
            let marks = block.within(b'-', b'.').or(block.equal(b'_')).or(block.equal(b'~'));
            text.within(at) & !block.alphanumeric().or(marks).bits() == 0
        })
}

fn is_uuid(text: Wide<'_>) -> bool {
    /// The hyphens of the first and of the second sixteen characters; the last four have none.
    const HYPHENS: [u32; 2] = [1 << 8 | 1 << 13, 1 << 2 | 1 << 7];
    let is_made_so = |at: usize, hyphens: u32| {
        let block = text.block(at);
        let hex = block.caseless().within(b'a', b'f').or(block.within(b'0', b'9')).bits();
        block.equal(b'-').bits() & text.within(at) == hyphens && (hex | hyphens) & text.within(at) == text.within(at)
    };
    let [first, second] = HYPHENS;
    text.len() == 36 && is_made_so(0, first) && is_made_so(BLOCK, second) && is_made_so(2 * BLOCK, 0)
}

/// `language[-Script][-REGION]`: whether the tag is registered is not asked.
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

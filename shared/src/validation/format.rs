//! The forms of strings. One constant is one form; its check is a function over the whole string.

use std::net::IpAddr;

use super::{calendar, iso};
use crate::limits;

/// A form of strings.
pub(super) struct Format {
    /// Short stable name, as it stands in `limit` of a violation.
    pub(super) name: &'static str,
    /// What the string must be, as messages say it.
    pub(super) is: &'static str,
    /// At most so many characters.
    pub(super) max: usize,
    pub(super) check: fn(&str) -> bool,
    /// The attempted value is never shown back.
    pub(super) secret: bool,
}

const fn format(name: &'static str, is: &'static str, max: usize, check: fn(&str) -> bool) -> Format {
    Format { name, is, max, check, secret: false }
}

/// Unreserved characters of URLs, because a `safeId` stands in paths.
pub(super) static SAFE_ID: Format =
    format("safe-id", "letters, digits, `.`, `_`, `~` and `-`", limits::SAFE_ID_CHARACTERS_MAX, is_safe_id);
pub(super) static UUID: Format = format("uuid", "a UUID", limits::ID_CHARACTERS_MAX, is_uuid);
pub(super) static COUNTRY: Format =
    format("country", "an ISO 3166-1 alpha-2 country code", limits::ID_CHARACTERS_MAX, iso::is_country_any_case);
pub(super) static CURRENCY: Format =
    format("currency", "an ISO 4217 currency code", limits::ID_CHARACTERS_MAX, iso::is_currency_any_case);
pub(super) static CURRENCY_UPPER: Format =
    format("currency", "an upper-case ISO 4217 currency code", limits::ID_CHARACTERS_MAX, iso::is_currency);
pub(super) static LANGUAGE: Format =
    format("language", "a language tag such as `en` or `pt-BR`", limits::ID_CHARACTERS_MAX, is_language);
pub(super) static EMAIL: Format = format("email", "an e-mail address", limits::EMAIL_CHARACTERS_MAX, is_email);
pub(super) static URL: Format = format("url", "an absolute http or https URL", limits::URL_CHARACTERS_MAX, is_url);
pub(super) static IP: Format = format("ip", "an IPv4 or IPv6 address", limits::ID_CHARACTERS_MAX, is_ip);
pub(super) static DATE: Format =
    format("date", "a date or an RFC 3339 date and time", limits::ID_CHARACTERS_MAX, calendar::is_date_or_time);
/// Whoever sends a whole card number here by mistake does not find it in an answer or a log.
pub(super) static CARD_DIGITS: Format =
    Format { secret: true, ..format("card-digits", "exactly 4 digits", limits::ID_CHARACTERS_MAX, is_four_digits) };

fn is_safe_id(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
}

fn is_uuid(text: &str) -> bool {
    let mut groups = text.split('-');
    [8, 4, 4, 4, 12].iter().all(|length| groups.next().is_some_and(|group| is_hex(group, *length)))
        && groups.next().is_none()
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `language[-Script][-REGION]`: whether the tag is registered is not asked.
fn is_language(text: &str) -> bool {
    let letters = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphabetic());
    let mut parts = text.split('-').peekable();
    let language = parts.next().is_some_and(|part| (2..=8).contains(&part.len()) && letters(part));
    let _script = parts.next_if(|part| part.len() == 4 && letters(part));
    let region = parts.next().is_none_or(|part| match part.len() {
        2 => letters(part),
        3 => part.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    });
    language && region && parts.next().is_none()
}

/// Pragmatic: what mail servers deliver to, not what RFC 5322 can express (quotes, comments, addresses of hosts).
fn is_email(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        (1..=64).contains(&local.len())
            && !local.contains(|c: char| c.is_whitespace() || "@()<>[]{},;:\\\"".contains(c))
            && domain.contains('.')
            && is_domain(domain)
    })
}

/// Labels of letters, digits and inner hyphens; letters of any script, because names may be international.
fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        !label.is_empty()
            && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    (scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http"))
        && !text.contains(|c: char| c.is_whitespace() || "<>\"\\{}|^`".contains(c))
        && is_host_and_port(host_and_port)
}

fn is_host_and_port(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']').is_some_and(|(host, port)| {
            host.parse::<std::net::Ipv6Addr>().is_ok()
                && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        });
    }
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    // A name may end with the dot of the root.
    is_domain(host.strip_suffix('.').unwrap_or(host)) && port.is_none_or(is_port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn is_ip(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

fn is_four_digits(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

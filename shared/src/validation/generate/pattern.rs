//! The forms of strings as regular expressions of ECMA-262 with the flag `u`, as JSON Schema requires.
//!
//! Each is equivalent to the check of its form, without look-around or nested repetition of the same characters, so
//! that other engines can read it and none is slow. `edge-wasm/tests/schema.test.mjs` compares both. One difference
//! remains: the part of an e-mail address before the `@` has at most 64 bytes, here characters.

use super::super::format::{self, Format};
use super::super::iso;
use super::super::table::Sign;
use crate::limits::{AMOUNT_DECIMALS_MAX, AMOUNT_MAX};

pub(super) const TEXT: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// No control characters except tabs and line breaks.
pub(super) const LINES: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";

/// Not allowed in e-mail addresses and URLs: controls, spaces and invisible characters.
const INVISIBLE: &str = r"\u0000-\u0020\u007f-\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff";
/// ASCII without letters, digits and `_`.
const PUNCTUATION: &str = r"\u0021-\u002f\u003a-\u0040\u005b-\u005e\u0060\u007b-\u007e";

type Form = (&'static Format, fn() -> String);

/// The expression of a form without anchors; `None` for a form that is unknown here.
pub(super) fn of(format: &'static Format) -> Option<String> {
    let forms: [Form; 10] = [
        (&format::SAFE_ID, || r"\.?[A-Za-z0-9_~-][A-Za-z0-9._~-]*|\.\.[A-Za-z0-9._~-]+".to_owned()),
        (&format::UUID, || "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}".to_owned()),
        (&format::COUNTRY, || any_case(iso::COUNTRIES)),
        (&format::CURRENCY, || any_case(iso::CURRENCIES)),
        (&format::LANGUAGE, || "[A-Za-z]{2,8}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?".to_owned()),
        (&format::EMAIL, email),
        (&format::URL, url),
        (&format::IP, || format!("{}|{}", ipv4(), ipv6())),
        (&format::DATE, || format!("(?:{})(?:{})?", date(), time())),
        (&format::CARD_DIGITS, || "[0-9]{4}".to_owned()),
    ];
    forms.iter().find(|(known, _)| std::ptr::eq(*known, format)).map(|(_, pattern)| pattern())
}

/// The values of a form with few values.
pub(super) fn values_of(format: &'static Format) -> Option<impl Iterator<Item = &'static str>> {
    std::ptr::eq(format, &raw const format::CURRENCY_UPPER).then(|| iso::CURRENCIES.split(' '))
}

/// Matches the whole string, or also an empty one.
pub(super) fn anchored(pattern: &str, or_empty: bool) -> String {
    format!("^(?:{pattern}){}$", if or_empty { "?" } else { "" })
}

/// An amount in a string. The size of an exponent is not checked.
pub(super) fn amount(sign: Sign) -> String {
    let whole = format!("(?:0|[1-9][0-9]{{0,{}}})", AMOUNT_MAX.ilog10() - 1);
    let plain = format!(r"{whole}(?:\.[0-9]{{1,{AMOUNT_DECIMALS_MAX}}}0*)?");
    let scientific = r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?[eE][+-]?[0-9]+";
    match sign {
        Sign::NotNegative => format!(r"{plain}|{scientific}|-0(?:\.0+)?(?:[eE][+-]?[0-9]+)?"),
        Sign::Positive => format!("{plain}|{scientific}"),
        Sign::Any => format!("-?(?:{plain}|{scientific})"),
    }
}

/// Codes of a sorted list, in any case, grouped by all but their last letter.
fn any_case(list: &str) -> String {
    let letter = |letter: char| format!("{letter}{}", letter.to_ascii_lowercase());
    let mut groups: Vec<(&str, String)> = Vec::new();
    for code in list.split(' ') {
        let Some((start, last)) = code.split_at_checked(code.len().saturating_sub(1)) else { continue };
        let last: String = last.chars().map(letter).collect();
        match groups.last_mut() {
            Some((known, ends)) if *known == start => ends.push_str(&last),
            _ => groups.push((start, last)),
        }
    }
    let group = |(start, ends): &(&str, String)| {
        let start: String = start.chars().map(|character| format!("[{}]", letter(character))).collect();
        format!("{start}[{ends}]")
    };
    groups.iter().map(group).collect::<Vec<_>>().join("|")
}

fn email() -> String {
    let domain = domain("+");
    format!(r#"[^{INVISIBLE}@()<>\[\]\{{\}},;:\\"]{{1,64}}@{domain}"#)
}

/// Labels with inner hyphens only; `more` is how many follow the first.
fn domain(more: &str) -> String {
    let letters = format!("[^{INVISIBLE}{PUNCTUATION}]+");
    let label = format!("{letters}(?:-+{letters})*");
    format!(r"{label}(?:\.{label}){more}")
}

fn url() -> String {
    let forbidden = format!(r#"{INVISIBLE}<>"\\\{{\}}\|\^`"#);
    let user = format!(r"(?:[^/?#{forbidden}]*@)?");
    let host = format!(r"(?:\[(?:{})\]|{}\.?)", ipv6(), domain("*"));
    let rest = format!("(?:[/?#][^{forbidden}]*)?");
    format!("[Hh][Tt][Tt][Pp][Ss]?://{user}{host}(?::{})?{rest}", port())
}

/// A number below 2^16 in digits.
fn port() -> String {
    "0*(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]|0)".to_owned()
}

fn ipv4() -> String {
    let octet = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    format!(r"{octet}(?:\.{octet}){{3}}")
}

/// Eight groups, of which `::` stands for one or more; the last two may be written as IPv4.
fn ipv6() -> String {
    let group = "[0-9A-Fa-f]{1,4}";
    let last_two = format!("(?:{group}:{group}|{})", ipv4());
    let whole = format!("(?:{group}:){{6}}{last_two}");
    // So many groups behind `::` leave so many before it.
    let shortened = (0..=7_usize).map(|behind| {
        let before = match 7 - behind {
            0 => String::new(),
            1 => format!("(?:{group})?"),
            most => format!("(?:(?:{group}:){{0,{}}}{group})?", most - 1),
        };
        let behind = match behind {
            0 => String::new(),
            1 => group.to_owned(),
            2 => last_two.clone(),
            more => format!("(?:{group}:){{{}}}{last_two}", more - 2),
        };
        format!("{before}::{behind}")
    });
    std::iter::once(whole).chain(shortened).collect::<Vec<_>>().join("|")
}

/// A day that exists, in the years 0001 to 9999.
fn date() -> String {
    let year = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})";
    let divisible_by_4 = "(?:0[48]|[2468][048]|[13579][26])";
    let leap_year = format!("(?:[0-9]{{2}}{divisible_by_4}|{divisible_by_4}00)");
    let long = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])";
    let short = "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)";
    let february = "02-(?:0[1-9]|1[0-9]|2[0-8])";
    format!("{year}-(?:{long}|{short}|{february})|{leap_year}-02-29")
}

/// The time behind a date, with its zone.
fn time() -> String {
    let hour_and_minute = "(?:[01][0-9]|2[0-3]):[0-5][0-9]";
    format!(r"[Tt]{hour_and_minute}:(?:[0-5][0-9]|60)(?:\.[0-9]{{1,9}})?(?:[Zz]|[+-]{hour_and_minute})")
}

#[cfg(test)]
mod tests {
    use super::any_case;

    #[test]
    fn codes_are_grouped_by_their_start() {
        assert_eq!(any_case("AE AF BA"), "[Aa][EeFf]|[Bb][Aa]");
        assert_eq!(any_case("AED AFN"), "[Aa][Ee][Dd]|[Aa][Ff][Nn]");
    }
}

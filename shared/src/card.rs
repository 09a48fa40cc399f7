//! Finds card numbers in free text so that they are rejected and never stored.
//!
//! A card number starts like those of a card network and has a length that the network uses ([`NETWORKS`]); its last
//! digit makes the Luhn sum a multiple of ten, and its digits are adjacent or separated by single spaces or hyphens. One
//! random number in ten passes the Luhn check alone: without the networks, one in ten of a shop's 13-digit ids would be
//! rejected, and rejecting a sale is worse than accepting a card number where nobody types one. For the same reason
//! members that name orders, products, parcels or payments are not searched (see `validation::rules`), and neither are
//! digits within a longer number, a UUID or a hash.

#[cfg(feature = "domain")]
use crate::ids::MerchantId;

/// Minimum digits of a card number: Diners Club has 14. Visa's old ones of 13 digits are no longer in use.
pub const CARD_DIGITS_MIN: usize = 14;
/// Maximum digits of a card number, by ISO/IEC 7812.
pub const CARD_DIGITS_MAX: usize = 19;

/// Card networks: the first and the last beginning of four digits, and the lengths as bits from [`CARD_DIGITS_MIN`] up.
/// From the ranges that the networks publish. Networks with the same lengths share a row: Maestro, Discover, UnionPay,
/// RuPay, Elo and Hipercard begin with 5 or 6. Maestro cards of fewer than 16 digits are left out; they are few, and
/// many shops number orders with 13.
static NETWORKS: [(u16, u16, u16); 17] = [
    (3000, 3059, lengths(14, 14) | lengths(16, 16) | lengths(19, 19)), // Diners Club
    (3600, 3699, lengths(14, 14) | lengths(16, 16) | lengths(19, 19)),
    (3800, 3999, lengths(14, 14) | lengths(16, 16) | lengths(19, 19)),
    (3400, 3499, lengths(15, 15)), // American Express
    (3700, 3799, lengths(15, 15)),
    (1800, 1800, lengths(15, 19)), // JCB
    (2131, 2131, lengths(15, 19)),
    (3528, 3589, lengths(16, 19)),
    (2200, 2204, lengths(16, 19)), // Mir
    (5000, 5089, lengths(16, 19)),
    (5600, 6999, lengths(16, 19)),
    (8100, 8171, lengths(16, 19)),                   // UnionPay
    (4000, 4999, lengths(16, 16) | lengths(18, 19)), // Visa
    (2221, 2720, lengths(16, 16)),                   // Mastercard
    (5090, 5599, lengths(16, 16)),                   // Elo, Mastercard
    (8172, 8299, lengths(16, 16)),                   // RuPay
    (9792, 9792, lengths(16, 16)),                   // Troy
];

const fn lengths(min: usize, max: usize) -> u16 {
    let mut lengths = 0;
    let mut length = min;
    while length <= max {
        lengths |= 1 << (length - CARD_DIGITS_MIN);
        length += 1;
    }
    lengths
}

/// Whether a card network uses numbers with the digits at the start of the text and this length.
fn is_issued(number: &[u8], digits: usize) -> bool {
    let first = number.iter().filter(|byte| byte.is_ascii_digit()).take(4);
    let first = first.fold(0, |first, digit| first * 10 + u16::from(digit - b'0'));
    // `digits` is at least the minimum and at most the maximum.
    let length = 1 << (digits.saturating_sub(CARD_DIGITS_MIN) % 8);
    NETWORKS.iter().any(|(from, to, lengths)| (*from..=*to).contains(&first) && lengths & length != 0)
}

/// The shortest word treated as an id or a hash.
const HEX_CHARACTERS_MIN: usize = 24;

/// Minimum digits to mask in a log: some discontinued cards had 12.
#[cfg(feature = "domain")]
const MASKED_DIGITS_MIN: usize = 12;

/// Whether a text contains a card number.
///
/// ```
/// assert!(shared::card::is_in("paid with 4111 1111 1111 1111, thanks"));
/// assert!(!shared::card::is_in("order 4111 1111 1111 1112"));
/// ```
#[must_use]
pub fn is_in(text: &str) -> bool {
    any_number(text.as_bytes(), |number, word| {
        any_end(number, word, CARD_DIGITS_MIN, |_, digits| is_issued(number, digits))
    })
}

/// Replaces every digit of a possible card number with a star, for logs: of any number that passes the Luhn check, whoever
/// may have issued it, because a hidden order number costs less than a card number in a log. Also masks digits separated
/// by dots or non-breaking spaces. UUIDs stay as they are.
///
/// ```
/// assert_eq!(shared::card::masked("paid with 4111.1111.1111.1111"), "paid with ****.****.****.****");
/// ```
#[cfg(feature = "domain")]
#[must_use]
pub fn masked(text: &str) -> String {
    if MerchantId::parse(text).is_ok() {
        return text.to_owned();
    }
    // One byte per character.
    let plain = |character: char| match character {
        '\u{a0}' | '.' => b' ',
        character => u8::try_from(character).ok().filter(u8::is_ascii).unwrap_or(b'~'),
    };
    let plain: Vec<u8> = text.chars().map(plain).collect();
    let mut hidden = vec![false; plain.len()];
    any_number(&plain, |number, word| {
        let start = plain.len().saturating_sub(number.len());
        any_end(number, word, MASKED_DIGITS_MIN, |length, _| {
            hidden.iter_mut().skip(start).take(length).for_each(|hidden| *hidden = true);
            false
        })
    });
    let shown = |(character, hidden): (char, bool)| if hidden && character.is_ascii_digit() { '*' } else { character };
    text.chars().zip(hidden).map(shown).collect()
}

/// Whether `holds` is true at any position where a run of digits starts. It receives the text from there on, and the
/// text from the start of the surrounding word.
fn any_number<'t>(text: &'t [u8], mut holds: impl FnMut(&'t [u8], &'t [u8]) -> bool) -> bool {
    let mut rest = text;
    let (mut word, mut before) = (rest, b' ');
    while let [byte, after @ ..] = rest {
        if !before.is_ascii_alphanumeric() {
            word = rest;
            if let Some(behind) = behind_uuid(rest) {
                (rest, before) = (behind, b'-');
                continue;
            }
        }
        if byte.is_ascii_digit() && !before.is_ascii_digit() && holds(rest, word) {
            return true;
        }
        before = *byte;
        rest = after;
    }
    false
}

/// The text after a leading UUID: about one UUID in a thousand contains a run of digits that passes the Luhn check.
fn behind_uuid(text: &[u8]) -> Option<&[u8]> {
    let (uuid, behind) = text.split_at_checked(36)?;
    let mut form = uuid.iter().enumerate().map(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let is_whole = form.all(|fits| fits) && !behind.first().is_some_and(u8::is_ascii_alphanumeric);
    (is_whole && uuid.iter().any(u8::is_ascii_alphabetic)).then_some(behind)
}

/// Whether `holds` is true for any number at the start of the text that passes the Luhn check; it receives the length
/// in bytes and in digits. A card number ends where a group of digits ends and starts within `word`.
fn any_end(mut text: &[u8], word: &[u8], digits_min: usize, mut holds: impl FnMut(usize, usize) -> bool) -> bool {
    let whole = text.len();
    // The Luhn sum so far, with the last digit counted once and counted twice.
    let (mut once, mut twice) = (0_u32, 0_u32);
    let mut digits = 0;
    loop {
        text = match text {
            [byte @ b'0'..=b'9', after @ ..] if digits < CARD_DIGITS_MAX => {
                digits += 1;
                let digit = u32::from(byte - b'0');
                (once, twice) = (twice + digit, once + digit * 2 - if digit > 4 { 9 } else { 0 });
                after
            }
            [b' ' | b'-', after @ ..] if begins_with_digit(after) => after,
            _ => return false,
        };
        if !begins_with_digit(text)
            && digits >= digits_min
            && once % 10 == 0
            && !is_hex(word, word.len() - text.len())
            && holds(whole - text.len(), digits)
        {
            return true;
        }
    }
}

fn begins_with_digit(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

/// Whether the words up to the one containing the byte before `end` have letters, all letters are hex digits, and the
/// words are longer than a card number with a few letters next to it: order ids have 24 digits, UUIDs and hashes more.
fn is_hex(words: &[u8], end: usize) -> bool {
    let words = words.iter().enumerate().take_while(|(at, byte)| *at < end || byte.is_ascii_alphanumeric());
    let (length, last) = words.fold((0, 0), |(length, last), (_, byte)| {
        let letter = byte | 0x20;
        (length + 1, if letter.is_ascii_lowercase() { last.max(letter) } else { last })
    });
    length >= HEX_CHARACTERS_MIN && (b'a'..=b'f').contains(&last)
}

#[cfg(test)]
mod tests;

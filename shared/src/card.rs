//! Card numbers in texts of people: found, so that they are refused and not stored.
//!
//! A card number is 13 to 19 digits (ISO/IEC 7812) whose last one makes Luhn's sum a multiple of ten, written without gaps
//! or with single spaces or hyphens between digits. Issuers are not asked for: their ranges change. One number in ten of
//! that length has a fitting last digit by chance, so members that name orders, products, parcels or payments are not
//! searched (see `validation::rules`), and of a text neither the digits of a longer number nor those of a UUID or of a hash are.

#[cfg(feature = "domain")]
use crate::ids::MerchantId;

/// Digits of a card number, by ISO/IEC 7812.
pub const CARD_DIGITS_MIN: usize = 13;
/// Digits of a card number at most.
pub const CARD_DIGITS_MAX: usize = 19;

/// The shortest word that may be an id or a hash.
const HEX_CHARACTERS_MIN: usize = 24;

/// The shortest that is masked in a log: some cards that no network takes any more had 12.
#[cfg(feature = "domain")]
const MASKED_DIGITS_MIN: usize = 12;

/// Whether a card number stands somewhere in a text.
///
/// ```
/// assert!(shared::card::is_in("paid with 4111 1111 1111 1111, thanks"));
/// assert!(!shared::card::is_in("order 4111 1111 1111 1112"));
/// ```
#[must_use]
pub fn is_in(text: &str) -> bool {
    any_number(text.as_bytes(), |number, word| any_end(number, word, CARD_DIGITS_MIN, |_| true))
}

/// The text with a star for each digit of what may be a card number, for logs: also where points or spaces without a break
/// part its digits. A UUID stays, whatever its digits.
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
    // A byte for each character.
    let plain = |character: char| match character {
        '\u{a0}' | '.' => b' ',
        character => u8::try_from(character).ok().filter(u8::is_ascii).unwrap_or(b'~'),
    };
    let plain: Vec<u8> = text.chars().map(plain).collect();
    let mut hidden = vec![false; plain.len()];
    any_number(&plain, |number, word| {
        let start = plain.len().saturating_sub(number.len());
        any_end(number, word, MASKED_DIGITS_MIN, |length| {
            hidden.iter_mut().skip(start).take(length).for_each(|hidden| *hidden = true);
            false
        })
    });
    let shown = |(character, hidden): (char, bool)| if hidden && character.is_ascii_digit() { '*' } else { character };
    text.chars().zip(hidden).map(shown).collect()
}

/// Whether something holds for any of the places where digits begin: for the text from there on, and from the first of the
/// letters and digits on in the middle of which that may be.
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

/// The text behind a UUID with which a text begins: one in some thousand has digits in a row that fit by chance.
fn behind_uuid(text: &[u8]) -> Option<&[u8]> {
    let (uuid, behind) = text.split_at_checked(36)?;
    let mut form = uuid.iter().enumerate().map(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    let is_whole = form.all(|fits| fits) && !behind.first().is_some_and(u8::is_ascii_alphanumeric);
    (is_whole && uuid.iter().any(u8::is_ascii_alphabetic)).then_some(behind)
}

/// Whether something holds for any of the lengths of card numbers with which a text begins. One ends where a group of
/// digits ends, and has begun within `word`.
fn any_end(mut text: &[u8], word: &[u8], digits_min: usize, mut holds: impl FnMut(usize) -> bool) -> bool {
    let whole = text.len();
    // Luhn's sum of the digits so far if the last of them counts once, and if it counts twice.
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
            && holds(whole - text.len())
        {
            return true;
        }
    }
}

fn begins_with_digit(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

/// Whether the words up to the one that holds the byte before `end` have letters, all of these are hex digits, and there is
/// more of them than a card number with a few letters beside it: ids of orders have 24 digits, those of UUIDs and of
/// hashes are more.
fn is_hex(words: &[u8], end: usize) -> bool {
    let words = words.iter().enumerate().take_while(|(at, byte)| *at < end || byte.is_ascii_alphanumeric());
    let (length, last) = words.fold((0, 0), |(length, last), (_, byte)| {
        let letter = byte | 0x20;
        (length + 1, if letter.is_ascii_lowercase() { last.max(letter) } else { last })
    });
    length >= HEX_CHARACTERS_MIN && (b'a'..=b'f').contains(&last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CARD_DIGITS_MAX, CARD_DIGITS_MIN, is_in, masked};

    /// Luhn's sum, as its definition has it: from the right, every second digit twice, its digits added.
    fn luhn(digits: &[u8]) -> u32 {
        let value = |(place, digit): (usize, &u8)| {
            let value = u32::from(*digit) * if place % 2 == 1 { 2 } else { 1 };
            value / 10 + value % 10
        };
        digits.iter().rev().enumerate().map(value).sum()
    }

    /// The digits with a last one that fits.
    fn card(mut digits: Vec<u8>) -> Vec<u8> {
        digits.push(0);
        let last = (10 - luhn(&digits) % 10) % 10;
        *digits.last_mut().unwrap() = last as u8;
        digits
    }

    /// Digits with what stands behind each but the last.
    fn written(digits: &[u8], separators: &[&str]) -> String {
        let behind = |place: usize| if place + 1 < digits.len() { separators[place] } else { "" };
        digits.iter().enumerate().map(|(place, digit)| format!("{digit}{}", behind(place))).collect()
    }

    fn digits(range: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(0..10_u8, range)
    }

    fn separators() -> impl Strategy<Value = Vec<&'static str>> {
        prop::collection::vec(prop_oneof![Just(""), Just(" "), Just("-")], CARD_DIGITS_MAX)
    }

    /// What may stand beside a number: nothing, words, and numbers that a space or a hyphen parts from it.
    fn beside() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(String::new()),
            "[g-zG-Zé€.,:;/#(]{1,8}",
            "[a-z]{1,5}[ .,:]{1,2}",
            "([0-9]{1,25}[ -]){1,3}",
            any::<String>().prop_map(|text| format!("{text}: ")),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn every_card_number_is_found_however_it_is_written(
            digits in digits(CARD_DIGITS_MIN - 1..=CARD_DIGITS_MAX - 1), separators in separators(),
            before in beside(), behind in beside()
        ) {
            let behind: String = behind.chars().rev().collect();
            let text = format!("{before}{}{behind}", written(&card(digits), &separators));
            prop_assert!(is_in(&text), "{text}");
        }

        #[test]
        fn no_text_is_masked_into_one_that_holds_a_card_number(text in "[0-9a-z .\u{a0}-]{0,60}") {
            prop_assert!(!is_in(&masked(&text)), "{text}");
        }

        #[test]
        fn a_number_with_another_last_digit_is_none(
            digits in digits(CARD_DIGITS_MIN - 1..=CARD_DIGITS_MAX - 1), other in 1..10_u8,
            before in "[a-z#:. ]{0,8}", behind in "[a-z.,;:]{0,8}"
        ) {
            let mut digits = card(digits);
            let last = digits.last_mut().unwrap();
            *last = (*last + other) % 10;
            let text = format!("{before}{}{behind}", written(&digits, &[""; CARD_DIGITS_MAX]));
            prop_assert!(!is_in(&text), "{text}");
        }

        #[test]
        fn what_is_found_is_a_card_number(text in "[0-9 -]{0,40}") {
            // All of it by the definition: groups of digits in a row, single separators between them.
            let starts: Vec<usize> = (0..text.len())
                .filter(|at| text.as_bytes()[*at].is_ascii_digit() && (*at == 0 || !text.as_bytes()[at - 1].is_ascii_digit()))
                .collect();
            let ends = |start: usize| (start + 1..=text.len())
                .filter(|end| text.as_bytes()[end - 1].is_ascii_digit() && !text.as_bytes().get(*end).is_some_and(u8::is_ascii_digit))
                .collect::<Vec<_>>();
            let is_card = |part: &str| {
                let digits: Vec<u8> = part.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
                let single = !["  ", "--", " -", "- "].iter().any(|gap| part.contains(gap));
                single && (CARD_DIGITS_MIN..=CARD_DIGITS_MAX).contains(&digits.len()) && luhn(&digits).is_multiple_of(10)
            };
            let expected = starts.iter().any(|start| ends(*start).into_iter().any(|end| text.get(*start..end).is_some_and(is_card)));
            prop_assert_eq!(is_in(&text), expected);
        }

        #[test]
        fn fewer_and_more_digits_in_a_row_are_none(short in digits(0..=11), long in digits(19..=60)) {
            for digits in [card(short), card(long)] {
                let text = written(&digits, &vec![""; digits.len()]);
                prop_assert!(!is_in(&text), "{text}");
            }
        }

        #[test]
        fn hashes_and_uuids_are_none(hex in "[0-9a-f]{24,64}", number in digits(12..=18)) {
            prop_assume!(hex.contains(|character: char| character.is_ascii_alphabetic()));
            prop_assert!(!is_in(&hex), "{hex}");
            let text = written(&card(number), &[""; CARD_DIGITS_MAX]);
            let (before, behind) = (format!("7f7f7f7f7f7f{text}"), format!("{text}e0e0e0e0e0e0"));
            prop_assert!(!is_in(&before) && !is_in(&behind));
            // A few letters beside a number make no hash of it.
            let (before, behind) = (format!("7f{text}"), format!("{text}e0"));
            prop_assert!(is_in(&before) && is_in(&behind));
        }
    }

    #[test]
    fn numbers_for_tests_of_the_networks_are_found() {
        for number in [
            "4111111111111111",
            "4222222222222",
            "5555 5555 5555 4444",
            "3782-822463-10005",
            "6011111111111117",
            "3056 930902 5904",
            "3530111333300000",
            "6304000000000000",
            "2223003122003222",
            "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        ] {
            assert!(is_in(number), "{number}");
            assert!(is_in(&format!("Visa{number} 12/27 123")), "{number}");
        }
        for none in
            ["", "4111111111111112", "4111  1111 1111 1111", "4111.1111.1111.1111", "411111111111", "+49 1512 3456789"]
        {
            assert!(!is_in(none), "{none}");
        }
    }

    #[test]
    fn no_uuid_holds_one_and_what_stands_beside_it_is_seen() {
        for uuid in ["1c4abb44-628d-4712-9441-51105a51c644", "F0000000-4111-1111-1111-11110000000a"] {
            assert!(!is_in(uuid) && !is_in(&format!("see {uuid}, {uuid}.")), "{uuid}");
            assert!(is_in(&format!("{uuid} 4111111111111111")) && is_in(&format!("4111111111111111 {uuid}")));
            assert!(is_in(&format!("{uuid}-4111111111111111")));
        }
        // Longer it is none.
        assert!(is_in("1c4abb44-628d-4712-9441-51105a51c644a"));
    }

    #[test]
    fn numbers_of_cards_are_masked_however_they_are_written() {
        for (text, expected) in [
            ("4111111111111111", "****************"),
            ("paid by 4111 1111 1111 1111, again", "paid by **** **** **** ****, again"),
            ("378282246310005", "***************"),
            ("3782-822463-10005.", "****-******-*****."),
            // A digit beside it does not hide it.
            ("2 4111.1111.1111.1111 7", "2 ****.****.****.**** 7"),
            ("\u{fc}4111\u{a0}1111\u{a0}1111\u{a0}1111\u{fc}", "\u{fc}****\u{a0}****\u{a0}****\u{a0}****\u{fc}"),
            ("4111111111111111 4242424242424242", "**************** ****************"),
        ] {
            assert_eq!(masked(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_card_stays() {
        for text in [
            "",
            "call 5 people at 10:30, +1 555 010 9999",
            "4111111111111112",
            "4111  1111  1111  1111 in pieces",
            "order 0898f154eef04ff51bbbc000",
            "12345678901234567890123",
            // Luhn's sum of its digits fits.
            "00000000-0000-4000-8000-000000000004",
            "b234ee56-7890-4f12-a123-4567890abcde",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}

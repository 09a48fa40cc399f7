//! Card numbers in any notation, and numbers that are none.

use proptest::prelude::*;

use super::{CARD_DIGITS_MAX, is_in, masked};

/// The Luhn sum by its definition: from the right, every second digit doubled and its digits added.
fn luhn(digits: &[u8]) -> u32 {
    let value = |(place, digit): (usize, &u8)| {
        let value = u32::from(*digit) * if place % 2 == 1 { 2 } else { 1 };
        value / 10 + value % 10
    };
    digits.iter().rev().enumerate().map(value).sum()
}

/// The digits with a valid check digit.
fn checked(mut digits: Vec<u8>) -> Vec<u8> {
    digits.push(0);
    let last = (10 - luhn(&digits) % 10) % 10;
    *digits.last_mut().unwrap() = last as u8;
    digits
}

/// Networks by the definition that their own pages give: beginnings of any length, and lengths.
const NETWORKS: &[(&[&str], &[usize])] = &[
    (&["4"], &[16, 18, 19]),
    (&["51", "52", "53", "54", "55", "2221", "2300", "2699", "2720"], &[16]),
    (&["34", "37"], &[15]),
    (&["300", "305", "36", "38", "39"], &[14, 16, 19]),
    (&["6011", "644", "649", "65", "62", "60", "6521", "63", "67"], &[16, 17, 18, 19]),
    (&["3528", "3589", "2200", "2204", "500", "5089", "56", "59", "8100", "8171"], &[16, 17, 18, 19]),
    (&["2131", "1800"], &[15, 16, 17, 18, 19]),
    (&["9792", "8172", "82", "509"], &[16]),
];

/// A card number of a network.
fn card_number() -> impl Strategy<Value = Vec<u8>> {
    let networks: Vec<(&str, usize)> = NETWORKS
        .iter()
        .flat_map(|(beginnings, lengths)| {
            beginnings.iter().flat_map(|first| lengths.iter().map(|length| (*first, *length)))
        })
        .collect();
    (prop::sample::select(networks), digits(CARD_DIGITS_MAX..=CARD_DIGITS_MAX)).prop_map(|((first, length), rest)| {
        let first = first.bytes().map(|digit| digit - b'0');
        checked(first.chain(rest).take(length - 1).collect())
    })
}

/// Joins digits with the given separators.
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

/// Text that may surround a number: nothing, words, or numbers separated by a space or a hyphen.
fn surroundings() -> impl Strategy<Value = String> {
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
    fn every_card_number_is_found_in_any_notation(
        digits in card_number(), separators in separators(), before in surroundings(), behind in surroundings()
    ) {
        let behind: String = behind.chars().rev().collect();
        let text = format!("{before}{}{behind}", written(&digits, &separators));
        prop_assert!(is_in(&text), "{text}");
    }

    #[test]
    fn masked_text_never_contains_a_card_number(text in "[0-9a-z .\u{a0}-]{0,60}") {
        prop_assert!(!is_in(&masked(&text)), "{text}");
    }

    #[test]
    fn a_wrong_check_digit_is_not_a_card_number(
        mut digits in card_number(), other in 1..10_u8, before in "[a-z#:. ]{0,8}", behind in "[a-z.,;:]{0,8}"
    ) {
        let last = digits.last_mut().unwrap();
        *last = (*last + other) % 10;
        let text = format!("{before}{}{behind}", written(&digits, &[""; CARD_DIGITS_MAX]));
        prop_assert!(!is_in(&text), "{text}");
    }

    #[test]
    fn every_match_is_a_card_number(text in "[0-9 -]{0,40}") {
        // The whole match meets the definition: groups of adjacent digits with single separators.
        let starts: Vec<usize> = (0..text.len())
            .filter(|at| text.as_bytes()[*at].is_ascii_digit() && (*at == 0 || !text.as_bytes()[at - 1].is_ascii_digit()))
            .collect();
        let ends = |start: usize| (start + 1..=text.len())
            .filter(|end| text.as_bytes()[end - 1].is_ascii_digit() && !text.as_bytes().get(*end).is_some_and(u8::is_ascii_digit))
            .collect::<Vec<_>>();
        let is_card = |part: &str| {
            let digits: Vec<u8> = part.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
            let single = !["  ", "--", " -", "- "].iter().any(|gap| part.contains(gap));
            let first: String = digits.iter().map(|digit| char::from(digit + b'0')).take(4).collect();
            let range = |from: &str, to: &str| (from..=to).contains(&first.as_str());
            let length = digits.len();
            let starts = |starts: &[&str]| starts.iter().any(|start| first.starts_with(start));
            let known = match length {
                14..=19 if starts(&["36", "38", "39"]) || range("3000", "3059") => matches!(length, 14 | 16 | 19),
                15..=19 if starts(&["2131", "1800"]) => true,
                15 => starts(&["34", "37"]),
                16..=19 if starts(&["4"]) => length != 17,
                17..=19 if starts(&["509"]) => false,
                16 if range("5100", "5599") || range("2221", "2720") || range("8172", "8299") || first == "9792" => true,
                16..=19 => {
                    starts(&["6", "50", "56", "57", "58", "59"])
                        || range("8100", "8171") || range("3528", "3589") || range("2200", "2204")
                }
                _ => false,
            };
            single && known && luhn(&digits).is_multiple_of(10)
        };
        let expected = starts.iter().any(|start| ends(*start).into_iter().any(|end| text.get(*start..end).is_some_and(is_card)));
        prop_assert_eq!(is_in(&text), expected);
    }

    #[test]
    fn too_few_or_too_many_digits_are_not_a_card_number(short in digits(0..=12), long in digits(19..=60)) {
        for digits in [checked(short), checked(long)] {
            let text = written(&digits, &vec![""; digits.len()]);
            prop_assert!(!is_in(&text), "{text}");
        }
    }

    #[test]
    fn hashes_and_uuids_are_not_card_numbers(hex in "[0-9a-f]{24,64}", number in card_number()) {
        prop_assume!(hex.contains(|character: char| character.is_ascii_alphabetic()));
        prop_assert!(!is_in(&hex), "{hex}");
        let text = written(&number, &[""; CARD_DIGITS_MAX]);
        let (before, behind) = (format!("7f7f7f7f7f7f{text}"), format!("{text}e0e0e0e0e0e0"));
        prop_assert!(!is_in(&before) && !is_in(&behind));
        // A few letters next to a number do not make it a hash.
        let (before, behind) = (format!("7f{text}"), format!("{text}e0"));
        prop_assert!(is_in(&before) && is_in(&behind));
    }
}

#[test]
fn test_numbers_of_the_card_networks_are_found() {
    for number in [
        "4111111111111111",
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
    for none in [
        "",
        "4111111111111112",
        "4111  1111 1111 1111",
        "4111.1111.1111.1111",
        "411111111111",
        "+49 1512 3456789",
        // A shop's order id, an old Visa number, and beginnings and lengths that no network uses.
        "5865707049996",
        "4222222222222",
        "7992739871300008",
        "37828224631000500",
    ] {
        assert!(!is_in(none), "{none}");
    }
}

#[test]
fn uuids_are_skipped_and_the_text_around_them_is_searched() {
    for uuid in ["1c4abb44-628d-4712-9441-51105a51c644", "F0000000-4111-1111-1111-11110000000a"] {
        assert!(!is_in(uuid) && !is_in(&format!("see {uuid}, {uuid}.")), "{uuid}");
        assert!(is_in(&format!("{uuid} 4111111111111111")) && is_in(&format!("4111111111111111 {uuid}")));
        assert!(is_in(&format!("{uuid}-4111111111111111")));
    }
    // A longer one is not a card number.
    assert!(is_in("1c4abb44-628d-3056-9309-025904a51c64a"));
}

#[test]
fn card_numbers_are_masked_in_any_notation() {
    for (text, expected) in [
        ("4111111111111111", "****************"),
        ("paid by 4111 1111 1111 1111, again", "paid by **** **** **** ****, again"),
        ("378282246310005", "***************"),
        ("3782-822463-10005.", "****-******-*****."),
        // An adjacent digit does not hide it.
        ("2 4111.1111.1111.1111 7", "2 ****.****.****.**** 7"),
        ("\u{fc}4111\u{a0}1111\u{a0}1111\u{a0}1111\u{fc}", "\u{fc}****\u{a0}****\u{a0}****\u{a0}****\u{fc}"),
        ("4111111111111111 4242424242424242", "**************** ****************"),
    ] {
        assert_eq!(masked(text), expected, "{text}");
    }
}

#[test]
fn other_text_is_not_masked() {
    for text in [
        "",
        "call 5 people at 10:30, +1 555 010 9999",
        "4111111111111112",
        "4111  1111  1111  1111 in pieces",
        "order 0898f154eef04ff51bbbc000",
        "12345678901234567890123",
        // Its digits pass the Luhn check.
        "00000000-0000-4000-8000-000000000004",
        "b234ee56-7890-4f12-a123-4567890abcde",
    ] {
        assert_eq!(masked(text), text);
    }
}

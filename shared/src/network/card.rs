//! Numbers of cards in what people write: they do not belong there, and a log must not keep them.

use std::ops::RangeInclusive;

/// Digits of a card's number: those of ISO/IEC 7812 that are in use.
const DIGITS: RangeInclusive<usize> = 12..=19;
/// What people write between the digits, one at a time.
const SEPARATORS: [char; 4] = [' ', '\u{a0}', '-', '.'];

/// The text with a star for each digit of what may be a card's number: digits of its length with a right check digit, in
/// one piece or in groups. One in ten of other long numbers is masked as well; none of a card's is shown.
#[must_use]
pub fn masked(text: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let mut run: Vec<Vec<usize>> = Vec::new();
    let mut hidden: Vec<usize> = Vec::new();
    for (index, character) in characters.iter().enumerate() {
        let is_digit =
            |place: Option<usize>| place.and_then(|place| characters.get(place)).is_some_and(char::is_ascii_digit);
        if character.is_ascii_digit() {
            match run.last_mut().filter(|_| is_digit(index.checked_sub(1))) {
                Some(group) => group.push(index),
                None => run.push(vec![index]),
            }
        } else if !(SEPARATORS.contains(character) && is_digit(index.checked_sub(1)) && is_digit(index.checked_add(1)))
        {
            hidden.extend(cards(&characters, &std::mem::take(&mut run)));
        }
    }
    hidden.extend(cards(&characters, &run));
    for place in hidden {
        if let Some(digit) = characters.get_mut(place) {
            *digit = '*';
        }
    }
    characters.into_iter().collect()
}

/// The places of the digits that may be a card's: of as many neighbouring groups as have its length.
fn cards(characters: &[char], run: &[Vec<usize>]) -> Vec<usize> {
    let mut found = Vec::new();
    for first in 0..run.len() {
        let mut places: Vec<usize> = Vec::new();
        for group in run.iter().skip(first) {
            places.extend(group);
            if places.len() > *DIGITS.end() {
                break;
            }
            if DIGITS.contains(&places.len()) && has_check_digit(characters, &places) {
                found.extend(&places);
            }
        }
    }
    found
}

/// The formula of Luhn: from the right, every second digit is doubled, and the sum of all digits ends in zero.
fn has_check_digit(characters: &[char], places: &[usize]) -> bool {
    let digits = places.iter().rev().filter_map(|place| characters.get(*place)?.to_digit(10));
    let sum = digits.enumerate().fold(0_u32, |sum, (index, digit)| {
        let doubled = if index % 2 == 1 { digit.saturating_mul(2) } else { digit };
        sum.saturating_add(doubled / 10).saturating_add(doubled % 10)
    });
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::masked;

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
        ] {
            assert_eq!(masked(text), text);
        }
    }
}

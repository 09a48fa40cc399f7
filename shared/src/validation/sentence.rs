//! Writes texts without the standard library's formatting, which is larger than the whole module.

use alloc::vec::Vec;

use crate::limits::AMOUNT_DECIMALS_MAX;

/// Builds texts.
pub(super) trait Sentence {
    fn words(&mut self, words: &[&str]);
    fn number(&mut self, number: u64);

    fn integer(&mut self, number: i64) {
        if number < 0 {
            self.words(&["-"]);
        }
        self.number(number.unsigned_abs());
    }

    /// Appends an amount of ten-thousandths, below 2⁹⁶, as a decimal without trailing zeros.
    fn amount(&mut self, ten_thousandths: i128);

    /// Appends a number with its noun in the right form.
    fn count(&mut self, count: usize, one: &str, many: &str) {
        self.number(count as u64);
        self.words(&[" ", if count == 1 { one } else { many }]);
    }

    /// Appends a noun with its article.
    fn a(&mut self, noun: &str) {
        let article = match noun.as_bytes() {
            b"null" => "",
            [b'a' | b'e' | b'i' | b'o' | b'u', ..] => "an ",
            _ => "a ",
        };
        self.words(&[article, noun]);
    }
}

/// Digits of a number below 2⁹⁶.
const DIGITS_MAX: usize = 29;
const DECIMALS: usize = AMOUNT_DECIMALS_MAX as usize;

impl Sentence for Vec<u8> {
    #[inline(never)]
    fn words(&mut self, words: &[&str]) {
        words.iter().for_each(|word| append(self, word.as_bytes()));
    }

    #[inline(never)]
    fn number(&mut self, mut number: u64) {
        // Most are indexes of entries.
        if number < 10 {
            self.push(b'0' + number as u8);
            return;
        }
        let mut digits = [b'0'; 20];
        let mut count = 1;
        for (index, digit) in digits.iter_mut().rev().enumerate() {
            if number == 0 {
                break;
            }
            // Nearly every number fits into 32 bits, which WebAssembly divides much faster than 64.
            let last = match u32::try_from(number) {
                Ok(small) => {
                    number = u64::from(small / 10);
                    small % 10
                }
                Err(_) => {
                    let last = number % 10;
                    number /= 10;
                    last as u32
                }
            };
            *digit += last as u8;
            count = index + 1;
        }
        append(self, digits.get(20 - count..).unwrap_or_default());
    }

    #[inline(never)]
    fn amount(&mut self, ten_thousandths: i128) {
        // Three words, divided by ten until nothing is left: WebAssembly has no division of 128 bits.
        let value = ten_thousandths.unsigned_abs();
        let mut words = [(value >> 64) as u32, (value >> 32) as u32, value as u32];
        let mut digits = [b'0'; DIGITS_MAX];
        // At least one digit comes before the point.
        let mut first = DIGITS_MAX - DECIMALS - 1;
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            let mut remainder = 0_u64;
            for word in &mut words {
                let dividend = remainder << 32 | u64::from(*word);
                (*word, remainder) = ((dividend / 10) as u32, dividend % 10);
            }
            *digit += remainder as u8;
            if remainder != 0 {
                first = first.min(place);
            }
        }
        if ten_thousandths < 0 {
            self.push(b'-');
        }
        let (whole, fraction) = digits.split_at_checked(DIGITS_MAX - DECIMALS).unwrap_or_default();
        append(self, whole.get(first..).unwrap_or_default());
        let decimals = DECIMALS - fraction.iter().rev().take_while(|digit| **digit == b'0').count();
        if decimals > 0 {
            self.push(b'.');
            append(self, fraction.get(..decimals).unwrap_or_default());
        }
    }
}

/// Appends a text. Most are short, and storing one or two blocks of fixed size is faster than a copy of variable
/// length; the excess is truncated.
#[inline(never)]
pub(super) fn append(out: &mut Vec<u8>, text: &[u8]) {
    let length = out.len() + text.len();
    if let (Some(first), Some(last)) = (text.first_chunk::<16>(), text.last_chunk::<16>()) {
        if text.len() > 32 {
            out.extend_from_slice(text);
            return;
        }
        out.extend_from_slice(first);
        out.truncate(length - 16);
        out.extend_from_slice(last);
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let behind = u64::from_le_bytes(*last) >> (8 * (16 - text.len()) % 64);
        let both = if text.len() == 8 { 0 } else { u128::from(behind) << 64 } | u128::from(u64::from_le_bytes(*first));
        out.extend_from_slice(&both.to_le_bytes());
    } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        let behind = u64::from(u32::from_le_bytes(*last)) << (8 * (text.len() - 4));
        out.extend_from_slice(&(behind | u64::from(u32::from_le_bytes(*first))).to_le_bytes());
    } else {
        text.iter().for_each(|byte| out.push(*byte));
    }
    out.truncate(length);
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::{Sentence, Vec};

    #[test]
    fn numbers_are_written_as_by_the_standard_library() {
        for number in [0, 1, 9, 10, 101, 1_000, 65_535, i64::MAX, i64::MIN, -1, -10] {
            let mut text = Vec::new();
            text.integer(number);
            assert_eq!(text, number.to_string().as_bytes());
        }
    }

    #[test]
    fn amounts_are_written_as_decimals_are_by_their_crate() {
        let small = [0, 1, 10, 100, 5_000, 10_000, 10_001, 100_000, 199_900, 201_000, 4_294_967_296];
        let large = [9_999_999_999_999_999, 100_000_000_000_000_000_000, 1 << 64, (1 << 96) - 1];
        for value in small.into_iter().chain(large).flat_map(|value| [value, -value]) {
            let mut written = Vec::new();
            written.amount(value);
            assert_eq!(written, Decimal::from_i128_with_scale(value, 4).normalize().to_string().as_bytes());
        }
    }

    #[test]
    fn nouns_have_their_article_and_number() {
        let mut text = Vec::new();
        for noun in ["array", "null", "string"] {
            text.a(noun);
            text.push(b' ');
        }
        text.count(1, "entry", "entries");
        text.count(2, "entry", "entries");
        assert_eq!(text, b"an array null a string 1 entry2 entries");
    }

    #[test]
    fn texts_of_every_length_are_appended_whole() {
        let text: Vec<u8> = (0..80).collect();
        for start in 0..3 {
            for end in start..text.len() {
                let mut out = b"before".to_vec();
                super::append(&mut out, &text[start..end]);
                assert_eq!(out, [b"before", &text[start..end]].concat());
            }
        }
    }
}

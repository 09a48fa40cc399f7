//! Writing texts without the formatting machinery of the standard library, which is larger than the whole module.

use alloc::string::String;

use crate::limits::AMOUNT_DECIMALS_MAX;

/// What texts are put together from.
pub(super) trait Sentence {
    /// Appends words.
    fn words(&mut self, words: &[&str]);
    /// Appends a number in digits.
    fn number(&mut self, number: u64);

    /// Appends a number that may be below zero.
    fn integer(&mut self, number: i64) {
        if number < 0 {
            self.words(&["-"]);
        }
        self.number(number.unsigned_abs());
    }

    /// Appends an amount of ten-thousandths, below 2⁹⁶, as a decimal without trailing zeros.
    fn amount(&mut self, ten_thousandths: i128);

    /// Appends a number with its noun, in the plural unless there is one.
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

impl Sentence for String {
    #[inline(never)]
    fn words(&mut self, words: &[&str]) {
        words.iter().for_each(|word| self.push_str(word));
    }

    #[inline(never)]
    fn number(&mut self, mut number: u64) {
        let mut digits = [b'0'; 20];
        let mut count = 1;
        for (index, digit) in digits.iter_mut().rev().enumerate() {
            if number == 0 {
                break;
            }
            *digit += (number % 10) as u8;
            number /= 10;
            count = index + 1;
        }
        push_digits(self, digits.get(20 - count..).unwrap_or_default());
    }

    #[inline(never)]
    fn amount(&mut self, ten_thousandths: i128) {
        // Three words, divided by ten until nothing is left: WebAssembly has no division of 128 bits.
        let value = ten_thousandths.unsigned_abs();
        let mut words = [(value >> 64) as u32, (value >> 32) as u32, value as u32];
        let mut digits = [b'0'; DIGITS_MAX];
        // At least one digit stands before the point.
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
            self.push('-');
        }
        let (whole, fraction) = digits.split_at_checked(DIGITS_MAX - DECIMALS).unwrap_or_default();
        push_digits(self, whole.get(first..).unwrap_or_default());
        let decimals = DECIMALS - fraction.iter().rev().take_while(|digit| **digit == b'0').count();
        if decimals > 0 {
            self.push('.');
            push_digits(self, fraction.get(..decimals).unwrap_or_default());
        }
    }
}

#[inline(never)]
fn push_digits(text: &mut String, digits: &[u8]) {
    text.push_str(core::str::from_utf8(digits).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::Sentence;

    #[test]
    fn numbers_are_written_as_by_the_standard_library() {
        for number in [0, 1, 9, 10, 101, 1_000, 65_535, i64::MAX, i64::MIN, -1, -10] {
            let mut text = String::new();
            text.integer(number);
            assert_eq!(text, number.to_string());
        }
    }

    #[test]
    fn amounts_are_written_as_decimals_are_by_their_crate() {
        let small = [0, 1, 10, 100, 5_000, 10_000, 10_001, 100_000, 199_900, 201_000, 4_294_967_296];
        let large = [9_999_999_999_999_999, 100_000_000_000_000_000_000, 1 << 64, (1 << 96) - 1];
        for value in small.into_iter().chain(large).flat_map(|value| [value, -value]) {
            let mut written = String::new();
            written.amount(value);
            assert_eq!(written, Decimal::from_i128_with_scale(value, 4).normalize().to_string());
        }
    }

    #[test]
    fn nouns_have_their_article_and_number() {
        let mut text = String::new();
        for noun in ["array", "null", "string"] {
            text.a(noun);
            text.push(' ');
        }
        text.count(1, "entry", "entries");
        text.count(2, "entry", "entries");
        assert_eq!(text, "an array null a string 1 entry2 entries");
    }
}

//! Blocks of sixteen bytes: find where a string stops being plain or white space ends, and compare names.
//!
//! WebAssembly has vectors of 128 bits with safe intrinsics; other targets use two 64-bit words, which is nearly as
//! fast and portable. Neither contains unsafe code. Tests compare the words with one byte at a time, and the module's
//! verdicts with the native ones, so the two implementations check each other.

pub(super) const BLOCK: usize = 16;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use vectors::Block;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) use words::Block;

/// Whether a byte of a string needs a closer look: a quote, an escape, a control character or part of a non-ASCII
/// character.
#[cfg(test)]
pub(super) const fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20 || byte >= 0x7f
}

pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vectors {
    use core::arch::wasm32::{
        i8x16_lt, i8x16_splat, u8x16_bitmask, u8x16_eq, u8x16_gt, u8x16_le, u8x16_shr, u8x16_splat, u8x16_sub,
        u8x16_swizzle, u64x2, v128, v128_and, v128_or, v128_xor,
    };

    use super::super::classes::NOT_IN_URL;
    use super::BLOCK;

    #[derive(Clone, Copy)]
    pub(in super::super) struct Block(v128);

    impl Block {
        #[inline(always)]
        pub(in super::super) fn load(bytes: &[u8; BLOCK]) -> Self {
            let bits = u128::from_le_bytes(*bytes);
            // Compiles to one unaligned load.
            Self(u64x2(bits as u64, (bits >> 64) as u64))
        }

        #[inline(always)]
        fn is(self, byte: u8) -> v128 {
            u8x16_eq(self.0, u8x16_splat(byte))
        }

        /// The first special byte; [`BLOCK`] or more if there is none.
        #[inline(always)]
        pub(in super::super) fn first_special(self) -> usize {
            // With this bit turned, the quote is 0x20 and the control characters are still the only ones below it; bytes
            // beyond ASCII are negative numbers.
            let turned = v128_xor(self.0, u8x16_splat(b'"' ^ b' '));
            let special = v128_or(i8x16_lt(turned, i8x16_splat(0x21)), v128_or(self.is(0x7f), self.is(b'\\')));
            u32::from(u8x16_bitmask(special)).trailing_zeros() as usize
        }

        /// The first byte that is not white space; [`BLOCK`] if there is none.
        #[inline(always)]
        pub(in super::super) fn first_not_space(self) -> usize {
            let blank = v128_or(self.is(b' '), self.is(b'\n'));
            let space = v128_or(blank, v128_or(self.is(b'\r'), self.is(b'\t')));
            first(!u8x16_bitmask(space))
        }

        #[inline(always)]
        pub(in super::super) fn starts_with(self, pattern: Self, count: usize) -> bool {
            let different = !u32::from(u8x16_bitmask(u8x16_eq(self.0, pattern.0)));
            different.trailing_zeros() as usize >= count.min(BLOCK)
        }

        #[inline(always)]
        pub(in super::super) fn caseless(self) -> Self {
            Self(v128_or(self.0, u8x16_splat(0x20)))
        }

        #[inline(always)]
        pub(in super::super) fn equal(self, byte: u8) -> Marked {
            Marked(self.is(byte))
        }

        #[inline(always)]
        pub(in super::super) fn within(self, first: u8, last: u8) -> Marked {
            Marked(u8x16_le(u8x16_sub(self.0, u8x16_splat(first)), u8x16_splat(last - first)))
        }

        #[inline(always)]
        pub(in super::super) fn beyond_ascii(self) -> Marked {
            Marked(self.0)
        }

        #[inline(always)]
        pub(in super::super) fn alphanumeric(self) -> Marked {
            self.caseless().within(b'a', b'z').or(self.within(b'0', b'9'))
        }

        #[inline(always)]
        pub(in super::super) fn not_in_url(self) -> Marked {
            // Two tables of 16, looked up by the lower and by the upper half of each byte, have a bit in common.
            let [lower, upper] = NOT_IN_URL;
            let lower = u8x16_swizzle(Self::load(&lower).0, v128_and(self.0, u8x16_splat(0x0f)));
            let upper = u8x16_swizzle(Self::load(&upper).0, u8x16_shr(self.0, 4));
            Marked(u8x16_gt(v128_and(lower, upper), u8x16_splat(0)))
        }
    }

    #[derive(Clone, Copy)]
    pub(in super::super) struct Marked(v128);

    impl Marked {
        #[inline(always)]
        pub(in super::super) fn or(self, other: Self) -> Self {
            Self(v128_or(self.0, other.0))
        }

        #[inline(always)]
        pub(in super::super) fn bits(self) -> u32 {
            u8x16_bitmask(self.0).into()
        }
    }

    #[inline(always)]
    fn first(mask: u16) -> usize {
        (u32::from(mask) | 1 << BLOCK).trailing_zeros() as usize
    }
}

#[cfg_attr(all(target_arch = "wasm32", target_feature = "simd128"), expect(dead_code, reason = "the twin is used"))]
mod words {
    use super::BLOCK;

    #[derive(Clone, Copy)]
    pub(in super::super) struct Block([u64; 2]);

    const ONES: u64 = u64::MAX / 0xff;
    const HIGHS: u64 = ONES << 7;

    impl Block {
        #[inline(always)]
        pub(in super::super) fn load(bytes: &[u8; BLOCK]) -> Self {
            let bits = u128::from_le_bytes(*bytes);
            Self([bits as u64, (bits >> 64) as u64])
        }

        /// The first byte that `marked` marks with its high bit; [`BLOCK`] if there is none.
        #[inline(always)]
        fn first(self, marked: impl Fn(u64) -> u64) -> usize {
            let [low, high] = self.0;
            match marked(low) {
                0 => 8 + marked(high).trailing_zeros() as usize / 8,
                low => low.trailing_zeros() as usize / 8,
            }
        }

        /// The first special byte; [`BLOCK`] if there is none.
        #[inline(always)]
        pub(in super::super) fn first_special(self) -> usize {
            self.first(|word| {
                // With this bit turned, the quote is 0x20 and the control characters are still the only ones below it.
                let turned = word ^ (ONES * (b'"' ^ b' ') as u64);
                let low = turned.wrapping_sub(ONES * 0x21) | (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
                // 0x7f moves into the high bit, which is set for bytes beyond ASCII.
                (low | word.wrapping_add(ONES) | word) & HIGHS
            })
        }

        /// The first byte that is not white space; [`BLOCK`] if there is none.
        #[inline(always)]
        pub(in super::super) fn first_not_space(self) -> usize {
            self.first(|word| {
                let is = |byte| exactly_equal(word, byte);
                !(is(b' ') | is(b'\n') | is(b'\r') | is(b'\t')) & HIGHS
            })
        }

        /// Whether the block starts with the first `count` bytes (1 or more) of the pattern, which is padded with
        /// zeros.
        #[inline(always)]
        pub(in super::super) fn starts_with(self, pattern: Self, count: usize) -> bool {
            let [low, high] = self.0;
            let [pattern_low, pattern_high] = pattern.0;
            if count < 8 {
                return (low ^ pattern_low) << (64 - 8 * count) == 0;
            }
            let beyond = 64 - 8 * (count.min(BLOCK) - 8) as u32;
            low == pattern_low && (high ^ pattern_high).checked_shl(beyond).unwrap_or_default() == 0
        }

        /// The block with bit 5 of every byte set: letters become lower case, and no other byte becomes a letter.
        #[inline(always)]
        pub(in super::super) fn caseless(self) -> Self {
            Self(self.0.map(|word| word | (ONES * 0x20)))
        }

        #[inline(always)]
        pub(in super::super) fn equal(self, byte: u8) -> Marked {
            Marked(self.0.map(|word| exactly_equal(word, byte)))
        }

        /// Marks the bytes from `first` to `last`, which are ASCII.
        #[inline(always)]
        pub(in super::super) fn within(self, first: u8, last: u8) -> Marked {
            Marked(self.0.map(|word| {
                // Adding to the low seven bits carries into the eighth exactly from the bound on.
                let low = word & !HIGHS;
                let from = |byte: u8| low.wrapping_add(ONES * (0x80 - byte) as u64);
                from(first) & !from(last + 1) & !word & HIGHS
            }))
        }

        /// Marks the bytes of characters beyond ASCII.
        #[inline(always)]
        pub(in super::super) fn beyond_ascii(self) -> Marked {
            Marked(self.0)
        }

        /// Marks the letters and digits of ASCII.
        #[inline(always)]
        pub(in super::super) fn alphanumeric(self) -> Marked {
            self.caseless().within(b'a', b'z').or(self.within(b'0', b'9'))
        }

        /// Marks the bytes that are not allowed in URLs.
        #[inline(always)]
        pub(in super::super) fn not_in_url(self) -> Marked {
            // Each comparison covers two characters that differ in one bit.
            let twice = Self(self.0.map(|word| word | (ONES * 2)));
            let marks = twice.equal(b'>').or(twice.equal(b'^')).or(self.equal(b'"')).or(self.equal(b'`'));
            marks.or(self.within(0, b' ')).or(self.within(b'{', b'}')).or(self.equal(0x7f))
        }
    }

    /// Marked bytes of a block: their high bits are set.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Marked([u64; 2]);

    impl Marked {
        #[inline(always)]
        pub(in super::super) fn or(self, other: Self) -> Self {
            let ([low, high], [other_low, other_high]) = (self.0, other.0);
            Self([low | other_low, high | other_high])
        }

        /// One bit per byte, lowest first.
        #[inline(always)]
        pub(in super::super) fn bits(self) -> u32 {
            // Moves the bit of each byte to its own position in the highest byte.
            let [low, high] = self.0.map(|word| ((word & HIGHS) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56);
            (low | high << 8) as u32
        }
    }

    /// Sets the high bit of exactly those bytes that equal `byte`.
    #[inline(always)]
    fn exactly_equal(word: u64, byte: u8) -> u64 {
        let zero_if_equal = word ^ (ONES * byte as u64);
        !(((zero_if_equal & !HIGHS) + !HIGHS) | zero_if_equal) & HIGHS
    }

    #[cfg(test)]
    mod tests {
        use super::super::super::classes;
        use super::super::{BLOCK, is_space, is_special};
        use super::Block;

        /// Blocks with every byte value at every position, among plain and among special bytes.
        fn blocks() -> impl Iterator<Item = [u8; BLOCK]> {
            let fills = [b'a', b' ', b'"', b'\\', 0x00, 0x1f, 0x7e, 0x7f, 0x80, 0xff, b'\n'];
            fills.into_iter().flat_map(|fill| {
                (0..BLOCK).flat_map(move |place| {
                    (0..=u8::MAX).map(move |byte| {
                        let mut block = [b'a'; BLOCK];
                        block[place..].fill(fill);
                        block[place] = byte;
                        block
                    })
                })
            })
        }

        fn bits(block: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> u32 {
            block.iter().rev().fold(0, |bits, byte| bits << 1 | u32::from(is(*byte)))
        }

        #[test]
        fn marks_are_those_of_single_bytes() {
            for bytes in blocks() {
                let block = Block::load(&bytes);
                for (first, last) in [(b'a', b'z'), (b'0', b'9'), (b'-', b'.'), (0, b' '), (b'{', 0x7f)] {
                    let within = block.within(first, last).bits();
                    assert_eq!(within, bits(&bytes, |byte| (first..=last).contains(&byte)), "{bytes:?}");
                }
                for byte in [b'a', b'"', 0, 0x7f, 0x80] {
                    assert_eq!(block.equal(byte).bits(), bits(&bytes, |other| other == byte), "{bytes:?}");
                }
                let in_url = bits(&bytes, |byte| classes::is(byte, classes::IN_URL));
                assert_eq!(block.not_in_url().bits(), !in_url & 0xffff, "{bytes:?}");
                let letters = block.caseless().within(b'a', b'z').or(block.beyond_ascii()).bits();
                assert_eq!(letters, bits(&bytes, |byte| byte.is_ascii_alphabetic() || byte >= 0x80), "{bytes:?}");
            }
        }

        fn first(block: &[u8], is: impl Fn(u8) -> bool) -> usize {
            block.iter().position(|byte| is(*byte)).unwrap_or(BLOCK)
        }

        #[test]
        fn words_answer_as_single_bytes_do() {
            for block in blocks() {
                assert_eq!(Block::load(&block).first_special(), first(&block, is_special), "{block:?}");
                let mut spaces = block.map(|byte| if byte == b'a' { b'\t' } else { byte });
                assert_eq!(Block::load(&spaces).first_not_space(), first(&spaces, |byte| !is_space(byte)));
                spaces.reverse();
                assert_eq!(Block::load(&spaces).first_not_space(), first(&spaces, |byte| !is_space(byte)));
            }
        }

        #[test]
        fn a_pattern_matches_where_it_has_bytes() {
            for length in 1..=BLOCK {
                let mut pattern = [0; BLOCK];
                pattern[..length].copy_from_slice(&b"\"0123456789abc\":"[..length]);
                for block in blocks() {
                    for mut block in [block, *b"\"0123456789abc\":"] {
                        let expected = block[..length] == pattern[..length];
                        assert_eq!(Block::load(&block).starts_with(Block::load(&pattern), length), expected);
                        block[length.min(BLOCK - 1)] ^= 0x80;
                        let expected = block[..length] == pattern[..length];
                        assert_eq!(Block::load(&block).starts_with(Block::load(&pattern), length), expected);
                    }
                }
            }
        }
    }
}

//! Sixteen bytes looked at together: where a string stops being plain, where white space ends, whether a name stands here.
//!
//! WebAssembly has vectors of 128 bits, and its intrinsics are safe to call; everywhere else the same questions are
//! answered with two words of 64 bits, which is nearly as fast and the same on every processor. There is no unsafe code
//! in either. The tests hold the words against one byte at a time, and the verdicts of the module are held against the
//! native ones, so each twin watches the other.

/// Bytes in a block.
pub(super) const BLOCK: usize = 16;

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use vectors::Block;
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub(super) use words::Block;

/// Whether a byte of a string needs a second look: the quote that ends it, an escape, a control character, or the byte of
/// a character beyond ASCII.
#[cfg(test)]
pub(super) const fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < 0x20 || byte >= 0x7f
}

/// Whether a byte is white space of JSON.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vectors {
    use core::arch::wasm32::{
        u8x16_all_true, u8x16_bitmask, u8x16_eq, u8x16_ge, u8x16_shr, u8x16_splat, u8x16_sub, u8x16_swizzle, u64x2,
        v128, v128_and, v128_any_true, v128_or,
    };

    use super::BLOCK;

    /// Sixteen bytes in one vector.
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

        /// The first special byte; [`BLOCK`] if there is none.
        #[inline(always)]
        pub(in super::super) fn first_special(self) -> usize {
            // Moved down by 0x20, the control characters wrap around to the top.
            let unprintable = u8x16_ge(u8x16_sub(self.0, u8x16_splat(0x20)), u8x16_splat(0x7f - 0x20));
            let special = v128_or(unprintable, v128_or(self.is(b'"'), self.is(b'\\')));
            first(u8x16_bitmask(special))
        }

        /// The first byte that is not white space; [`BLOCK`] if there is none.
        #[inline(always)]
        pub(in super::super) fn first_not_space(self) -> usize {
            let blank = v128_or(self.is(b' '), self.is(b'\n'));
            let space = v128_or(blank, v128_or(self.is(b'\r'), self.is(b'\t')));
            first(!u8x16_bitmask(space))
        }

        /// Whether the first bytes are those of the pattern, which has `_count` bytes and zeros behind them.
        #[inline(always)]
        pub(in super::super) fn starts_with(self, pattern: Self, _count: usize) -> bool {
            u8x16_all_true(v128_or(u8x16_eq(self.0, pattern.0), pattern.is(0)))
        }

        /// Whether a byte has a bit in common in two tables of 16, looked up by its lower and by its upper half.
        #[inline(always)]
        pub(in super::super) fn any_in(self, lower: &[u8; BLOCK], upper: &[u8; BLOCK]) -> bool {
            let lower = u8x16_swizzle(Self::load(lower).0, v128_and(self.0, u8x16_splat(0x0f)));
            let upper = u8x16_swizzle(Self::load(upper).0, u8x16_shr(self.0, 4));
            v128_any_true(v128_and(lower, upper))
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

    /// Sixteen bytes in two words, the first byte lowest.
    #[derive(Clone, Copy)]
    pub(in super::super) struct Block([u64; 2]);

    /// 1 in every byte.
    const ONES: u64 = u64::MAX / 0xff;
    /// The high bit of every byte.
    const HIGHS: u64 = ONES << 7;

    impl Block {
        #[inline(always)]
        pub(in super::super) fn load(bytes: &[u8; BLOCK]) -> Self {
            let bits = u128::from_le_bytes(*bytes);
            Self([bits as u64, (bits >> 64) as u64])
        }

        /// The first byte whose high bit is set in what is made of its word; [`BLOCK`] if there is none.
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
                let control = word.wrapping_sub(ONES * 0x20) & !word;
                // 0x7f moves into the high bit, where the bytes beyond ASCII are already.
                let beyond = word.wrapping_add(ONES) | word;
                (control | beyond | equal(word, b'"') | equal(word, b'\\')) & HIGHS
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

        /// Whether the first bytes are those of the pattern, which has `count` bytes (1 or more) and zeros behind them.
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

        /// Whether a byte has a bit in common in two tables of 16, looked up by its lower and by its upper half.
        #[inline(always)]
        pub(in super::super) fn any_in(self, lower: &[u8; BLOCK], upper: &[u8; BLOCK]) -> bool {
            let look_up =
                |table: &[u8; BLOCK], half: u8| table.get(usize::from(half % 16)).copied().unwrap_or_default();
            let mut common = 0;
            for word in self.0 {
                for byte in word.to_le_bytes() {
                    common |= look_up(lower, byte) & look_up(upper, byte >> 4);
                }
            }
            common != 0
        }
    }

    /// The high bit of each byte that equals `byte`, and perhaps of bytes above the first that does.
    #[inline(always)]
    fn equal(word: u64, byte: u8) -> u64 {
        let zero_if_equal = word ^ (ONES * byte as u64);
        zero_if_equal.wrapping_sub(ONES) & !zero_if_equal
    }

    /// The high bit of each byte that equals `byte`, and of no other.
    #[inline(always)]
    fn exactly_equal(word: u64, byte: u8) -> u64 {
        let zero_if_equal = word ^ (ONES * byte as u64);
        !(((zero_if_equal & !HIGHS) + !HIGHS) | zero_if_equal) & HIGHS
    }

    #[cfg(test)]
    mod tests {
        use super::super::{BLOCK, is_space, is_special};
        use super::Block;

        /// Blocks in which every byte value stands at every place, among plain bytes and among special ones.
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

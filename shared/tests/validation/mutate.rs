//! Seeded mutations of bodies: the same sequence on every machine. Also part of the example `verdicts`.

/// Fragments to splice in: values of every kind, near misses and bytes that are not UTF-8.
const PIECES: &[&[u8]] = &[
    b"null",
    b"true",
    b"\"\"",
    b"\"x\"",
    b"{}",
    b"[]",
    b"0",
    b"-1",
    b"1.5",
    b"1e2",
    b"1e400",
    b"0.30000000000000004",
    b"NaN",
    b"\"NaN\"",
    b"10001",
    b"9223372036854775808",
    b"\"\\ud83d\"",
    b"\"\\ud83d\\ude00\"",
    b"\"\\u0000\"",
    b",",
    b":",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"\n",
    b"\0",
    b"\x7f",
    b"\xff",
    b"\xc3\xa9",
    b"\xe2\x82",
    b"\"a\":1,",
    b"\"sku\":\"a\",",
    b"\"items\":[],",
    b"\"safeId\":\"a\",",
    b"\"isTest\":true,",
    b"\"customerTotal\":1,",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"\"usd\"",
    b"\"https://\"",
];

/// xorshift64*: small, seeded, no dependency.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A random number below `bound`, which must not be 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(high).unwrap_or_default() % bound
    }
}

/// The body with one to three mutations.
pub(crate) fn mutate(body: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = body.to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len().max(1));
        match random.below(8) {
            0..=3 => swap_value(&mut bytes, at, random),
            4 => splice(&mut bytes, at..at, random),
            5 => {
                let end = (at + 1 + random.below(8)).min(bytes.len());
                splice(&mut bytes, at.min(end)..end, random);
            }
            6 => bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
            _ if random.below(4) == 0 => bytes.truncate(at),
            _ => drop(bytes.splice(at..(at + 1).min(bytes.len()), [])),
        }
    }
    bytes
}

/// Replaces the scalar after the next colon.
fn swap_value(bytes: &mut Vec<u8>, from: usize, random: &mut Random) {
    let Some(colon) = bytes.iter().skip(from).position(|byte| *byte == b':') else { return };
    let start = from + colon + 1;
    let length = bytes.iter().skip(start).take_while(|byte| !b",]}\n".contains(byte)).count();
    splice(bytes, start..start + length, random);
}

fn splice(bytes: &mut Vec<u8>, range: std::ops::Range<usize>, random: &mut Random) {
    let piece = PIECES.get(random.below(PIECES.len())).copied().unwrap_or_default();
    bytes.splice(range, piece.iter().copied());
}

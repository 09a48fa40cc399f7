//! The forms that name hosts: e-mail addresses, URLs, and addresses of the Internet.

use super::block::{BLOCK, Block};
use super::classes::{DIGIT, HEX, IN_URL, LABEL, LOCAL, all, class, is, split_at};

/// Pragmatic: what mail servers deliver to, not what RFC 5322 can express (quotes, comments, addresses of hosts).
pub(super) fn is_email(text: &[u8]) -> bool {
    split_at(text, |byte| !is(byte, LOCAL)).is_some_and(|(local, domain)| {
        let name = Domain::read(domain);
        (1..=64).contains(&local.len())
            && text.get(local.len()) == Some(&b'@')
            && name.complete
            && name.length == domain.len()
            && name.labels > 1
    })
}

/// The name of a host: labels of letters, digits and inner hyphens; letters of any script, because names may be
/// international.
struct Domain {
    /// Bytes that may belong to one.
    length: usize,
    labels: usize,
    /// Whether it may end there, without a dot behind it.
    complete: bool,
}

impl Domain {
    /// Reads as much as may be a name.
    #[inline(always)]
    fn read(text: &[u8]) -> Self {
        let (mut length, mut labels, mut before) = (0, 1, b'.');
        for byte in text {
            let fits = match *byte {
                b'.' => !matches!(before, b'.' | b'-'),
                b'-' => before != b'.',
                byte => is(byte, LABEL),
            };
            if !fits {
                break;
            }
            labels += usize::from(*byte == b'.');
            before = *byte;
            length += 1;
        }
        Self { length, labels, complete: !matches!(before, b'.' | b'-') }
    }
}

fn is_domain(text: &[u8]) -> bool {
    let name = Domain::read(text);
    name.complete && name.length == text.len()
}

pub(super) fn is_url(text: &[u8]) -> bool {
    let Some(rest) = after(text, b"https://").or_else(|| after(text, b"http://")) else { return false };
    // Nearly every URL has a plain name for its host.
    let name = Domain::read(rest);
    let behind = rest.get(name.length..).unwrap_or_default();
    if name.complete && behind.first().is_none_or(|byte| is_behind_authority(*byte)) {
        return all_in_url(text);
    }
    let end = rest.iter().position(|byte| is_behind_authority(*byte)).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    let host_and_port = match authority.iter().rposition(|byte| *byte == b'@') {
        Some(at) => authority.get(at + 1..).unwrap_or_default(),
        None => authority,
    };
    all_in_url(text) && is_host_and_port(host_and_port)
}

fn is_behind_authority(byte: u8) -> bool {
    matches!(byte, b'/' | b'?' | b'#')
}

/// Bytes that do not stand in URLs, as bits that two tables have in common, one by the lower half of the byte and one by
/// the upper: one for each of the eight rows of sixteen that ASCII has.
const NOT_IN_URL: ([u8; BLOCK], [u8; BLOCK]) = not_in_url();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn not_in_url() -> ([u8; BLOCK], [u8; BLOCK]) {
    let (mut lower, mut upper) = ([0; BLOCK], [0; BLOCK]);
    let mut row = 0;
    while row < 8 {
        upper[row] = 1 << row;
        let mut column = 0;
        while column < BLOCK {
            if class((row * BLOCK + column) as u8) & IN_URL == 0 {
                lower[column] |= 1 << row;
            }
            column += 1;
        }
        row += 1;
    }
    (lower, upper)
}

fn all_in_url(text: &[u8]) -> bool {
    let (lower, upper) = &NOT_IN_URL;
    let fits = |block: &[u8; BLOCK]| !Block::load(block).any_in(lower, upper);
    match text.last_chunk() {
        // The last block reaches back into the one before it.
        Some(last) => text.as_chunks().0.iter().all(fits) && fits(last),
        None => all(text, IN_URL),
    }
}

/// What follows a scheme, in any case.
fn after<'t>(text: &'t [u8], scheme: &[u8]) -> Option<&'t [u8]> {
    let (start, rest) = text.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then_some(rest)
}

fn is_host_and_port(text: &[u8]) -> bool {
    if let Some(rest) = text.strip_prefix(b"[") {
        return split_at(rest, |byte| byte == b']').is_some_and(|(host, port)| {
            is_ipv6(host) && (port.is_empty() || port.strip_prefix(b":").is_some_and(is_port))
        });
    }
    let (host, port) = match split_at(text, |byte| byte == b':') {
        Some((host, port)) => (host, is_port(port)),
        None => (text, true),
    };
    // A name may end with the dot of the root.
    port && is_domain(host.strip_suffix(b".").unwrap_or(host))
}

/// A number below 65,536; leading zeros do not count.
fn is_port(text: &[u8]) -> bool {
    let value = text.iter().try_fold(0_u32, |value, byte| {
        let value = value * 10 + u32::from(byte.wrapping_sub(b'0'));
        (is(*byte, DIGIT) && value <= u32::from(u16::MAX)).then_some(value)
    });
    !text.is_empty() && value.is_some()
}

pub(super) fn is_ip(text: &[u8]) -> bool {
    is_ipv4(text) || is_ipv6(text)
}

/// Four numbers to 255 without leading zeros, which some systems read as octal.
fn is_ipv4(text: &[u8]) -> bool {
    let mut parts = 0;
    text.split(|byte| *byte == b'.').all(|part| {
        parts += 1;
        match part {
            [_] => all(part, DIGIT),
            [b'0', ..] => false,
            [_, _] => all(part, DIGIT),
            [_, _, _] => all(part, DIGIT) && *part <= b"255"[..],
            _ => false,
        }
    }) && parts == 4
}

/// The text forms of RFC 4291, section 2.2, without a zone.
fn is_ipv6(text: &[u8]) -> bool {
    match text.windows(2).position(|pair| pair == b"::").and_then(|at| text.split_at_checked(at)) {
        None => groups(text, true) == Some(8),
        Some((head, tail)) => {
            let tail = tail.get(2..).unwrap_or_default();
            let tail = if tail.is_empty() { Some(0) } else { groups(tail, true) };
            let head = if head.is_empty() { Some(0) } else { groups(head, false) };
            // The two colons stand for one group at least.
            head.zip(tail).is_some_and(|(head, tail)| head + tail < 8)
        }
    }
}

/// How many groups of 16 bits these are; the last two may be an IPv4 address.
fn groups(text: &[u8], may_end_in_ipv4: bool) -> Option<usize> {
    let mut parts = text.split(|byte| *byte == b':').peekable();
    let mut count = 0;
    while let Some(part) = parts.next() {
        count += match part.len() {
            1..=4 if all(part, HEX) => 1,
            _ if may_end_in_ipv4 && parts.peek().is_none() && is_ipv4(part) => 2,
            _ => return None,
        };
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::super::classes::{IN_URL, all};
    use super::{all_in_url, is_ip, is_ipv4, is_ipv6};

    #[test]
    fn blocks_of_a_url_are_judged_as_single_bytes() {
        for byte in 0..=u8::MAX {
            for (place, length) in (0..40).flat_map(|place| [(place, 40), (place % 15, 15), (place % 21, 21)]) {
                let mut text = vec![b'a'; length];
                text[place] = byte;
                assert_eq!(all_in_url(&text), all(&text, IN_URL), "{byte:#x} at {place} of {length}");
            }
        }
    }

    fn check(text: &str) {
        assert_eq!(is_ipv4(text.as_bytes()), text.parse::<Ipv4Addr>().is_ok(), "{text}");
        assert_eq!(is_ipv6(text.as_bytes()), text.parse::<Ipv6Addr>().is_ok(), "{text}");
        assert_eq!(is_ip(text.as_bytes()), text.parse::<IpAddr>().is_ok(), "{text}");
    }

    #[test]
    fn addresses_are_those_of_the_standard_library() {
        for text in [
            "",
            ":",
            "::",
            ":::",
            "1::",
            "::1",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
            "1:2:3:4:5:6:7:8::",
            "::1:2:3:4:5:6:7:8",
            "::1.2.3.4",
            "1:2:3:4:5:6:1.2.3.4",
            "1:2:3:4:5:6:7:1.2.3.4",
            "1.2.3.4::",
            "::1.2.3.4:5",
            "1::2::3",
            "12345::",
            "g::",
            "0.0.0.0",
            "255.255.255.255",
            "256.1.1.1",
            "01.2.3.4",
            "1.2.3",
            "1.2.3.4.5",
            "1..2.3",
            "fe80::1%eth0",
            "::ffff:1.2.3.4",
        ] {
            check(text);
        }
    }

    proptest! {
        #[test]
        fn any_address_is_one(bits in any::<u128>(), v4 in any::<u32>()) {
            check(&Ipv6Addr::from(bits).to_string());
            check(&Ipv6Addr::from(bits & 0xffff_0000_ffff_0000_0000_0000_0000_ffff).to_string());
            check(&Ipv4Addr::from(v4).to_string());
        }

        #[test]
        fn what_looks_like_an_address_is_judged_alike(text in "([0-9a-f]{0,5}[:.]{1,2}){0,9}([0-9]{1,3}[.]){0,4}[0-9a-f]{0,4}") {
            check(&text);
        }
    }
}

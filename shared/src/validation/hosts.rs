//! Forms with hosts: e-mail addresses, URLs and IP addresses.

use super::block::BLOCK;
use super::classes::{DIGIT, HEX, LOCAL, all, is, split_at};
use super::wide::Wide;

/// Pragmatic: what mail servers deliver to, not everything in RFC 5322 (quotes, comments, literal addresses).
pub(super) fn is_email(text: Wide<'_>) -> bool {
    let local = local_length(text);
    let domain = text.behind(local + 1);
    let name = Domain::read(domain);
    (1..=64).contains(&local)
        && text.byte(local) == Some(b'@')
        && name.complete
        && name.length == domain.len()
        && name.labels > 1
}

/// Length of the part before the `@`.
fn local_length(text: Wide<'_>) -> usize {
    // Nearly every name has only letters, digits and dots.
    let block = text.block(0);
    let usual = block.alphanumeric().or(block.equal(b'.')).bits() & text.within(0);
    let mut length = usual.trailing_ones() as usize;
    while text.byte(length).is_some_and(|byte| is(byte, LOCAL)) {
        length += 1;
    }
    length
}

/// A host name: labels of letters, digits and inner hyphens; letters of any script, because names may be international.
struct Domain {
    /// Bytes that may belong to it.
    length: usize,
    labels: usize,
    /// Whether it may end there, without a trailing dot.
    complete: bool,
}

impl Domain {
    /// Reads as many bytes as may belong to a name.
    #[cfg_attr(feature = "compact", inline(never))]
    #[cfg_attr(not(feature = "compact"), inline(always))]
    fn read(text: Wide<'_>) -> Self {
        // The byte before the first counts as a dot. One bit per byte of a block, lowest first.
        let (mut length, mut labels, mut dot_before, mut hyphen_before) = (0, 1, 1, 0);
        loop {
            let block = text.block(length);
            let (dots, hyphens) = (block.equal(b'.').bits(), block.equal(b'-').bits());
            let letters = block.alphanumeric().or(block.equal(b'_')).or(block.beyond_ascii()).bits();
            let (behind_dot, behind_hyphen) = (dots << 1 | dot_before, hyphens << 1 | hyphen_before);
            let fits = letters | dots & !(behind_dot | behind_hyphen) | hyphens & !behind_dot;
            let count = (fits & text.within(length)).trailing_ones();
            labels += (dots & ((1 << count) - 1)).count_ones() as usize;
            (dot_before, hyphen_before) = (behind_dot >> count & 1, behind_hyphen >> count & 1);
            length += count as usize;
            if count < BLOCK as u32 {
                return Self { length, labels, complete: dot_before | hyphen_before == 0 };
            }
        }
    }
}

fn is_domain(text: &[u8]) -> bool {
    let name = Domain::read(text.into());
    name.complete && name.length == text.len()
}

pub(super) fn is_url(text: Wide<'_>) -> bool {
    let Some(start) = behind_scheme(text) else { return false };
    // Nearly every URL has a plain host name.
    let rest = text.behind(start);
    let name = Domain::read(rest);
    if name.complete && rest.byte(name.length).is_none_or(is_behind_authority) {
        return all_in_url(text, start + name.length);
    }
    let rest = rest.text();
    let end = rest.iter().position(|byte| is_behind_authority(*byte)).unwrap_or(rest.len());
    let authority = rest.get(..end).unwrap_or_default();
    let host_and_port = match authority.iter().rposition(|byte| *byte == b'@') {
        Some(at) => authority.get(at + 1..).unwrap_or_default(),
        None => authority,
    };
    all_in_url(text, start) && is_host_and_port(host_and_port)
}

fn is_behind_authority(byte: u8) -> bool {
    matches!(byte, b'/' | b'?' | b'#')
}

/// Whether all bytes from one on are allowed in a URL.
fn all_in_url(text: Wide<'_>, from: usize) -> bool {
    (from..text.len()).step_by(BLOCK).all(|at| text.block(at).not_in_url().bits() & text.within(at) == 0)
}

/// The byte after `http://` or `https://`, in any case.
fn behind_scheme(text: Wide<'_>) -> Option<usize> {
    // For each letter the bit that makes it lower case.
    const HTTPS: u64 = u64::from_le_bytes([0x20, 0x20, 0x20, 0x20, 0x20, 0, 0, 0]);
    const HTTP: u64 = u64::from_le_bytes([0x20, 0x20, 0x20, 0x20, 0, 0, 0, 0]);
    let start = u64::from_le_bytes(*text.text().first_chunk()?);
    if start | HTTPS == u64::from_le_bytes(*b"https://") {
        return Some(8);
    }
    // The highest byte, the eighth, belongs to the host.
    ((start | HTTP) << 8 == u64::from_le_bytes(*b"\0http://")).then_some(7)
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

/// A number below 65,536; leading zeros are ignored.
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

/// Four numbers up to 255 without leading zeros, which some systems read as octal.
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
            // The double colon stands for at least one group.
            head.zip(tail).is_some_and(|(head, tail)| head + tail < 8)
        }
    }
}

/// The number of 16-bit groups; the last two may be an IPv4 address.
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

    use super::super::classes::{IN_URL, is};
    use super::{Wide, all_in_url, is_ip, is_ipv4, is_ipv6};

    #[test]
    fn blocks_of_a_url_are_judged_as_single_bytes() {
        for byte in 0..=u8::MAX {
            for (place, length) in (0..40).flat_map(|place| [(place, 40), (place % 15, 15), (place % 21, 21)]) {
                let mut text = vec![b'a'; length];
                text[place] = byte;
                // The bytes after the string are ignored.
                let wide = [&*text, b"\""].concat();
                for from in [0, 8] {
                    let expected = text.iter().skip(from).all(|byte| is(*byte, IN_URL));
                    for text in [Wide::from(&*text), Wide::new(&wide, length)] {
                        assert_eq!(all_in_url(text, from), expected, "{byte:#x} at {place} of {length}");
                    }
                }
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

//! Which addresses may be called.
//!
//! Two checks, both without I/O. [`destination`] checks a URL: on subscription, so that mistakes are reported there,
//! and again on every call. [`is_public`] checks each address that a name resolves to at the moment of connecting,
//! because names can be rebound.
//!
//! On a developer's machine receivers listen on the loopback interface. A setting allows `http` and `https` to it, if
//! the URL names it directly (`localhost`, 127.0.0.0/8, `[::1]`); public names that resolve to it stay refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::Uri;
use shared::Code;
use shared::validation::Wrong;

pub(crate) const URL_BYTES_MAX: usize = shared::limits::URL_CHARACTERS_MAX;

/// The destination of an allowed URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    /// The internet, over TLS.
    Public(Uri),
    /// This machine, if the setting allows it.
    Loopback(Uri),
}

impl Destination {
    /// Whether a resolved address may be connected to.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        match self {
            Self::Public(_) => is_public(address),
            Self::Loopback(_) => address.is_loopback(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UrlRefused {
    TooLong,
    Form,
    Scheme,
    UserInfo,
    Fragment,
    Port,
    Host,
}

impl UrlRefused {
    /// What the URL must be.
    pub(crate) const fn rule(self) -> &'static str {
        const { assert!(URL_BYTES_MAX == 2048) };
        match self {
            Self::TooLong => "at most 2048 bytes long",
            Self::Form => "an absolute URL in ASCII",
            Self::Scheme => "an https URL",
            Self::UserInfo => "without user name and password",
            Self::Fragment => "without a fragment",
            Self::Port => "on a port from 1 to 65535",
            Self::Host => "on a host of the public internet",
        }
    }

    pub(crate) const fn wrong(self) -> Wrong {
        let code = if matches!(self, Self::TooLong) { Code::TooLong } else { Code::InvalidFormat };
        Wrong { code, rule: self.rule() }
    }
}

/// Checks a URL: `https`, no user, no fragment, any port but 0, a public address or a host name with at least two
/// labels. The error is the first rule that it breaks.
pub(crate) fn destination(url: &str, allow_loopback: bool) -> Result<Destination, UrlRefused> {
    if url.len() > URL_BYTES_MAX {
        return Err(UrlRefused::TooLong);
    }
    if !url.bytes().all(is_url_byte) {
        return Err(UrlRefused::Form);
    }
    // The parser drops a fragment without a word.
    if url.contains('#') {
        return Err(UrlRefused::Fragment);
    }
    let uri: Uri = url.parse().map_err(|_| UrlRefused::Form)?;
    let authority = uri.authority().ok_or(UrlRefused::Form)?.as_str();
    if authority.contains('@') {
        return Err(UrlRefused::UserInfo);
    }
    let host = uri.host().unwrap_or_default();
    if host.is_empty() || authority.ends_with(':') || (authority.len() > host.len() && uri.port().is_none()) {
        return Err(UrlRefused::Form);
    }
    if uri.port_u16() == Some(0) {
        return Err(UrlRefused::Port);
    }
    let scheme = uri.scheme_str().unwrap_or_default();
    if allow_loopback && is_loopback(host) && matches!(scheme, "http" | "https") {
        return Ok(Destination::Loopback(uri));
    }
    if scheme != "https" {
        return Err(UrlRefused::Scheme);
    }
    if is_public_host(host) { Ok(Destination::Public(uri)) } else { Err(UrlRefused::Host) }
}

/// The characters of RFC 3986; what others do with the rest differs from parser to parser.
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || literal(host).is_some_and(|address| address.is_loopback())
}

fn is_public_host(host: &str) -> bool {
    match literal(host) {
        Some(address) => is_public(address),
        None => is_public_name(host),
    }
}

/// The address of a literal host; IPv6 addresses are in brackets.
fn literal(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

/// A name of DNS that is not one of a local network (RFC 6761, RFC 6762, and what clouds use).
fn is_public_name(host: &str) -> bool {
    let name = host.to_ascii_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let is_label = |label: &&str| {
        let edges = !label.starts_with('-') && !label.ends_with('-');
        (1..=63).contains(&label.len())
            && edges
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let Some(last) = labels.last() else { return false };
    // `127.1` and `0x7f000001` are addresses for some resolvers.
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    let is_local = matches!(*last, "localhost" | "local" | "internal" | "localdomain" | "lan" | "home" | "corp");
    name.len() <= 253 && labels.len() >= 2 && labels.iter().all(is_label) && !is_number && !is_local
}

/// Whether an address is public. Addresses that embed an IPv4 address (IPv4-mapped, NAT64) are judged by it; obsolete
/// tunnels (6to4, Teredo, IPv4-compatible) are refused.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded_v4(address) {
            Some(inside) => is_public_v4(inside),
            None => is_public_v6(address),
        },
    }
}

/// IPv4 blocks that are not public: IANA's registry of special-purpose addresses, and multicast. 169.254.169.254, the
/// metadata service of clouds, is link-local.
const SPECIAL_V4: [([u8; 4], u32); 15] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    !SPECIAL_V4.iter().any(|(start, prefix)| same_prefix(bits.into(), u32::from_be_bytes(*start).into(), 32, *prefix))
}

/// Global unicast (2000::/3) without its special blocks. This excludes ULA (with the metadata service at
/// fd00:ec2::254), link-local, multicast, loopback and unassigned addresses.
fn is_public_v6(address: Ipv6Addr) -> bool {
    const GLOBAL: ([u16; 8], u32) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);
    const SPECIAL: [([u16; 8], u32); 4] = [
        // Protocol assignments, with Teredo, benchmarking and ORCHID.
        ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
        // Documentation.
        ([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32),
        ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
        // 6to4.
        ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ];
    let within = |(start, prefix): &([u16; 8], u32)| {
        same_prefix(u128::from(address), u128::from(Ipv6Addr::from(*start)), 128, *prefix)
    };
    within(&GLOBAL) && !SPECIAL.iter().any(within)
}

fn same_prefix(one: u128, other: u128, bits: u32, prefix: u32) -> bool {
    (one ^ other).checked_shr(bits.saturating_sub(prefix)).unwrap_or(0) == 0
}

/// The IPv4 address inside a mapped (::ffff:0:0/96) or NAT64 (64:ff9b::/96) address.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let is_nat64 = [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0];
    let inside = Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    address.to_ipv4_mapped().or(is_nat64.then_some(inside))
}

#[cfg(test)]
mod tests;

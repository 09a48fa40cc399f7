//! Every block at both of its ends, in every form of writing it.

use std::net::IpAddr;

use super::{Destination, UrlRefused, destination, is_public};

#[test]
fn addresses_that_are_not_public_are_refused_in_every_form() {
    for text in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
    ] {
        let address: std::net::Ipv4Addr = text.parse().unwrap();
        assert!(!is_public(IpAddr::V4(address)), "{text}");
        let [a, b, c, d] = address.octets();
        let hex = format!("{:x}:{:x}", u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        for form in [
            format!("::ffff:{text}"),
            format!("::{text}"),
            format!("64:ff9b::{text}"),
            format!("64:ff9b:1::{text}"),
            format!("2002:{hex}::1"),
            format!("2001:0:{hex}::1"),
        ] {
            assert!(!is_public(form.parse().unwrap()), "{form}");
        }
    }
    for text in [
        "::",
        "::1",
        "fc00::1",
        "fd00:ec2::254",
        "fdff::1",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "2001::1",
        "2001:2::1",
        "2001:10::1",
        "2001:20::1",
        "2001:db8::1",
        "3fff::1",
        "2002::1",
        "100::1",
        "5f00::1",
        "4000::1",
    ] {
        assert!(!is_public(text.parse().unwrap()), "{text}");
    }
}

#[test]
fn public_addresses_may_be_called() {
    for text in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2600:1f18::1",
        "2001:4860:4860::8888",
        "2a00:1450::1",
        "2001:200::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
    ] {
        assert!(is_public(text.parse().unwrap()), "{text}");
    }
}

#[test]
fn urls_of_the_internet_over_tls_are_accepted() {
    for url in [
        "https://example.com",
        "https://example.com/hooks?key=1",
        "https://a.b-c.example.com:8443/x",
        "https://8.8.8.8/x",
        "https://[2600:1f18::1]:8443/x",
        "HTTPS://EXAMPLE.COM/",
        "https://xn--bcher-kva.example/",
        "https://localhost.example.com/",
        "https://internal.example.com/",
    ] {
        assert!(matches!(destination(url, false), Ok(Destination::Public(_))), "{url}");
        assert_eq!(destination(url, true), destination(url, false), "{url}");
    }
}

#[test]
fn other_urls_are_refused_with_or_without_loopback() {
    use UrlRefused::{Form, Fragment, Host, Scheme, TooLong, UserInfo};
    let long = format!("https://example.com/{}", "x".repeat(2048));
    for (url, refused) in [
        (long.as_str(), TooLong),
        ("", Form),
        ("example.com", Scheme),
        ("/hooks", Form),
        ("https://", Form),
        ("https:///x", Form),
        ("https://exa mple.com", Form),
        ("https://b\u{fc}cher.example", Form),
        ("https://example.com\\@a.com/", Form),
        ("https://example.com:", Form),
        ("https://example.com:99999/", Form),
        ("https://example.com/\n", Form),
        ("http://example.com/", Scheme),
        ("ftp://example.com/", Scheme),
        ("http://10.0.0.1/", Scheme),
        ("https://user@example.com/", UserInfo),
        ("https://user:word@example.com/", UserInfo),
        ("https://example.com/#x", Fragment),
        ("https://intranet/", Host),
        ("https://10.0.0.1/", Host),
        ("https://169.254.169.254/latest", Host),
        ("https://[::ffff:127.0.0.1]/", Host),
        ("https://[fd00:ec2::254]/", Host),
        ("https://127.1/", Host),
        ("https://2130706433/", Host),
        ("https://0x7f.0.0.1/", Host),
        ("https://10.0x1/", Host),
        ("https://a.localhost/", Host),
        ("https://printer.local/", Host),
        ("https://metadata.google.internal/", Host),
        ("https://example.com./", Host),
        ("https://localhost./", Host),
        ("https://a..com/", Host),
        ("https://-a.com/", Host),
        ("https://a_b.com/", Host),
    ] {
        assert_eq!(destination(url, false), Err(refused), "{url}");
        assert_eq!(destination(url, true), Err(refused), "{url}");
    }
}

#[test]
fn loopback_may_be_called_only_where_it_is_allowed_and_named() {
    for url in ["http://127.0.0.1:8080/x", "http://localhost:1/", "https://[::1]/", "http://127.9.9.9/"] {
        let Ok(destination @ Destination::Loopback(_)) = super::destination(url, true) else { panic!("{url}") };
        assert!(destination.allows("127.0.0.1".parse().unwrap()));
        assert!(!destination.allows("10.0.0.1".parse().unwrap()) && !destination.allows("8.8.8.8".parse().unwrap()));
        assert!(super::destination(url, false).is_err(), "{url}");
    }
    let public = destination("https://example.com/", true).unwrap();
    assert!(!public.allows("127.0.0.1".parse().unwrap()) && public.allows("8.8.8.8".parse().unwrap()));
}

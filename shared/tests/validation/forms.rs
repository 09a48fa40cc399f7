//! Seeded near misses of every string format, in an otherwise valid order: the same on every machine. Part of the
//! example `verdicts`.

use super::mutate::Random;

/// A member and strings in its format.
type Form = (&'static str, &'static [&'static str]);

const FORMS: &[Form] = &[
    ("safeId", &["abc-1", "a~b._"]),
    ("merchantId", &["123e4567-e89b-12d3-a456-426614174000"]),
    ("languageCode", &["en", "pt-BR", "zh-Hant-TW", "es-419"]),
    ("currencyCode", &["USD", "eur", "Jpy", "ZWL", "AED"]),
    ("countryCode", &["US", "de", "xK", "ZW", "AD"]),
    ("email", &["a@b.co", "jörg@müller.de", "x.y+z@a-b.c_d.e"]),
    (
        "url",
        &[
            "https://e.com/a?b#c",
            "http://u:p@h.i:80/",
            "https://[::1]:443/x",
            "HTTPS://1.2.3.4",
            "https://a.:065535/?@",
        ],
    ),
    ("ip", &["1.2.3.4", "255.250.199.10", "::1", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1::8", "1:2:3:4:5:6:7::"]),
    ("transactionDate", &["2024-02-29", "2023-12-31T23:59:60Z", "2000-02-29t00:00:00.123456789+23:59", "1900-02-28"]),
    ("total", &["12.3400", "-0.00", "999999999999.9999", "-5e1", "0.0001"]),
    ("customerTotal", &["12.3400", "-0.00", "999999999999.9999", "1e2", "1000000000000"]),
    ("cardLast4", &["1234"]),
];

/// Letters, digits, punctuation of the formats, and non-ASCII characters, some of them invisible.
const PIECES: &str = "0123456789abcdefxzABCDEFSTUZ-._~:/@?#[]+ \\\"<>{}|^`%,;()!é\u{a0}\u{200b}\u{ad}\u{85}\u{7f}\u{feff}\u{1680}😀\u{2060}٣";

/// An order with one mutated string; formats take turns.
pub(crate) fn body(index: usize, random: &mut Random) -> String {
    let (member, seeds) = FORMS.get(index % FORMS.len()).copied().unwrap_or_default();
    let value = serde_json::Value::from(mutated(seeds, random)).to_string();
    let of = |name: &str| if name == member { value.clone() } else { "null".to_owned() };
    let country = if member == "countryCode" { value.clone() } else { "\"US\"".to_owned() };
    let whole = ["safeId", "merchantId", "languageCode", "currencyCode", "customerTotal"];
    let whole: String = whole.iter().map(|name| format!(r#","{name}":{}"#, of(name))).collect();
    format!(
        concat!(
            r#"{{"shippingAddress":{{"line1":"a","city":"b","countryCode":{country},"email":{email}}},"#,
            r#""items":[{{"sku":"a","quantity":1,"images":[{{"url":{url}}}]}}],"client":{{"ip":{ip}}},"#,
            r#""customerPaymentMethods":[{{"cardLast4":{card},"#,
            r#""customerTransactions":[{{"transactionDate":{date},"total":{total}}}]}}]{whole}}}"#
        ),
        country = country,
        email = of("email"),
        url = of("url"),
        ip = of("ip"),
        card = of("cardLast4"),
        date = of("transactionDate"),
        total = of("total"),
        whole = whole,
    )
}

/// A seed, or the start of one and the end of another, with up to three typos.
fn mutated(seeds: &[&str], random: &mut Random) -> String {
    let pieces: Vec<char> = PIECES.chars().collect();
    let seed = |random: &mut Random| -> Vec<char> {
        seeds.get(random.below(seeds.len().max(1))).map(|seed| seed.chars().collect()).unwrap_or_default()
    };
    let mut text = seed(random);
    for _ in 0..random.below(4) {
        let at = random.below(text.len() + 1);
        let piece = pieces.get(random.below(pieces.len())).copied();
        match random.below(4) {
            0 => drop(text.splice(at..at, piece)),
            1 => drop(text.splice(at..(at + 1).min(text.len()), piece)),
            2 => drop(text.splice(at..(at + 1).min(text.len()), [])),
            _ => {
                let other = seed(random);
                let cut = random.below(other.len() + 1);
                text.truncate(at);
                text.extend(other.into_iter().skip(cut));
            }
        }
    }
    text.into_iter().collect()
}

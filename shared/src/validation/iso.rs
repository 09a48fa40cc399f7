//! Code lists: ISO 4217 currencies and ISO 3166-1 alpha-2 countries.
//!
//! Each list is one sorted string of codes of equal length, packed by the compiler: in the WebAssembly module a
//! currency takes two bytes, found by binary search, and a country one bit.

/// Active currencies and funds, and those replaced since 2022, which old orders still use. No metals, no test codes.
pub(super) const CURRENCIES: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD \
    CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP \
    GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW \
    KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD \
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE \
    SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED \
    VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL";

/// The official list, and `XK` (Kosovo), which carriers use.
pub(super) const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY \
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK \
    FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR \
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK \
    ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF \
    TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// The packed codes of a list, in order.
#[expect(clippy::indexing_slicing, clippy::panic, reason = "evaluated by the compiler, which refuses what would panic")]
const fn packed<const COUNT: usize, const LETTERS: usize>(list: &str) -> [u16; COUNT] {
    let list = list.as_bytes();
    assert!(list.len() == COUNT * (LETTERS + 1) - 1);
    let mut packed = [0; COUNT];
    let mut index = 0;
    while index < COUNT {
        let (_, rest) = list.split_at(index * (LETTERS + 1));
        let (code, _) = rest.split_at(LETTERS);
        packed[index] = match pack(code) {
            Some(code) => code,
            None => panic!("codes are letters"),
        };
        index += 1;
    }
    packed
}

/// Five bits per letter, in any case.
#[inline(always)]
const fn pack(code: &[u8]) -> Option<u16> {
    let (mut packed, mut rest) = (0, code);
    while let [letter, after @ ..] = rest {
        let place = (*letter | 0x20).wrapping_sub(b'a');
        if place >= 26 || packed >= 1 << 10 {
            return None;
        }
        packed = packed << 5 | place as u16;
        rest = after;
    }
    Some(packed)
}

static PACKED_CURRENCIES: [u16; 170] = packed::<170, 3>(CURRENCIES);
/// One bit for each pair of letters.
static COUNTRY_BITS: [u32; 32] = country_bits();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which refuses an index out of bounds")]
const fn country_bits() -> [u32; 32] {
    let codes = packed::<250, 2>(COUNTRIES);
    let mut bits = [0; 32];
    let mut index = 0;
    while index < codes.len() {
        bits[codes[index] as usize / 32] |= 1 << (codes[index] % 32);
        index += 1;
    }
    bits
}

pub(super) fn is_currency(code: &[u8]) -> bool {
    is_currency_any_case(code) && code.iter().all(u8::is_ascii_uppercase)
}

pub(super) fn is_currency_any_case(code: &[u8]) -> bool {
    code.len() == 3 && pack(code).is_some_and(|code| PACKED_CURRENCIES.binary_search(&code).is_ok())
}

pub(super) fn is_country_any_case(code: &[u8]) -> bool {
    let bits = |code: u16| COUNTRY_BITS.get(usize::from(code / 32)).is_some_and(|bits| bits >> (code % 32) & 1 == 1);
    code.len() == 2 && pack(code).is_some_and(bits)
}

#[cfg(test)]
mod tests {
    use super::{COUNTRIES, CURRENCIES, is_country_any_case, is_currency, is_currency_any_case};

    #[test]
    fn lists_are_sorted_and_every_code_is_found() {
        for (list, length, count, found) in
            [(CURRENCIES, 3, 170, is_currency as fn(&[u8]) -> bool), (COUNTRIES, 2, 250, is_country_any_case)]
        {
            let codes: Vec<&str> = list.split(' ').collect();
            assert_eq!(codes.len(), count);
            assert!(codes.is_sorted_by(|a, b| a < b));
            assert!(codes.iter().all(|code| code.len() == length && found(code.as_bytes())));
        }
        assert!(is_currency_any_case(b"usd") && !is_currency(b"usd"));
        for none in ["", "US", "USDX", "AAA", "ZZZ", "E R", "D U"] {
            assert!(!is_currency_any_case(none.as_bytes()), "{none}");
        }
        for none in ["", "U", "USA", "ZZ", "AA", "D "] {
            assert!(!is_country_any_case(none.as_bytes()), "{none}");
        }
    }
}

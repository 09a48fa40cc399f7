//! Code lists: ISO 4217 currencies and ISO 3166-1 alpha-2 countries.
//!
//! Each list is one sorted string of codes of equal length: a binary search finds a code, and the lists cost no
//! pointers in the WebAssembly module.

/// Active currencies and funds, and those replaced since 2022, which old orders still name. No metals, no test codes.
const CURRENCIES: &str = "\
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD \
    CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP \
    GEL GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW \
    KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD \
    NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE \
    SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED \
    VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL";

/// The official list, and `XK` (Kosovo), which carriers use.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY \
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK \
    FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR \
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK \
    ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF \
    TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Whether `code` is a currency in upper case.
pub(super) fn is_currency(code: &str) -> bool {
    holds(CURRENCIES, code, 3)
}

/// Whether `code` is a currency, in any case.
pub(super) fn is_currency_any_case(code: &str) -> bool {
    code.len() == 3 && is_currency(&code.to_ascii_uppercase())
}

/// Whether `code` is a country, in any case.
pub(super) fn is_country_any_case(code: &str) -> bool {
    code.len() == 2 && holds(COUNTRIES, &code.to_ascii_uppercase(), 2)
}

/// Whether one of the codes of this length in a sorted list is `code`.
fn holds(list: &str, code: &str, length: usize) -> bool {
    let entry = |index: usize| list.get(index * (length + 1)..index * (length + 1) + length).unwrap_or_default();
    let (mut low, mut high) = (0, (list.len() + 1) / (length + 1));
    while low < high {
        let middle = low.midpoint(high);
        match entry(middle).cmp(code) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{COUNTRIES, CURRENCIES, is_country_any_case, is_currency, is_currency_any_case};

    #[test]
    fn lists_are_sorted_and_every_code_is_found() {
        for (list, length, count, found) in
            [(CURRENCIES, 3, 170, is_currency as fn(&str) -> bool), (COUNTRIES, 2, 250, is_country_any_case)]
        {
            let codes: Vec<&str> = list.split(' ').collect();
            assert_eq!(codes.len(), count);
            assert!(codes.is_sorted_by(|a, b| a < b));
            assert!(codes.iter().all(|code| code.len() == length && found(code)));
        }
        assert!(is_currency_any_case("usd") && !is_currency("usd"));
        for none in ["", "US", "USDX", "AAA", "ZZZ", "E R", "D U"] {
            assert!(!is_currency_any_case(none), "{none}");
        }
        for none in ["", "U", "USA", "ZZ", "AA", "D "] {
            assert!(!is_country_any_case(none), "{none}");
        }
    }
}

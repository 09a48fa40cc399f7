//! Dates in strings: `2024-07-16`, or with a time by RFC 3339. Only validity is checked, so no calendar library is
//! needed.

pub(super) fn is_date_or_time(text: &[u8]) -> bool {
    text.split_at_checked(10).is_some_and(|(date, rest)| {
        is_date(date) && rest.split_first().is_none_or(|(t, time)| matches!(t, b'T' | b't') && is_time(time))
    })
}

/// An existing day, such as `2024-07-16`.
fn is_date(text: &[u8]) -> bool {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return false };
    let (Some(century), Some(year), Some(month), Some(day)) =
        (number(*y1, *y2), number(*y3, *y4), number(*m1, *m2), number(*d1, *d2))
    else {
        return false;
    };
    let year = century * 100 + year;
    year > 0 && (1..=12).contains(&month) && (1..=days(year, month)).contains(&day)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `18:42:42.086+02:00` or with `Z`; second 60 is a leap second.
fn is_time(text: &[u8]) -> bool {
    let [h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] = text else { return false };
    let zone = match rest {
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if !(1..=9).contains(&digits) {
                return false;
            }
            fraction.get(digits..).unwrap_or_default()
        }
        _ => rest,
    };
    let zone = match zone {
        [b'Z' | b'z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => is_at_most(*h1, *h2, 23) && is_at_most(*m1, *m2, 59),
        _ => false,
    };
    zone && is_at_most(*h1, *h2, 23) && is_at_most(*m1, *m2, 59) && is_at_most(*s1, *s2, 60)
}

fn is_at_most(tens: u8, ones: u8, max: u32) -> bool {
    number(tens, ones).is_some_and(|number| number <= max)
}

fn number(tens: u8, ones: u8) -> Option<u32> {
    (tens.is_ascii_digit() && ones.is_ascii_digit()).then(|| u32::from(tens - b'0') * 10 + u32::from(ones - b'0'))
}

#[cfg(test)]
mod tests {
    use super::is_date_or_time;

    #[test]
    fn dates_exist_and_times_have_a_zone() {
        for good in [
            "2024-07-16",
            "2024-02-29",
            "2000-02-29",
            "2024-01-19T18:42:42.086+00:00",
            "2024-01-19t18:42:42z",
            "2016-12-31T23:59:60Z",
            "2024-01-19T00:00:00-08:00",
        ] {
            assert!(is_date_or_time(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "2024-7-16",
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-04-31",
            "2024-00-10",
            "0000-01-01",
            "16-07-2024",
            "2024-07-16T",
            "2024-07-16T10:00:00",
            "2024-07-16T24:00:00Z",
            "2024-07-16T10:00Z",
            "2024-07-16T10:00:00+2:00",
            "2024-07-16T10:00:00.Z",
            "2024-07-16 10:00:00Z",
            "+024-07-16",
            "2024-07-16Z",
        ] {
            assert!(!is_date_or_time(bad.as_bytes()), "{bad}");
        }
    }
}

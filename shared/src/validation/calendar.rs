//! Dates in strings: `2024-07-16`, or with a time by RFC 3339. Only whether they are one, so no calendar library.

pub(super) fn is_date_or_time(text: &str) -> bool {
    match text.split_once(['T', 't']) {
        Some((date, time)) => is_date(date) && is_time(time),
        None => is_date(text),
    }
}

/// `2024-07-16`, a day that exists.
fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    match (digits(year, 4), digits(month, 2), digits(day, 2)) {
        (Some(year @ 1..), Some(month @ 1..=12), Some(day)) => (1..=days(year, month)).contains(&day),
        _ => false,
    }
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
fn is_time(text: &str) -> bool {
    let (clock, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(clock) => (clock, "+00:00"),
        None => match text.rfind(['+', '-']).and_then(|sign| text.split_at_checked(sign)) {
            Some(parts) => parts,
            None => return false,
        },
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let is_fraction = (1..=9).contains(&fraction.len()) && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let zone = zone.strip_prefix(['+', '-']).unwrap_or(zone);
    is_fraction && is_clock(clock, &[23, 59, 60]) && is_clock(zone, &[23, 59])
}

/// Groups of two digits, each at most this.
fn is_clock(text: &str, at_most: &[u32]) -> bool {
    let mut groups = text.split(':');
    at_most.iter().all(|max| groups.next().and_then(|group| digits(group, 2)).is_some_and(|value| value <= *max))
        && groups.next().is_none()
}

fn digits(text: &str, count: usize) -> Option<u32> {
    (text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
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
            assert!(is_date_or_time(good), "{good}");
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
            assert!(!is_date_or_time(bad), "{bad}");
        }
    }
}

//! Points in time, without a clock.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The time this many milliseconds after the epoch.
    #[must_use]
    pub const fn from_milliseconds(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn milliseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Milliseconds since `earlier`; negative if it is in the future.
    #[must_use]
    pub const fn milliseconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The time this many milliseconds later.
    #[must_use]
    pub const fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// The time this much later.
    #[must_use]
    pub fn after(self, duration: std::time::Duration) -> Self {
        self.plus(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
    }

    /// RFC 3339 in UTC with seconds, the form of the bulk order API: `2023-10-17T09:00:00Z`.
    #[must_use]
    pub fn to_rfc3339_seconds(self) -> String {
        self.format(0)
    }

    /// RFC 3339 in UTC with milliseconds, the form of the order network API: `2023-10-17T09:00:00.000Z`.
    #[must_use]
    pub fn to_rfc3339_milliseconds(self) -> String {
        self.format(3)
    }

    /// Date and time in UTC with seconds and without a zone, the form of the shipment service: `2022-04-03T12:00:00`.
    #[must_use]
    pub fn to_date_time_seconds(self) -> String {
        self.format(0).trim_end_matches('Z').to_owned()
    }

    /// Reads an RFC 3339 date and time with any offset; without a zone it is UTC.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let parsed = text.parse::<jiff::Timestamp>();
        let zoned = || format!("{text}Z").parse::<jiff::Timestamp>();
        Some(Self(parsed.or_else(|_| zoned()).ok()?.as_millisecond()))
    }

    /// Reads a date (`2023-10-17`) as its first millisecond in UTC, or its last.
    #[must_use]
    pub fn parse_date(text: &str, at_its_end: bool) -> Option<Self> {
        let date = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == "2023-10-17".len())?;
        let time = if at_its_end { "T23:59:59.999Z" } else { "T00:00:00Z" };
        Self::parse_rfc3339(&format!("{date}{time}"))
    }

    fn format(self, precision: u8) -> String {
        // The calendar ends with the year 9999; later times cannot be printed and are never stored.
        let timestamp = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let printer = jiff::fmt::temporal::DateTimePrinter::new().precision(Some(precision));
        printer.timestamp_to_string(&timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn both_wire_formats() {
        let at = Timestamp::from_milliseconds(1_697_533_200_042);
        assert_eq!(at.to_rfc3339_seconds(), "2023-10-17T09:00:00Z");
        assert_eq!(at.to_rfc3339_milliseconds(), "2023-10-17T09:00:00.042Z");
        assert_eq!(at.to_date_time_seconds(), "2023-10-17T09:00:00");
    }

    #[test]
    fn dates_are_read_with_and_without_a_zone() {
        for text in ["2023-10-17T09:00:00.042Z", "2023-10-17T11:00:00.042+02:00", "2023-10-17T09:00:00.042"] {
            assert_eq!(Timestamp::parse_rfc3339(text), Some(Timestamp::from_milliseconds(1_697_533_200_042)), "{text}");
        }
        for text in ["", "2023-10-17", "yesterday", "2023-13-17T09:00:00Z"] {
            assert_eq!(Timestamp::parse_rfc3339(text), None, "{text}");
        }
    }
}

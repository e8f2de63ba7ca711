//! Instants: milliseconds since 1970 inside, RFC 3339 in UTC with milliseconds on the wire. Written
//! out here because a calendar library would weigh more in the page than the rest of this crate.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "orm", derive(sea_orm::DeriveValueType))]
pub struct Timestamp(pub i64);

const DAY_MS: i64 = 86_400_000;

/// A text that is no RFC 3339 instant in UTC.
#[derive(Debug, PartialEq, Eq)]
pub struct ParseTimestampError;

impl fmt::Display for ParseTimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an RFC 3339 time in UTC")
    }
}

impl std::error::Error for ParseTimestampError {}

impl Timestamp {
    /// Year, month (1 to 12) and day (1 to 31) in UTC.
    ///
    /// Days are counted in 400-year eras that begin on 1 March, so that the leap day is the last of
    /// a year and a month's start is a linear function of its number.
    pub fn date(self) -> (i64, u32, u32) {
        let days = self.0.div_euclid(DAY_MS) + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year, month as u32, day as u32)
    }

    /// Hour, minute, second and millisecond in UTC.
    pub fn time_of_day(self) -> (u32, u32, u32, u32) {
        let ms = self.0.rem_euclid(DAY_MS) as u32;
        (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000)
    }

    /// Whole days since 1970-01-01, in UTC.
    pub fn day_number(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    /// This instant moved by `ms` milliseconds.
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    fn from_parts(date: (i64, i64, i64), time: (i64, i64, i64, i64)) -> Self {
        let (year, month, day) = date;
        let year = year - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * shifted + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        let (hour, minute, second, ms) = time;
        Self(days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1_000 + ms)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.date();
        let (hour, minute, second, ms) = self.time_of_day();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
    }
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Result<i64, ParseTimestampError> {
            let digits = bytes.get(from..to).ok_or(ParseTimestampError)?;
            digits.iter().try_fold(0, |sum, byte| match byte {
                b'0'..=b'9' => Ok(sum * 10 + i64::from(byte - b'0')),
                _ => Err(ParseTimestampError),
            })
        };
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
            return Err(ParseTimestampError);
        }
        let rest = text.get(19..).ok_or(ParseTimestampError)?;
        let fraction = rest.strip_suffix('Z').ok_or(ParseTimestampError)?;
        let ms = match fraction.strip_prefix('.') {
            None if fraction.is_empty() => 0,
            Some(digits) if !digits.is_empty() => {
                let end = 20 + digits.len().min(3);
                number(20, end)? * [100, 10, 1][end - 21]
            }
            _ => return Err(ParseTimestampError),
        };
        let date = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let time = (number(11, 13)?, number(14, 16)?, number(17, 19)?, ms);
        let within = (1..=12).contains(&date.1)
            && (1..=31).contains(&date.2)
            && time.0 < 24
            && time.1 < 60
            && time.2 < 61;
        if within { Ok(Self::from_parts(date, time)) } else { Err(ParseTimestampError) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_reads_as_rfc_3339_with_milliseconds() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(Timestamp(ms).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp(ms)));
        }
    }

    #[test]
    fn fractions_may_be_absent_or_longer() {
        assert_eq!("1970-01-01T00:00:01Z".parse(), Ok(Timestamp(1_000)));
        assert_eq!("1970-01-01T00:00:01.5Z".parse(), Ok(Timestamp(1_500)));
        assert_eq!("1970-01-01T00:00:01.123456Z".parse(), Ok(Timestamp(1_123)));
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in
            ["", "now", "1970-13-01T00:00:00Z", "1970-01-01T00:00:00", "1970-01-01T25:00:00Z"]
        {
            assert_eq!(text.parse::<Timestamp>(), Err(ParseTimestampError), "{text}");
        }
    }
}

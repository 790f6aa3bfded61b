//! Time on the run's own axis, and durations as people write them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};

/// Nanoseconds since the run began. Monotonic; the wall-clock anchor stands in the run's manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Instant(pub u64);

impl Instant {
    /// The beginning of the run.
    pub const ZERO: Self = Self(0);

    /// Time from `earlier` to this instant; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    fn add(self, d: Duration) -> Self {
        Self(self.0.saturating_add(d.0))
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

impl fmt::Display for Instant {
    /// Seconds with milliseconds, as the timeline shows them: `12.345s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}s", self.0 / 1_000_000_000, self.0 / 1_000_000 % 1000)
    }
}

/// A length of time in nanoseconds, written with its unit: `2s`, `150ms`, `1.5h`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub u64);

/// The longest time that a file may ask for: nobody waits longer for a device, and sums of such times stay far from what
/// a clock of nanoseconds can hold.
pub const LONGEST_WRITTEN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The units a duration may be written in, smallest first, with their length in nanoseconds.
pub const DURATION_UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A number of milliseconds.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms * 1_000_000)
    }

    /// A number of seconds.
    pub const fn from_secs(s: u64) -> Self {
        Self(s * 1_000_000_000)
    }

    /// As the standard library has it.
    pub const fn std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.0)
    }

    /// In seconds, for reports.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl fmt::Display for Duration {
    /// The largest unit that shows the value exactly with at most three decimals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        for (unit, length) in DURATION_UNITS.iter().rev() {
            let milli = (length / 1000).max(1);
            if self.0 >= *length && self.0.is_multiple_of(milli) {
                let whole = self.0 / length;
                let rest = self.0 % length / milli;
                return if rest == 0 {
                    write!(f, "{whole}{unit}")
                } else {
                    let decimals = format!("{rest:03}");
                    write!(f, "{whole}.{}{unit}", decimals.trim_end_matches('0'))
                };
            }
        }
        write!(f, "{}ns", self.0)
    }
}

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// A bare number.
    #[error("`{0}` has no unit; did you mean `{0}s`?")]
    NoUnit(String),
    /// A unit that is none.
    #[error("`{0}` is not a unit of time; use one of ns, us, ms, s, min, h, d")]
    UnknownUnit(String),
    /// A unit in capitals.
    #[error("`{unit}` is not a unit of time; did you mean `{meant}`?")]
    WrongCase {
        /// As it was written.
        unit: String,
        /// What was meant by the whole.
        meant: String,
    },
    /// Not a number.
    #[error("`{0}` is not a duration; write a number and a unit, like `2s` or `150ms`")]
    NotANumber(String),
    /// More than a duration can hold (about 584 years).
    #[error("`{0}` is longer than a run can be")]
    TooLong(String),
}

impl std::str::FromStr for Duration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(split);
        let unit = unit.trim_start();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let not_a_number = || DurationError::NotANumber(text.to_owned());
        if whole.is_empty() || number.ends_with('.') || fraction.contains('.') {
            return Err(not_a_number());
        }
        if unit.is_empty() {
            return Err(DurationError::NoUnit(text.to_owned()));
        }
        let known = |unit: &str| DURATION_UNITS.iter().find(|(name, _)| *name == unit);
        let (_, length) = known(unit).ok_or_else(|| match known(&unit.to_ascii_lowercase()) {
            Some((meant, _)) => {
                DurationError::WrongCase { unit: unit.to_owned(), meant: format!("{number}{meant}") }
            }
            None => DurationError::UnknownUnit(unit.to_owned()),
        })?;
        let too_long = || DurationError::TooLong(text.to_owned());
        let mut nanos =
            whole.parse::<u64>().map_err(|_| too_long())?.checked_mul(*length).ok_or_else(too_long)?;
        let mut place = *length;
        for digit in fraction.chars() {
            place /= 10;
            let value = u64::from(digit.to_digit(10).ok_or_else(not_a_number)?);
            nanos = nanos.checked_add(value * place).ok_or_else(too_long)?;
        }
        Ok(Self(nanos))
    }
}

impl Serialize for Duration {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_what_has_no_unit() {
        assert_eq!(
            "30".parse::<Duration>().unwrap_err().to_string(),
            "`30` has no unit; did you mean `30s`?"
        );
        for (written, meant) in [("2S", "2s"), ("1.5 MIN", "1.5min"), ("3Ms", "3ms")] {
            let error = written.parse::<Duration>().unwrap_err().to_string();
            assert!(error.ends_with(&format!("; did you mean `{meant}`?")), "{error}");
        }
        assert!(matches!("3 parsecs".parse::<Duration>(), Err(DurationError::UnknownUnit(_))));
        assert!(matches!("99999999999d".parse::<Duration>(), Err(DurationError::TooLong(_))));
        assert!("-1s".parse::<Duration>().is_err());
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(nanos in any::<u64>()) {
            let d = Duration(nanos);
            prop_assert_eq!(d.to_string().parse::<Duration>().unwrap(), d);
        }

        #[test]
        fn no_text_panics(text in ".{0,20}") {
            let _ = text.parse::<Duration>();
        }
    }
}

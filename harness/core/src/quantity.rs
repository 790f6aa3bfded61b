//! Quantities with their units, as people write them. Inside, whole thousandths (or, of shares, millionths), so that
//! plans compare and hash exactly.

use crate::language::decode::{Ruled, Shape};
use crate::language::scalar::from_str;
use crate::language::{Decode, Diagnostics, Node};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A unit: how it is written, how many of the smallest steps it has.
type Unit = (&'static str, i64);

/// Reads `-12.5C` into steps; the error is a message and an advice, as [`from_str`] wants them.
fn parse(text: &str, what: &str, example: &str, units: &[Unit]) -> Result<i64, String> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || "+-._".contains(c))).unwrap_or(text.len());
    let (number, unit) = (text[..split].trim().replace('_', ""), text[split..].trim());
    let known = || units.iter().map(|(unit, _)| format!("`{unit}`")).collect::<Vec<_>>().join(", ");
    if number.is_empty() || !number.contains(|c: char| c.is_ascii_digit()) {
        return Err(format!("`{text}` is not {what}; write it like `{example}`"));
    }
    if unit.is_empty() {
        let usual = units.first().map_or("", |(unit, _)| *unit);
        return Err(format!("`{text}` has no unit; did you mean `{text}{usual}`?"));
    }
    let Some((_, steps)) = units.iter().find(|(name, _)| *name == unit) else {
        let near = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
        return Err(match near {
            Some((name, _)) => format!("`{unit}` is no unit of {what}; did you mean `{number}{name}`?"),
            None => format!("`{unit}` is no unit of {what}; its units are {}", known()),
        });
    };
    let exact = || -> Option<i64> {
        let (negative, digits) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number.strip_prefix('+').unwrap_or(&number)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let mut value = whole.checked_mul(*steps)?;
        let mut step = *steps;
        for digit in fraction.chars() {
            let digit = i64::from(digit.to_digit(10)?);
            if (step == 0 || step % 10 != 0) && digit != 0 {
                return None;
            }
            step /= 10;
            value = value.checked_add(digit.checked_mul(step)?)?;
        }
        Some(if negative { -value } else { value })
    };
    exact().ok_or_else(|| format!("`{text}` is not {what}; write it like `{example}`"))
}

/// Writes steps in the first unit that shows them with at most three decimals.
fn show(f: &mut fmt::Formatter<'_>, value: i64, units: &[Unit]) -> fmt::Result {
    let fits = |(_, steps): &&Unit| {
        // A thousandth of a KiB, or of a day, cannot be written in decimals.
        let finest = if steps % 1000 == 0 { steps / 1000 } else { *steps };
        value.unsigned_abs().is_multiple_of(finest.unsigned_abs())
    };
    let large = |(_, steps): &&Unit| value.unsigned_abs() >= steps.unsigned_abs();
    let fitting = units.iter().filter(fits).find(large).or_else(|| units.iter().find(fits));
    let (unit, steps) = fitting.or(units.last()).copied().unwrap_or(("", 1));
    let (size, steps) = (value.unsigned_abs(), steps.unsigned_abs());
    let sign = if value < 0 { "-" } else { "" };
    let decimals = format!("{:03}", size % steps * 1000 / steps);
    let decimals = decimals.trim_end_matches('0');
    let point = if decimals.is_empty() { "" } else { "." };
    write!(f, "{sign}{}{point}{decimals}{unit}", size / steps)
}

macro_rules! quantity {
    ($(#[doc = $doc:literal])+ $type:ident, $what:literal, $example:literal, $least:literal..=$most:literal, $units:expr) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $type(pub i64);

        impl $type {
            const UNITS: &'static [Unit] = &$units;
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                show(f, self.0, Self::UNITS)
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let value = parse(text, $what, $example, Self::UNITS)?;
                if ($least..=$most).contains(&value) {
                    return Ok(Self(value));
                }
                Err(format!("`{text}` is out of range; it goes from {} to {}", Self($least), Self($most)))
            }
        }

        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl Ruled for $type {
            fn is_positive(&self) -> bool {
                self.0 > 0
            }
        }

        impl Decode for $type {
            fn shape() -> Shape {
                Shape::Scalar($what, $example)
            }

            fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
                from_str(node, $what, out)
            }
        }
    };
}

quantity! {
    /// A voltage in millivolts, from 0 to 60 V: `1.8V`, `300mV`.
    Voltage, "a voltage", "1.8V", 0..=60_000, [("V", 1000), ("mV", 1)]
}
quantity! {
    /// A temperature in thousandths of a degree Celsius: `21.5C`.
    Temperature, "a temperature", "21.5C", -273_150..=1_000_000, [("C", 1000), ("mC", 1)]
}
quantity! {
    /// A resistance in milliohms: `2ohm`, `150mohm`.
    Resistance, "a resistance", "2ohm", 0..=1_000_000_000, [("ohm", 1000), ("mohm", 1)]
}
quantity! {
    /// A share in millionths: `99.5%`, `200ppm`.
    Share, "a share", "99.5%", 0..=1_000_000, [("%", 10_000), ("ppm", 1)]
}
quantity! {
    /// A deviation in millionths, either way: `-20%`, `150ppm`.
    Deviation, "a deviation", "-20%", -900_000..=9_000_000, [("%", 10_000), ("ppm", 1)]
}
quantity! {
    /// A number of bytes: `64B`, `4KiB`.
    Size, "a size in bytes", "4KiB", 0..=268_435_456, [("KiB", 1024), ("MiB", 1_048_576), ("B", 1)]
}
quantity! {
    /// A transmission rate in bit/s: `64kbit/s`, `2Mbit/s`.
    BitRate, "a rate", "2Mbit/s", 0..=100_000_000_000, [("Mbit/s", 1_000_000), ("kbit/s", 1000), ("bit/s", 1)]
}
quantity! {
    /// How far a clock is off, in seconds, either way: `-1d`, `5min`.
    Offset, "how far a clock is off", "-1d", -9_000_000_000..=9_000_000_000, [("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)]
}

impl Voltage {
    /// In millivolts.
    pub fn millivolts(self) -> u32 {
        u32::try_from(self.0).unwrap_or(0)
    }
}

impl Size {
    /// In bytes.
    pub fn bytes(self) -> u32 {
        u32::try_from(self.0).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn units_are_demanded_and_suggested() {
        assert_eq!("1.8V".parse(), Ok(Voltage(1800)));
        assert_eq!("300mV".parse(), Ok(Voltage(300)));
        assert_eq!("-12.5C".parse(), Ok(Temperature(-12_500)));
        assert_eq!("99.5%".parse(), Ok(Share(995_000)));
        assert_eq!("4KiB".parse(), Ok(Size(4096)));
        assert_eq!("1.8".parse::<Voltage>().unwrap_err(), "`1.8` has no unit; did you mean `1.8V`?");
        assert_eq!(
            "1.8v".parse::<Voltage>().unwrap_err(),
            "`v` is no unit of a voltage; did you mean `1.8V`?"
        );
        assert_eq!("101%".parse::<Share>().unwrap_err(), "`101%` is out of range; it goes from 0% to 100%");
        assert!("V".parse::<Voltage>().unwrap_err().contains("write it like `1.8V`"));
        assert!("0.00001V".parse::<Voltage>().is_err(), "finer than a millivolt");
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(value in 0..=60_000_i64, share in 0..=1_000_000_i64, size in 0..268_435_456_i64) {
            prop_assert_eq!(Offset(-share).to_string().parse(), Ok(Offset(-share)));
            prop_assert_eq!(BitRate(share).to_string().parse(), Ok(BitRate(share)));
            prop_assert_eq!(Voltage(value).to_string().parse(), Ok(Voltage(value)));
            prop_assert_eq!(Share(share).to_string().parse(), Ok(Share(share)));
            prop_assert_eq!(Size(size).to_string().parse(), Ok(Size(size)));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,12}") {
            let _ = text.parse::<Temperature>();
            let _ = text.parse::<Deviation>();
        }
    }
}

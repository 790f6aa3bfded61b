//! Decimal numbers as devices print them: compared by value, whatever their length.

use crate::language::decode::{Ruled, Shape};
use crate::language::scalar::from_str;
use crate::language::{Decode, Diagnostics, Node};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// Whether two values are the same: as decimal numbers where both are, else as text.
pub(super) fn same_value(a: &str, b: &str) -> bool {
    match (Decimal::parse(a), Decimal::parse(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// A decimal number of any length, in the one way to write it that is left without needless zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// Reads `-21.50`; neither exponents nor units.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, whole, fraction })
    }

    /// In millionths, cut off behind them; `None` for a number too large for that.
    pub(super) fn millionths(self) -> Option<i128> {
        let whole: i128 = if self.whole.is_empty() { 0 } else { self.whole.parse().ok()? };
        let digits = self.fraction.bytes().chain(std::iter::repeat(b'0')).take(6);
        let fraction = digits.fold(0, |sum, digit| sum * 10 + i128::from(digit.wrapping_sub(b'0')));
        let value = whole.checked_mul(1_000_000)?.checked_add(fraction)?;
        Some(if self.negative { -value } else { value })
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        // Without needless zeros a longer whole part is a larger one, and fractions order as text does.
        let size = |n: &Self, m: &Self| {
            n.whole.len().cmp(&m.whole.len()).then(n.whole.cmp(m.whole)).then(n.fraction.cmp(m.fraction))
        };
        match (self.negative, other.negative) {
            (false, false) => size(self, other),
            (true, true) => size(other, self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A decimal number of a scenario, as it was written: `21.5`, `-3`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Number(String);

impl Number {
    /// Zero, should a plan edited by hand hold what is no number.
    pub(super) fn decimal(&self) -> Decimal<'_> {
        Decimal::parse(&self.0).unwrap_or(Decimal { negative: false, whole: "", fraction: "" })
    }
}

impl From<u32> for Number {
    fn from(number: u32) -> Self {
        Self(number.to_string())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for Number {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match Decimal::parse(text) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err(format!("`{text}` is not a number; write it in digits, without a unit, like `21.5`")),
        }
    }
}

impl Ruled for Number {}

impl Decode for Number {
    fn shape() -> Shape {
        Shape::Scalar("a number", "21.5")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "a number", out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_compared_by_value_and_the_rest_as_text() {
        for (a, b) in [("21.50", "21.5"), ("+7", "7"), ("-0.0", "0"), ("007", "7"), ("1.0", "1"), ("x", "x")]
        {
            assert!(same_value(a, b) && same_value(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("21.5", "2.15"),
            ("21.05", "21.5"),
            ("-1", "1"),
            ("10", "1"),
            ("1e1", "10"),
            ("1.", "1"),
            (".5", "0.5"),
            ("", "0"),
            ("on", "ON"),
            ("9007199254740993", "9007199254740992"),
            ("0x10", "16"),
        ] {
            assert!(!same_value(a, b) && !same_value(b, a), "{a} {b}");
        }
    }

    #[test]
    fn millionths_are_exact_or_cut_off() {
        let of = |text| Decimal::parse(text).and_then(Decimal::millionths);
        assert_eq!(of("-1.5"), Some(-1_500_000));
        assert_eq!(of("0.0000019"), Some(1));
        assert_eq!(of(&"9".repeat(60)), None);
    }

    proptest! {
        #[test]
        fn decimals_order_as_numbers_do(a in -100_000_i64..100_000, b in -100_000_i64..100_000) {
            let text = |n: i64| format!("{}{}.{:02}", if n < 0 { "-" } else { "" }, n.abs() / 100, n.abs() % 100);
            let (x, y) = (text(a), text(b));
            prop_assert_eq!(Decimal::parse(&x).cmp(&Decimal::parse(&y)), a.cmp(&b));
        }

        #[test]
        fn any_text_is_a_number_or_none(text in "\\PC{0,12}") {
            if let Some(decimal) = Decimal::parse(&text) {
                prop_assert_eq!(decimal.cmp(&decimal), Ordering::Equal);
                let _ = decimal.millionths();
            }
        }
    }
}

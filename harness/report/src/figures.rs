//! Figures of checks: as a reader takes them in, and in JSON for programs.
//!
//! In JSON the name of a field says what it holds: `value_s` is seconds, `value_share` a part of one, `value` a count.

use crate::{seconds, short};
use brownout_core::quantity::Share;
use brownout_core::verdict::{Figure, Measure, percent};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::collections::BTreeMap;

/// A measured value as a reader takes it in at a glance: `1.234s`, `99.5%`, `7`.
pub fn shown(value: Measure) -> String {
    match value {
        Measure::Time(time) => short(time),
        Measure::Share(share) => percent(share),
        Measure::Count(count) => count.to_string(),
    }
}

/// What is put behind a field's name, and the number that it holds, for programs.
pub(crate) fn plain(value: Measure) -> (&'static str, f64) {
    match value {
        Measure::Time(time) => ("_s", time.as_secs_f64()),
        Measure::Share(Share(millionths)) => ("_share", millionths as f64 / 1e6),
        Measure::Count(count) => ("", count as f64),
    }
}

/// A figure over many runs. Of one run it would be a measurement; `n` says how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The figure's name.
    pub name: String,
    /// How often it was measured.
    pub n: usize,
    /// The least.
    pub min: Measure,
    /// The middle one; of an even number, the lower of the two in the middle.
    pub median: Measure,
    /// The most.
    pub max: Measure,
}

impl Spread {
    /// The spread of each figure, by name. Values of different sorts have no order among each other.
    pub(crate) fn of_all<'f>(figures: impl Iterator<Item = &'f Figure>) -> Vec<Self> {
        let mut by_name: BTreeMap<(&str, &str), Vec<Measure>> = BTreeMap::new();
        for figure in figures {
            by_name.entry((&figure.name, plain(figure.value).0)).or_default().push(figure.value);
        }
        by_name
            .into_iter()
            .filter_map(|((name, _), mut values)| {
                values.sort_unstable();
                let median = *values.get((values.len().checked_sub(1)?) / 2)?;
                let (min, max) = (*values.first()?, *values.last()?);
                Some(Self { name: name.to_owned(), n: values.len(), min, median, max })
            })
            .collect()
    }
}

impl Serialize for Spread {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(5))?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("n", &self.n)?;
        for (name, value) in [("min", self.min), ("median", self.median), ("max", self.max)] {
            entry(&mut map, name, value)?;
        }
        map.end()
    }
}

/// Writes a value under a name that says what it is.
fn entry<M: SerializeMap>(map: &mut M, name: &str, value: Measure) -> Result<(), M::Error> {
    let (unit, number) = plain(value);
    let name = format!("{name}{unit}");
    match value {
        Measure::Count(count) => map.serialize_entry(&name, &count),
        Measure::Time(_) | Measure::Share(_) => map.serialize_entry(&name, &number),
    }
}

/// A figure of one run.
struct Line<'f>(&'f Figure);

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        let mut map = s.serialize_map(Some(2))?;
        map.serialize_entry("name", &self.0.name)?;
        entry(&mut map, "value", self.0.value)?;
        map.end()
    }
}

pub(crate) fn serialize<S: Serializer>(figures: &[Figure], s: S) -> Result<S::Ok, S::Error> {
    s.collect_seq(figures.iter().map(Line))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Figure>, D::Error> {
    #[derive(Deserialize)]
    struct Read {
        name: String,
        #[serde(default, with = "seconds::optional")]
        value_s: Option<brownout_core::time::Duration>,
        value_share: Option<f64>,
        value: Option<u64>,
    }
    let of_each = |Read { name, value_s, value_share, value }| {
        let share = |share: f64| {
            let millionths = (share * 1e6).round();
            // A share is a part of one; what is not in that range, or no number, is none.
            (0.0..=1e6).contains(&millionths).then_some(Measure::Share(Share(millionths as i64)))
        };
        let value = match (value_s, value_share, value) {
            (Some(time), None, None) => Some(Measure::Time(time)),
            (None, Some(part), None) => share(part),
            (None, None, Some(count)) => Some(Measure::Count(count)),
            _ => None,
        };
        value
            .map(|value| Figure { name, value })
            .ok_or_else(|| D::Error::custom("a figure without its value"))
    };
    Vec::<Read>::deserialize(d)?.into_iter().map(of_each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use brownout_core::time::Duration;

    #[derive(Serialize, Deserialize)]
    struct Holder {
        #[serde(with = "super")]
        figures: Vec<Figure>,
    }

    #[test]
    fn figures_say_what_they_are_and_read_back() {
        let times = Duration::from_millis(1500);
        let figures =
            vec![Figure::new("t", times), Figure::new("a", Share(995_001)), Figure::new("n", 7_u64)];
        let json = serde_json::to_string(&Holder { figures: figures.clone() }).unwrap();
        assert_eq!(
            json,
            r#"{"figures":[{"name":"t","value_s":1.5},{"name":"a","value_share":0.995001},{"name":"n","value":7}]}"#
        );
        assert_eq!(serde_json::from_str::<Holder>(&json).unwrap().figures, figures);
        for wrong in
            [r#"{"name":"t"}"#, r#"{"name":"t","value":1,"value_s":1}"#, r#"{"name":"t","value_share":2}"#]
        {
            assert!(
                serde_json::from_str::<Holder>(&format!(r#"{{"figures":[{wrong}]}}"#)).is_err(),
                "{wrong}"
            );
        }
        assert_eq!(figures.iter().map(|f| shown(f.value)).collect::<Vec<_>>(), ["1.500s", "99.5001%", "7"]);
    }

    #[test]
    fn values_of_a_name_are_spread_with_their_like() {
        let figures = [3_u64, 1, 2, 9].map(|n| Figure::new("n", n)).into_iter();
        let mixed: Vec<_> = figures.chain([Figure::new("n", Share(10))]).collect();
        let spreads = Spread::of_all(mixed.iter());
        assert_eq!(spreads.len(), 2);
        let json = serde_json::to_string(&spreads).unwrap();
        assert_eq!(
            json,
            r#"[{"name":"n","n":4,"min":1,"median":2,"max":9},{"name":"n","n":1,"min_share":0.00001,"median_share":0.00001,"max_share":0.00001}]"#
        );
    }
}

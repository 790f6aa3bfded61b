//! What was measured beside what was expected.

use super::{Expectations, Known, Measured, Quantity, Range};
use crate::verdict::Verdict;
use serde::{Deserialize, Serialize};

/// What to think of a quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is as expected.
    Ok,
    /// It is not as expected, but as it is known to be somewhere, and why is known.
    Known,
    /// Nothing in particular is expected of it.
    Noted,
    /// It is not as expected.
    Outside,
    /// It was not measured.
    Missing,
}

impl Outcome {
    /// In a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Known => "known",
            Self::Noted => "noted",
            Self::Outside => "outside",
            Self::Missing => "missing",
        }
    }
}

/// One quantity, compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// What to think of it.
    pub outcome: Outcome,
    /// What was measured.
    pub value: Option<i64>,
    /// Its unit.
    pub unit: String,
    /// What was expected.
    pub expect: Option<Range>,
    /// Where that comes from.
    pub source: Option<String>,
    /// What explains it, or is wrong with it.
    pub remark: Option<String>,
}

/// Compares: first what was measured, in that order, then what was not.
pub fn compare(expected: &Expectations, measured: &[Measured]) -> Vec<Row> {
    let seen = measured.iter().map(|measured| match expected.quantities.get(&measured.name) {
        Some(quantity) => row(quantity, measured),
        None => Row {
            name: measured.name.clone(),
            outcome: Outcome::Noted,
            value: Some(measured.value),
            unit: measured.unit.clone(),
            expect: None,
            source: None,
            remark: Some("nothing is known of it".to_owned()),
        },
    });
    let missing = expected
        .quantities
        .iter()
        .filter(|(name, _)| !measured.iter().any(|measured| measured.name == **name))
        .map(|(name, quantity)| Row {
            name: name.clone(),
            outcome: Outcome::Missing,
            value: None,
            unit: quantity.unit.clone(),
            expect: quantity.expect,
            source: Some(quantity.source.clone()),
            remark: None,
        });
    seen.chain(missing).collect()
}

fn row(quantity: &Quantity, measured: &Measured) -> Row {
    let known = |known: &&Known| known.range.holds(measured.value);
    let (outcome, remark) = if measured.unit != quantity.unit {
        (Outcome::Outside, Some(format!("it was expected in {}", quantity.unit)))
    } else {
        match quantity.expect {
            None => (Outcome::Noted, None),
            Some(range) if range.holds(measured.value) => (Outcome::Ok, None),
            Some(_) => match quantity.known.as_ref().filter(known) {
                Some(known) => (Outcome::Known, Some(known.why.clone())),
                None => (Outcome::Outside, None),
            },
        }
    };
    Row {
        name: measured.name.clone(),
        outcome,
        value: Some(measured.value),
        unit: measured.unit.clone(),
        expect: quantity.expect,
        source: Some(quantity.source.clone()),
        remark,
    }
}

/// Of all of them: what is outside fails, what is missing proves nothing.
pub fn verdict(rows: &[Row]) -> Verdict {
    let any = |outcome| rows.iter().any(|row| row.outcome == outcome);
    if any(Outcome::Outside) {
        Verdict::Fail
    } else if any(Outcome::Missing) || rows.is_empty() {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Expectations {
        let text = "part: '0x1'\nquantities:\n  \
            a.time: {unit: us, expect: 10..20, source: PS 1, known: {range: 5, why: on paper}}\n  \
            a.free: {unit: us, source: none}\n";
        match Expectations::read("x.yaml", text) {
            Ok(expected) => expected,
            Err(problems) => panic!("{:?}", problems.found),
        }
    }

    fn measured(name: &str, value: i64, unit: &str) -> Measured {
        Measured { name: name.to_owned(), value, unit: unit.to_owned() }
    }

    fn of(rows: &[Measured]) -> (Vec<Outcome>, Verdict) {
        let rows = compare(&expected(), rows);
        (rows.iter().map(|row| row.outcome).collect(), verdict(&rows))
    }

    #[test]
    fn inside_and_known_pass_and_what_is_only_noted_does_not_matter() {
        let free = measured("a.free", -3, "us");
        assert_eq!(
            of(&[measured("a.time", 20, "us"), free.clone()]),
            (vec![Outcome::Ok, Outcome::Noted], Verdict::Pass)
        );
        assert_eq!(of(&[measured("a.time", 5, "us"), free.clone()]).0[0], Outcome::Known);
        let more = [measured("a.time", 10, "us"), free, measured("b.new", 1, "us")];
        assert_eq!(of(&more), (vec![Outcome::Ok, Outcome::Noted, Outcome::Noted], Verdict::Pass));
    }

    #[test]
    fn outside_fails_and_missing_proves_nothing() {
        let free = measured("a.free", 0, "us");
        for wrong in [measured("a.time", 21, "us"), measured("a.time", 15, "ms")] {
            assert_eq!(of(&[wrong, free.clone()]), (vec![Outcome::Outside, Outcome::Noted], Verdict::Fail));
        }
        assert_eq!(of(&[free]), (vec![Outcome::Noted, Outcome::Missing], Verdict::Inconclusive));
        assert_eq!(of(&[measured("a.time", 21, "us")]).1, Verdict::Fail, "fail outweighs inconclusive");
        assert_eq!(verdict(&[]), Verdict::Inconclusive);
    }
}

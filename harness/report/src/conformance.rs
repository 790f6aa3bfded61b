//! The comparison of a chip with what is expected of its kind, as text.

use crate::escape::visible;
use brownout_core::conformance::{Outcome, Row};
use std::fmt::Write as _;

/// The rows as a table, in order; what is not as expected says what that would be, and where it comes from.
pub fn table(rows: &[Row]) -> String {
    let longest = |of: &dyn Fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or_default();
    let name_width = longest(&|row| visible(&row.name).chars().count());
    let value_width = longest(&|row| value(row).chars().count());
    let mut text = String::new();
    for row in rows {
        let (name, value) = (visible(&row.name), value(row));
        let _ = write!(
            text,
            "{:8} {name:name_width$} {value:>value_width$} {}",
            row.outcome.word(),
            visible(&row.unit)
        );
        if let Some(expect) = row.expect {
            let _ = write!(text, ", expected {expect}");
        }
        text.push('\n');
        let source =
            (row.outcome == Outcome::Outside || row.outcome == Outcome::Missing).then_some(&row.source);
        for line in source.into_iter().flatten().chain(&row.remark) {
            let _ = writeln!(text, "         {}", visible(line));
        }
    }
    text
}

fn value(row: &Row) -> String {
    row.value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// How many there are of each kind, in one line.
pub fn summary(rows: &[Row]) -> String {
    let kinds = [Outcome::Ok, Outcome::Known, Outcome::Noted, Outcome::Outside, Outcome::Missing];
    let counts = kinds.map(|kind| (kind, rows.iter().filter(|row| row.outcome == kind).count()));
    let parts: Vec<String> = counts
        .iter()
        .filter(|(kind, count)| *count > 0 || *kind == Outcome::Ok)
        .map(|(kind, count)| format!("{count} {}", kind.word()))
        .collect();
    format!("{} quantities: {}\n", rows.len(), parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use brownout_core::conformance::Range;

    fn row(name: &str, outcome: Outcome, value: Option<i64>, remark: Option<&str>) -> Row {
        Row {
            name: name.to_owned(),
            outcome,
            value,
            unit: "us".to_owned(),
            expect: (outcome != Outcome::Noted).then_some(Range { from: 1, to: 41 }),
            source: Some("PS 4.3.9, 41 us at most".to_owned()),
            remark: remark.map(str::to_owned),
        }
    }

    #[test]
    fn each_kind_of_row() {
        let rows = [
            row("nvmc.word_write", Outcome::Ok, Some(41), None),
            row("nvmc.second_write", Outcome::Outside, Some(420), None),
            row("timer.pair", Outcome::Known, Some(0), Some("one instruction a cycle")),
            row("reset.first\u{1b}[2J", Outcome::Noted, Some(-1), Some("nothing is known of it")),
            row("rtc.start", Outcome::Missing, None, None),
        ];
        insta::assert_snapshot!(format!("{}\n{}", table(&rows), summary(&rows)), @r"
        ok       nvmc.word_write     41 us, expected 1..41
        outside  nvmc.second_write  420 us, expected 1..41
                 PS 4.3.9, 41 us at most
        known    timer.pair           0 us, expected 1..41
                 one instruction a cycle
        noted    reset.first\x1b[2J  -1 us
                 nothing is known of it
        missing  rtc.start            - us, expected 1..41
                 PS 4.3.9, 41 us at most

        5 quantities: 1 ok, 1 known, 1 noted, 1 outside, 1 missing
        ");
    }
}

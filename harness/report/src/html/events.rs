//! The event table: sections by phase, with what comes in masses folded.

use crate::narrate::phase_name;
use crate::{Detail, Narrator, Tone, short};
use brownout_core::event::{Event, What};
use brownout_core::time::Instant;
use brownout_core::verdict::Verdict;
use serde::Serialize;
use std::collections::BTreeMap;

/// Fewer rows than this are not worth folding.
const WORTH_FOLDING: usize = 5;
/// Rows shown at each end of a folded stretch; the rest is in `events.jsonl`. A day's run has a million events, and
/// no browser shows a table of those.
const ENDS: usize = 150;

/// A phase of the run.
#[derive(Serialize)]
pub(super) struct Section {
    name: &'static str,
    from: String,
    took: String,
    events: usize,
    blocks: Vec<Block>,
}

/// A stretch of rows.
#[derive(Serialize)]
struct Block {
    /// What is folded away, in words; empty for rows that are shown.
    folded: String,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    n: u64,
    at: String,
    kind: &'static str,
    text: String,
    tone: &'static str,
    /// The verdict that points here.
    evidence: Option<Verdict>,
    /// Rows left out before this one.
    left_out: usize,
    #[serde(skip)]
    key: bool,
}

/// The events in words, by phase. `marks` are the events that verdicts point at; those are never folded away.
pub(super) fn sections(events: &[Event], marks: &BTreeMap<u64, Verdict>) -> Vec<Section> {
    let mut narrator = Narrator::new();
    let mut phases: Vec<(&'static str, Instant, Vec<Row>)> = Vec::new();
    let mut end = Instant::ZERO;
    for event in events {
        end = end.max(event.at);
        let told = narrator.tell(event);
        let row = Row {
            n: event.n.0,
            at: event.at.to_string(),
            kind: told.kind,
            text: told.text,
            tone: tone_class(told.tone),
            evidence: marks.get(&event.n.0).copied(),
            left_out: 0,
            key: told.detail == Detail::Key || marks.contains_key(&event.n.0),
        };
        match (&event.what, phases.last_mut()) {
            (What::Phase(phase), _) => phases.push((phase_name(*phase), event.at, vec![row])),
            (_, Some((_, _, rows))) => rows.push(row),
            (_, None) => phases.push(("start", event.at, vec![row])),
        }
    }
    let starts: Vec<Instant> = phases.iter().skip(1).map(|(_, from, _)| *from).chain([end]).collect();
    phases
        .into_iter()
        .zip(starts)
        .map(|((name, from, rows), until)| Section {
            name,
            from: from.to_string(),
            took: short(until.since(from)),
            events: rows.len(),
            blocks: blocks(rows),
        })
        .collect()
}

/// Groups rows so that stretches of detail can be folded.
fn blocks(rows: Vec<Row>) -> Vec<Block> {
    let mut stretches: Vec<(bool, Vec<Row>)> = Vec::new();
    for row in rows {
        match stretches.last_mut() {
            Some((key, stretch)) if *key == row.key => stretch.push(row),
            _ => stretches.push((row.key, vec![row])),
        }
    }
    let mut blocks: Vec<Block> = Vec::new();
    for (key, stretch) in stretches {
        if !key && stretch.len() >= WORTH_FOLDING {
            blocks.push(Block { folded: census(&stretch), rows: without_middle(stretch) });
            continue;
        }
        match blocks.last_mut() {
            Some(block) if block.folded.is_empty() => block.rows.extend(stretch),
            _ => blocks.push(Block { folded: String::new(), rows: stretch }),
        }
    }
    blocks
}

/// How many of each kind: `16 events: 12 console, 4 flash`.
fn census(rows: &[Row]) -> String {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for row in rows {
        *kinds.entry(row.kind).or_default() += 1;
    }
    let counts: Vec<String> = kinds.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    format!("{} events: {}", rows.len(), counts.join(", "))
}

fn without_middle(mut rows: Vec<Row>) -> Vec<Row> {
    let left_out = rows.len().saturating_sub(2 * ENDS);
    if left_out > 0 {
        rows.drain(ENDS..ENDS + left_out);
        if let Some(row) = rows.get_mut(ENDS) {
            row.left_out = left_out;
        }
    }
    rows
}

const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Faint => "faint",
        Tone::Strong => "strong",
        Tone::Good => "good",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brownout_core::event::EventNo;

    #[test]
    fn masses_are_folded_and_capped_but_evidence_is_not() {
        let events: Vec<Event> = (1..=1000)
            .map(|n| Event {
                n: EventNo(n),
                at: Instant(n),
                what: What::Console { dut: "d".into(), text: format!("line {n}"), offset: n },
            })
            .collect();
        let sections = sections(&events, &BTreeMap::from([(500, Verdict::Fail)]));
        let blocks = &sections[0].blocks;
        let shape: Vec<(&str, usize)> = blocks.iter().map(|b| (b.folded.as_str(), b.rows.len())).collect();
        assert_eq!(shape, [("499 events: 499 console", 300), ("", 1), ("500 events: 500 console", 300)]);
        assert_eq!(blocks[1].rows[0].evidence, Some(Verdict::Fail));
        assert_eq!(blocks[0].rows[ENDS].left_out, 199);
        assert_eq!((blocks[0].rows[ENDS - 1].n, blocks[0].rows[ENDS].n), (150, 350));
    }
}

//! The drawn timeline: lanes over a time axis. Geometry only; the template draws it.

use super::axis::{Axis, LEFT, RIGHT, Tick};
use super::story::{FaultStory, Story, Stretch};
use crate::escape::visible_capped;
use crate::{RunView, short};
use brownout_core::time::{Duration, Instant};
use brownout_core::verdict::Verdict;
use serde::Serialize;
use std::collections::BTreeMap;

/// Lanes of one kind that are drawn; a run can have hundreds of faults.
const MOST_LANES: usize = 8;
/// Bars of a histogram.
const BINS: usize = 190;
/// Width of a character of the small labels, in SVG units, on the safe side.
const CHARACTER: f64 = 6.1;
/// Flags of evidence drawn below the lanes.
const MOST_FLAGS: usize = 24;

/// A drawing of a stretch of the run.
#[derive(Serialize)]
pub(super) struct Timeline {
    caption: String,
    height: f64,
    /// Where the lanes end and the flags begin.
    bottom: f64,
    left: f64,
    right: f64,
    ticks: Vec<Tick>,
    lanes: Vec<Lane>,
    flags: Vec<Flag>,
}

#[derive(Default, Serialize)]
struct Lane {
    name: String,
    y: f64,
    h: f64,
    bars: Vec<Bar>,
    /// A line, as SVG path data.
    line: String,
    labels: Vec<Label>,
}

#[derive(Serialize)]
struct Bar {
    x: f64,
    y: f64,
    w: f64,
    h: f64,
    class: &'static str,
    tip: String,
    /// The event it links to; 0 for none.
    n: u64,
}

#[derive(Serialize)]
struct Label {
    x: f64,
    y: f64,
    text: String,
    class: &'static str,
    anchor: &'static str,
}

/// An event that a verdict points at.
#[derive(Serialize)]
struct Flag {
    x: f64,
    /// Where its number stands.
    label_x: f64,
    label_y: f64,
    n: u64,
    at: String,
    verdict: Verdict,
}

/// The whole run, and a close-up of what matters if that is a small part of it.
pub(super) fn timelines(run: &RunView<'_>, marks: &BTreeMap<u64, Verdict>) -> Vec<Timeline> {
    let story = Story::of(run.events);
    let flags = flagged(run, marks);
    let whole = Axis { from: Instant::ZERO, to: story.end };
    let mut drawn = vec![draw(&story, whole, &flags, "the whole run".to_owned())];
    if let Some(close) = close_up(&story, &flags, whole) {
        let caption = format!("close-up: {} from {}", short(close.to.since(close.from)), close.from);
        drawn.push(draw(&story, close, &flags, caption));
    }
    drawn
}

/// The events that decided the verdict. Where all is well, those that show it.
fn flagged(run: &RunView<'_>, marks: &BTreeMap<u64, Verdict>) -> Vec<(u64, Instant, Verdict)> {
    let worst = marks.values().copied().max().unwrap_or(Verdict::Pass);
    let decisive = |v: Verdict| worst == Verdict::Pass || v != Verdict::Pass;
    run.events
        .iter()
        .filter_map(|e| marks.get(&e.n.0).filter(|v| decisive(**v)).map(|v| (e.n.0, e.at, *v)))
        .take(MOST_FLAGS)
        .collect()
}

/// The faults with what came right after, if that is less than 60 % of the run. Where the faults are spread over the
/// run, the one that came last before the first flagged event.
fn close_up(story: &Story, flags: &[(u64, Instant, Verdict)], whole: Axis) -> Option<Axis> {
    let around = |faults: &[&FaultStory]| {
        let from = faults.iter().map(|f| f.armed).min()?;
        let over = faults.iter().map(|f| f.over.unwrap_or(story.end)).max()?;
        // What the device does after a fault is as telling as the fault: as long again is shown of that.
        let length = over.since(from).0.max(50_000_000);
        let from = Instant(from.0.saturating_sub(length / 8));
        let to = (over + Duration(length.saturating_add(length / 8))).min(story.end);
        let close = Axis { from, to };
        (close.span() > 0 && close.span() < whole.span() / 5 * 3).then_some(close)
    };
    let all: Vec<&FaultStory> = story.faults.iter().collect();
    around(&all).or_else(|| {
        let (_, first, _) = flags.first()?;
        around(&[all.iter().rfind(|f| f.armed <= *first)?])
    })
}

fn draw(story: &Story, axis: Axis, flags: &[(u64, Instant, Verdict)], caption: String) -> Timeline {
    let mut lanes = vec![phases(story, axis)];
    lanes.extend(steps(story, axis));
    let faults: Vec<&FaultStory> = story
        .faults
        .iter()
        .filter(|f| f.armed <= axis.to && f.over.unwrap_or(story.end) >= axis.from)
        .collect();
    let more = faults.len().saturating_sub(MOST_LANES);
    lanes.extend(faults.iter().take(MOST_LANES).map(|f| fault(f, axis, story.end)));
    for (level, dut, changes) in &story.levels {
        let several = story.levels.iter().filter(|(of, ..)| of == level).count() > 1;
        let name = if several { format!("{} {dut}", level.name()) } else { level.name().to_owned() };
        lanes.push(rail(&name, level.words(), changes, axis));
    }
    lanes.extend(story.signals.iter().take(MOST_LANES).map(|(name, seen)| signal(name, seen, axis)));
    if !story.flash.is_empty() {
        let torn: Vec<Instant> =
            story.flash.iter().filter(|(_, complete)| !complete).map(|(at, _)| *at).collect();
        lanes.push(histogram("flash", story.flash.iter().map(|(at, _)| *at), &torn, axis));
    }
    if !story.console.is_empty() {
        lanes.push(histogram("console", story.console.iter().copied(), &[], axis));
    }
    let mut y = 26.0;
    for lane in &mut lanes {
        lane.place(y);
        y += lane.h + 7.0;
    }
    let flags = place_flags(flags, axis, y);
    let below = flags.iter().map(|f| f.label_y).fold(y, f64::max);
    let mut caption = caption;
    for (n, what) in [(more, "faults"), (story.signals.len().saturating_sub(MOST_LANES), "signals")] {
        if n > 0 {
            caption.push_str(&format!(" ({n} more {what} not drawn)"));
        }
    }
    Timeline {
        caption,
        height: below + 10.0,
        bottom: y,
        left: LEFT,
        right: RIGHT,
        ticks: axis.ticks(),
        lanes,
        flags,
    }
}

impl Lane {
    fn new(name: &str, h: f64) -> Self {
        Self { name: visible_capped(name, 17), h, ..Self::default() }
    }

    /// Moves everything in it down to where the lane stands.
    fn place(&mut self, y: f64) {
        self.y = y;
        for bar in &mut self.bars {
            bar.y += y;
        }
        for label in &mut self.labels {
            label.y += y;
        }
    }
}

/// A stretch between the edges of the axis: where it begins and how wide it is; at least so wide that it is seen.
fn extent(axis: Axis, from: Instant, to: Instant) -> Option<(f64, f64)> {
    if to < axis.from || from > axis.to {
        return None;
    }
    let x = axis.x(from.max(axis.from));
    let w = (axis.x(to) - x).max(2.0);
    Some((x.min(RIGHT - 2.0), w.min(RIGHT - x).max(2.0)))
}

/// As much of a text as fits, if that is worth showing.
fn fitting(text: &str, width: f64) -> Option<String> {
    let room = ((width - 8.0) / CHARACTER).max(0.0) as usize;
    let length = text.chars().count();
    match room {
        _ if length <= room => Some(text.to_owned()),
        0..=6 => None,
        _ => Some(text.chars().take(room.saturating_sub(1)).chain(['…']).collect()),
    }
}

fn phases(story: &Story, axis: Axis) -> Lane {
    let mut lane = Lane::new("phase", 18.0);
    for Stretch { from, to, text, class, n } in &story.phases {
        let Some((x, w)) = extent(axis, *from, *to) else { continue };
        let tip = format!("{text}: {} from {from}", short(to.since(*from)));
        lane.bars.push(Bar { x, y: 0.0, w, h: lane.h, class, tip, n: *n });
        if let Some(text) = fitting(text, w) {
            lane.labels.push(Label { x: x + 5.0, y: 13.0, text, class: "in", anchor: "start" });
        }
    }
    lane
}

fn steps(story: &Story, axis: Axis) -> Option<Lane> {
    const ROW: f64 = 17.0;
    let depths = story.steps.iter().map(|(depth, _)| depth + 1).max()?.min(MOST_LANES);
    let mut lane = Lane::new("steps", ROW * depths as f64 - 2.0);
    // Where the next step of the same depth begins, labels have to end.
    let mut room_until = vec![RIGHT; depths];
    let mut steps: Vec<&(usize, Stretch)> = story.steps.iter().collect();
    steps.sort_by_key(|(_, stretch)| std::cmp::Reverse(stretch.from));
    for (depth, Stretch { from, to, text, class, n }) in steps {
        let Some(end) = room_until.get_mut(*depth) else { continue };
        let Some((x, w)) = extent(axis, *from, *to) else { continue };
        // Of steps that would lie on one another, as a thousand repetitions do, one is drawn.
        if w <= 2.0 && *end < x + w {
            continue;
        }
        let text = visible_capped(text, 120);
        let y = ROW * *depth as f64;
        let tip = format!("{text}: {} from {from}", short(to.since(*from)));
        lane.bars.push(Bar { x, y, w, h: ROW - 2.0, class, tip, n: *n });
        let inside = fitting(&text, w).map(|text| (x + 4.0, text, "in"));
        let beside = || fitting(&text, *end - x - w).map(|text| (x + w + 4.0, text, "out"));
        if let Some((x, text, class)) = inside.or_else(beside) {
            lane.labels.push(Label { x, y: y + 11.0, text, class, anchor: "start" });
        }
        *end = x;
    }
    Some(lane)
}

fn fault(fault: &FaultStory, axis: Axis, end: Instant) -> Lane {
    let mut lane = Lane::new("fault", 16.0);
    let over = fault.over.unwrap_or(end);
    let name = visible_capped(&fault.name, 40);
    let mut edges: Option<(f64, f64)> = None;
    let mut bar = |from: Instant, to: Instant, class: &'static str, what: &str| {
        let Some((x, w)) = extent(axis, from, to) else { return };
        edges = Some(edges.map_or((x, x + w), |(l, r): (f64, f64)| (l.min(x), r.max(x + w))));
        let tip = format!("{name} {what}: {} from {from}", short(to.since(from)));
        lane.bars.push(Bar { x, y: 0.0, w, h: 16.0, class, tip, n: fault.n });
    };
    bar(fault.armed, fault.struck.unwrap_or(over), "armed", "armed");
    if let Some(struck) = fault.struck {
        bar(struck, over, "struck", "at work");
    }
    if let Some(confirmed) = fault.confirmed.filter(|at| axis.shows(*at)) {
        bar(confirmed, confirmed, "confirmed", "confirmed");
    }
    let text = match (fault.struck, fault.over) {
        (Some(struck), Some(over)) => format!("{name}, {}", short(over.since(struck))),
        (Some(_), None) => format!("{name}, not reverted"),
        (None, _) => format!("{name}, never fired"),
    };
    if let Some((left, right)) = edges {
        // Beside the bar where there is room, else inside it.
        let needed = text.chars().count() as f64 * CHARACTER + 8.0;
        let (x, anchor, class) = if right + needed < RIGHT {
            (right + 6.0, "start", "out")
        } else if left - needed > LEFT {
            (left - 6.0, "end", "out")
        } else {
            (left + 6.0, "start", "in")
        };
        lane.labels.push(Label { x, y: 12.0, text, class, anchor });
    }
    lane
}

/// What is there or is not, as a logic analyser draws it. Nothing is drawn for the time before anything was known.
fn rail(name: &str, [there, away]: [&str; 2], changes: &[(Instant, bool)], axis: Axis) -> Lane {
    let mut lane = Lane::new(name, 18.0);
    let ends = changes.iter().skip(1).map(|(at, _)| *at).chain([axis.to.max(axis.from)]);
    let mut points: Vec<String> = Vec::new();
    for ((from, on), to) in changes.iter().zip(ends) {
        let Some((x, w)) = extent(axis, *from, to) else { continue };
        let state = if *on { there } else { away };
        let tip = format!("{state}: {} from {from}", short(to.since(*from)));
        let class = if *on { "power-on" } else { "power-off" };
        lane.bars.push(Bar { x, y: 0.0, w, h: lane.h, class, tip, n: 0 });
        let level = if *on { 1.0 } else { lane.h - 1.0 };
        let command = if points.is_empty() { 'M' } else { 'L' };
        points.push(format!("{command}{x:.1} {level:.1} L{:.1} {level:.1}", axis.x(to)));
    }
    lane.line = points.join(" ");
    lane
}

fn signal(name: &str, seen: &[(Instant, u64)], axis: Axis) -> Lane {
    let mut lane = Lane::new(name, 13.0);
    let mut last = f64::MIN;
    for (at, n) in seen.iter().filter(|(at, _)| axis.shows(*at)) {
        let x = axis.x(*at);
        // Closer than this no eye tells them apart.
        if x - last >= 1.5 {
            lane.bars.push(Bar {
                x: x - 1.5,
                y: 0.0,
                w: 3.0,
                h: 13.0,
                class: "signal",
                tip: format!("{name} at {at}"),
                n: *n,
            });
            last = x;
        }
    }
    for bar in &mut lane.bars {
        bar.tip = visible_capped(&bar.tip, 120);
    }
    lane
}

/// How many in each small stretch; those that are `bad` are drawn over it.
fn histogram(name: &str, all: impl Iterator<Item = Instant>, bad: &[Instant], axis: Axis) -> Lane {
    let mut lane = Lane::new(name, 24.0);
    let mut bins = vec![0_u32; BINS];
    let width = (RIGHT - LEFT) / BINS as f64;
    for at in all.filter(|at| axis.shows(*at)) {
        let bin = ((axis.x(at) - LEFT) / width) as usize;
        if let Some(count) = bins.get_mut(bin.min(BINS - 1)) {
            *count += 1;
        }
    }
    let most = f64::from(bins.iter().copied().max().unwrap_or(0).max(1));
    for (i, count) in bins.into_iter().enumerate().filter(|(_, count)| *count > 0) {
        // By the square root, so that one line beside a burst of a hundred is still seen.
        let h = (lane.h * (f64::from(count) / most).sqrt()).max(3.0);
        let x = LEFT + i as f64 * width;
        lane.bars.push(Bar {
            x,
            y: lane.h - h,
            w: width - 0.6,
            h,
            class: "hist",
            tip: format!("{count} {name}"),
            n: 0,
        });
    }
    for at in bad.iter().filter(|at| axis.shows(**at)) {
        let tip = format!("{name} operation cut short at {at}");
        lane.bars.push(Bar { x: axis.x(*at) - 1.5, y: 0.0, w: 3.0, h: lane.h, class: "torn", tip, n: 0 });
    }
    lane
}

/// Numbers under the lanes, in as many rows as keep them from touching.
fn place_flags(flags: &[(u64, Instant, Verdict)], axis: Axis, bottom: f64) -> Vec<Flag> {
    let mut rows: Vec<f64> = Vec::new();
    flags
        .iter()
        .filter(|(_, at, _)| axis.shows(*at))
        .map(|(n, at, verdict)| {
            let x = axis.x(*at);
            let half = (n.to_string().len() + 1) as f64 * CHARACTER / 2.0 + 2.0;
            let label_x = x.min(RIGHT - half);
            let row = rows.iter().position(|end| *end < label_x - half).unwrap_or(rows.len());
            match rows.get_mut(row) {
                Some(end) => *end = label_x + half,
                None => rows.push(label_x + half),
            }
            let label_y = bottom + 12.0 + 13.0 * row as f64;
            Flag { x, label_x, label_y, n: *n, at: at.to_string(), verdict: *verdict }
        })
        .collect()
}

//! What of a run can be drawn: stretches and moments, picked out of its events.

use crate::narrate::phase_name;
use brownout_core::event::{Event, FaultNo, StepNo, StepOutcome, What};
use brownout_core::names::Dut;
use brownout_core::network::{Conn, MqttSeen, TcpSeen, Traffic};
use brownout_core::time::Instant;
use std::collections::BTreeMap;

/// A stretch of time.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    pub(super) from: Instant,
    pub(super) to: Instant,
    pub(super) text: String,
    /// How it is drawn.
    pub(super) class: &'static str,
    /// The event with which it begins.
    pub(super) n: u64,
}

/// A fault from arming to revert.
#[derive(Clone, Debug)]
pub(super) struct FaultStory {
    pub(super) name: String,
    pub(super) n: u64,
    pub(super) armed: Instant,
    /// When it struck; `None` if it never did.
    pub(super) struck: Option<Instant>,
    /// When it was seen to bite.
    pub(super) confirmed: Option<Instant>,
    /// When it was reverted, or given up.
    pub(super) over: Option<Instant>,
}

/// Something that is there or is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    /// The supply rail.
    Power,
    /// The device's end of the network cable.
    Link,
    /// The device at its broker.
    Broker,
}

impl Level {
    /// The name of its lane.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Link => "link",
            Self::Broker => "broker",
        }
    }

    /// What it is when it is there, and when it is not.
    pub(super) const fn words(self) -> [&'static str; 2] {
        match self {
            Self::Power => ["power on", "power off"],
            Self::Link => ["link up", "no link"],
            Self::Broker => ["connected to the broker", "not connected"],
        }
    }
}

/// When something came or went, and which of the two.
pub(super) type Changes = Vec<(Instant, bool)>;

/// Everything that can be drawn.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    pub(super) end: Instant,
    pub(super) phases: Vec<Stretch>,
    /// Steps by nesting depth.
    pub(super) steps: Vec<(usize, Stretch)>,
    pub(super) faults: Vec<FaultStory>,
    /// What is there or is not, of each device, with its changes.
    pub(super) levels: Vec<(Level, Dut, Changes)>,
    /// Signals in the order in which they were first seen.
    pub(super) signals: Vec<(String, Vec<(Instant, u64)>)>,
    /// Flash operations, and whether each was completed.
    pub(super) flash: Vec<(Instant, bool)>,
    pub(super) console: Vec<Instant>,
}

impl Story {
    pub(super) fn of(events: &[Event]) -> Self {
        let mut story = Self::default();
        let mut open: Vec<(StepNo, Stretch)> = Vec::new();
        let mut faults: BTreeMap<FaultNo, FaultStory> = BTreeMap::new();
        // The connection by which each device is at its broker.
        let mut standing: BTreeMap<&Dut, Conn> = BTreeMap::new();
        for event in events {
            let (at, n) = (event.at, event.n.0);
            story.end = story.end.max(at);
            match &event.what {
                What::Phase(phase) => {
                    if let Some(before) = story.phases.last_mut() {
                        before.to = at;
                    }
                    let name = phase_name(*phase);
                    story.phases.push(Stretch { from: at, to: at, text: name.to_owned(), class: name, n });
                }
                What::Step { step, text } => {
                    let class = "open";
                    open.push((*step, Stretch { from: at, to: at, text: text.clone(), class, n }));
                }
                What::StepEnded { step, outcome } => {
                    let Some(depth) = open.iter().rposition(|(s, _)| s == step) else { continue };
                    let class = match outcome {
                        StepOutcome::Done => "done",
                        StepOutcome::CutShort | StepOutcome::Refused => "warned",
                        StepOutcome::TimedOut { .. } | StepOutcome::Abandoned => "bad",
                    };
                    // Steps inside one that ended have ended too.
                    for (inner, (_, stretch)) in open.drain(depth..).enumerate() {
                        let class = if inner == 0 { class } else { "open" };
                        story.steps.push((depth + inner, Stretch { to: at, class, ..stretch }));
                    }
                }
                What::Armed { fault, kind, .. } => {
                    let name = format!("{kind} #{fault}");
                    let armed = FaultStory { name, n, armed: at, struck: None, confirmed: None, over: None };
                    faults.insert(*fault, armed);
                }
                What::Fired { fault, .. } | What::Injected { fault } => {
                    if let Some(f) = faults.get_mut(fault) {
                        f.struck.get_or_insert(at);
                    }
                }
                What::Confirmed { fault, .. } => {
                    if let Some(f) = faults.get_mut(fault) {
                        f.confirmed = Some(at);
                    }
                }
                What::Reverted { fault } | What::NeverFired { fault, .. } => {
                    if let Some(f) = faults.get_mut(fault) {
                        f.over = Some(at);
                    }
                }
                What::Rail { dut, on } => story.level(Level::Power, dut, at, *on),
                What::Traffic { dut, seen } => match seen {
                    Traffic::Carrier { up } => story.level(Level::Link, dut, at, *up),
                    Traffic::Mqtt(MqttSeen::Connack { conn, code: 0, .. }) => {
                        standing.insert(dut, *conn);
                        story.level(Level::Broker, dut, at, true);
                    }
                    Traffic::Tcp(TcpSeen::Closed { conn, .. }) if standing.get(dut) == Some(conn) => {
                        standing.remove(dut);
                        story.level(Level::Broker, dut, at, false);
                    }
                    _ => {}
                },
                What::Signal { name, .. } => match story.signals.iter_mut().find(|(s, _)| s == name.as_str())
                {
                    Some((_, seen)) => seen.push((at, n)),
                    None => story.signals.push((name.to_string(), vec![(at, n)])),
                },
                What::FlashOp { op, .. } => story.flash.push((at, op.complete)),
                What::Console { .. } => story.console.push(at),
                _ => {}
            }
        }
        if let Some(last) = story.phases.last_mut() {
            last.to = story.end;
        }
        // A timeline that breaks off leaves steps open.
        for (depth, (_, stretch)) in open.into_iter().enumerate() {
            story.steps.push((depth, Stretch { to: story.end, ..stretch }));
        }
        story.faults = faults.into_values().collect();
        story
    }

    fn level(&mut self, level: Level, dut: &Dut, at: Instant, on: bool) {
        match self.levels.iter_mut().find(|(of, d, _)| *of == level && d == dut) {
            Some((.., changes)) => changes.push((at, on)),
            None => self.levels.push((level, dut.clone(), vec![(at, on)])),
        }
    }
}

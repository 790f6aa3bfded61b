//! Who met what: the impairments in force with their counts, and what is written of each frame.

use super::cable::Flap;
use super::headers::Headers;
use super::rule::Counted;
use super::{LinkOut, Way};
use crate::faults::told;
use crate::pcapng::{Capture, Side};
use brownout_core::network::{Fate, Impair, Impairment};
use brownout_core::time::{Duration, Instant};
use std::collections::VecDeque;
use std::fmt;

/// An impairment in force, and how often a frame met it.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    pub(super) name: String,
    pub(super) how: How,
    pub(super) times: u64,
}

/// What an impairment does, with what it has to remember.
#[derive(Clone, Debug)]
pub(super) enum How {
    /// Nothing to remember.
    Plain(Impair),
    /// A rule, and how many packets matched it.
    Rule(Counted),
    /// A cable that comes and goes, and since when.
    Flap(Flap),
}

impl InForce {
    pub(super) fn new(now: Instant, impairment: &Impairment) -> Self {
        let how = match &impairment.how {
            Impair::Packet(rule) => How::Rule(Counted::new(rule.clone())),
            Impair::Flap { up, down } => How::Flap(Flap::new(now, *up, *down)),
            plain => How::Plain(plain.clone()),
        };
        Self { name: impairment.name.clone(), how, times: 0 }
    }

    fn pulls_the_cable(&self) -> bool {
        matches!(self.how, How::Plain(Impair::Unplug) | How::Flap(_))
    }
}

/// What becomes of a frame before it meets the conditions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Chosen {
    pub(super) dropped: bool,
    /// How many times more it enters.
    pub(super) copies: u32,
    /// How much later than the conditions have it.
    pub(super) later: Duration,
}

/// Where it is written down what frames meet.
#[derive(Debug)]
pub(super) struct Books<'a> {
    pub(super) in_force: &'a mut [InForce],
    /// Whether the cable has a link.
    pub(super) connected: bool,
    pub(super) out: &'a mut VecDeque<LinkOut>,
    pub(super) capture: Option<&'a mut Capture>,
}

impl Books<'_> {
    /// A frame met one of those in force.
    pub(super) fn met(&mut self, by: usize) {
        if let Some(one) = self.in_force.get_mut(by) {
            one.times += 1;
            self.out.extend(told(&one.name, one.times).map(LinkOut::Seen));
        }
    }

    /// The name of one of those in force.
    pub(super) fn name(&self, by: usize) -> &str {
        self.in_force.get(by).map_or("", |one| &one.name)
    }

    pub(super) fn is_recording(&self) -> bool {
        self.capture.is_some()
    }

    /// The story of a frame that is to begin.
    pub(super) fn story(&self) -> Story {
        Story { told: self.is_recording(), marks: Vec::new() }
    }

    /// Records a frame at the device's end, with what is to be said of it.
    pub(super) fn capture(&mut self, at: Instant, side: Side, frame: &[u8], comment: &str) {
        if let Some(capture) = &mut self.capture {
            capture.packet(at, side, frame, comment);
        }
    }

    /// A frame finds no cable.
    pub(super) fn unplugged(&mut self, story: &mut Story) {
        match self.in_force.iter().rposition(InForce::pulls_the_cable) {
            Some(by) => {
                self.met(by);
                story.mark(false, format_args!("dropped by {}: no cable", self.name(by)));
            }
            None => story.mark(false, format_args!("dropped: no cable")),
        }
    }

    /// What rules for chosen packets and black holes have in mind for a frame.
    pub(super) fn chosen(&mut self, way: Way, frame: &[u8], story: &mut Story) -> Chosen {
        let mut chosen = Chosen::default();
        let choosy =
            |one: &InForce| matches!(one.how, How::Rule(_) | How::Plain(Impair::MtuBlackHole { .. }));
        if !self.in_force.iter().any(choosy) {
            return chosen;
        }
        let headers = Headers::read(frame);
        for by in 0..self.in_force.len() {
            let Some(one) = self.in_force.get_mut(by) else { break };
            match &mut one.how {
                // Every rule counts every packet that matches it, whatever the other rules do to that.
                How::Rule(rule) => {
                    let Some(fate) = rule.fate(way, &headers) else { continue };
                    let nth = rule.matched();
                    self.met(by);
                    let name = self.name(by);
                    match fate {
                        Fate::Drop => {
                            chosen.dropped = true;
                            story.mark(false, format_args!("dropped by {name}: match {nth}"));
                        }
                        Fate::Delay(later) => {
                            chosen.later = Duration(chosen.later.0.saturating_add(later.0));
                            story.mark(false, format_args!("held for {later} by {name}: match {nth}"));
                        }
                        Fate::Duplicate => {
                            chosen.copies += 1;
                            story.mark(false, format_args!("doubled by {name}: match {nth}"));
                        }
                    }
                }
                How::Plain(Impair::MtuBlackHole { mtu, direction })
                    if way.is_of(*direction) && headers.ip_length.is_some_and(|length| length > *mtu) =>
                {
                    let mtu = *mtu;
                    chosen.dropped = true;
                    self.met(by);
                    story.mark(false, format_args!("dropped by {}: longer than {mtu} bytes", self.name(by)));
                }
                _ => {}
            }
        }
        chosen
    }
}

/// What is said of a frame and its copy, where anybody records it.
#[derive(Clone, Debug)]
pub(super) struct Story {
    told: bool,
    /// Each with whether it is of the copy.
    marks: Vec<(bool, String)>,
}

impl Story {
    pub(super) fn mark(&mut self, of_copy: bool, text: fmt::Arguments<'_>) {
        if self.told {
            self.marks.push((of_copy, text.to_string()));
        }
    }

    /// Of the frame itself, or of its copy.
    pub(super) fn of(&self, copy: bool) -> String {
        let of = self.marks.iter().filter(|(of_copy, _)| *of_copy == copy).map(|(_, text)| text.as_str());
        of.collect::<Vec<_>>().join("; ")
    }

    /// Of both.
    pub(super) fn whole(&self) -> String {
        let (frame, copy) = (self.of(false), self.of(true));
        match (frame.is_empty(), copy.is_empty()) {
            (_, true) => frame,
            (true, false) => format!("its copy: {copy}"),
            (false, false) => format!("{frame}; its copy: {copy}"),
        }
    }

    /// Behind what was said before.
    pub(super) fn append_to(&self, note: &mut String) {
        if !note.is_empty() && !self.marks.is_empty() {
            note.push_str("; ");
        }
        note.push_str(&self.whole());
    }
}

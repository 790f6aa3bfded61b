//! The finished timeline, as checks see it.

use super::fault_window::FaultWindow;
use super::stretch::Stretch;
use crate::event::{Ended, Event, EventNo, Phase, What};
use crate::names::{Command, Signal};
use crate::plan::{BoardPlan, Source};
use std::collections::BTreeMap;

/// All events of a run, in order.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    events: &'a [Event],
    /// What is known of the board: by which door each signal comes, how it answers.
    board: Option<&'a BoardPlan>,
}

/// An event and its place in the timeline. Places, not numbers or times, say what came before what: two events may
/// have the same time.
#[derive(Clone, Copy, Debug)]
pub struct Mark<'a> {
    /// Its place, from 0.
    pub place: usize,
    /// The event.
    pub event: &'a Event,
}

/// A signal that was seen.
#[derive(Clone, Copy, Debug)]
pub struct SignalMark<'a> {
    /// Its place, from 0.
    pub place: usize,
    /// The event.
    pub event: &'a Event,
    /// What its named groups caught.
    pub fields: &'a BTreeMap<String, String>,
}

impl<'a> Timeline<'a> {
    /// Takes the events of a run.
    pub const fn new(events: &'a [Event]) -> Self {
        Self { events, board: None }
    }

    /// The same of a known board.
    pub const fn of(events: &'a [Event], board: &'a BoardPlan) -> Self {
        Self { events, board: Some(board) }
    }

    /// By which door a signal comes, if the board is known.
    pub fn source(&self, signal: &Signal) -> Option<&'a Source> {
        self.board?.signals.get(signal)
    }

    /// Whether a command is answered on the console; so it is where the board is not known.
    pub fn is_answered_on_console(&self, command: &Command) -> bool {
        self.board.and_then(|board| board.commands.get(command)).is_none_or(|words| words.answers.is_none())
    }

    /// Every event.
    pub const fn events(&self) -> &'a [Event] {
        self.events
    }

    /// How the run ended; `None` if the timeline breaks off.
    pub fn ended(&self) -> Option<&'a Ended> {
        match self.events.last().map(|e| &e.what) {
            Some(What::RunEnded(ended)) => Some(ended),
            _ => None,
        }
    }

    /// Every event with its place.
    pub fn marks(&self) -> impl Iterator<Item = Mark<'a>> + use<'a> {
        self.events.iter().enumerate().map(|(place, event)| Mark { place, event })
    }

    /// The place of an event; `None` if there is none of that number.
    pub fn place(&self, n: EventNo) -> Option<usize> {
        self.events.binary_search_by_key(&n, |event| event.n).ok()
    }

    /// Where a phase begins.
    pub fn phase(&self, phase: Phase) -> Option<Mark<'a>> {
        self.marks().find(|m| m.event.what == What::Phase(phase))
    }

    /// One past the last event that tells of the device's own doing: where teardown begins, or the end.
    pub fn observed_to(&self) -> usize {
        self.phase(Phase::Teardown).map_or(self.events.len(), |m| m.place)
    }

    /// The last moment that tells of the device's own doing.
    pub fn observed_until(&self) -> crate::time::Instant {
        self.phase(Phase::Teardown)
            .map(|m| m.event.at)
            .or_else(|| self.events.last().map(|e| e.at))
            .unwrap_or_default()
    }

    /// From one event to where nothing more tells of the device's own doing.
    pub fn observed_from(&self, from: Mark<'_>) -> Stretch {
        let (end, to) = (self.observed_to().max(from.place), self.observed_until().max(from.event.at));
        Stretch { begin: from.place, end, from: from.event.at, to }
    }

    /// The signals of a name from one place up to, but not including, another.
    pub fn signals<'n>(
        &self,
        name: &'n Signal,
        places: std::ops::Range<usize>,
    ) -> impl Iterator<Item = SignalMark<'a>> + use<'a, 'n> {
        self.marks().filter_map(move |m| match &m.event.what {
            What::Signal { name: of, fields, .. } if of == name && places.contains(&m.place) => {
                Some(SignalMark { place: m.place, event: m.event, fields })
            }
            _ => None,
        })
    }

    /// The faults that were armed, in that order.
    pub fn faults(&self) -> Vec<FaultWindow<'a>> {
        FaultWindow::all(*self)
    }

    /// The first injection of any fault at this place or after.
    pub fn next_injection(&self, from: usize) -> Option<Mark<'a>> {
        self.marks().skip(from).find(|m| matches!(m.event.what, What::Injected { .. }))
    }
}

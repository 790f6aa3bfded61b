//! The finished timeline, as checks see it.

use crate::event::{Ended, Event, What};

/// All events of a run, in order.
#[derive(Clone, Copy, Debug)]
pub struct Timeline<'a> {
    events: &'a [Event],
}

impl<'a> Timeline<'a> {
    /// Takes the events of a run.
    pub const fn new(events: &'a [Event]) -> Self {
        Self { events }
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
}

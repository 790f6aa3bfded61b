//! Answers that are held back.

use brownout_core::time::Instant;
use std::collections::BTreeMap;

/// So many answers are held at most, so that nobody fills the memory with questions.
const MOST: usize = 256;

/// What is to be sent later, in the order in which it is due.
#[derive(Clone, Debug)]
pub(super) struct Late<T> {
    all: BTreeMap<(Instant, u64), T>,
    /// How many there were: of two that are due at once the first goes first.
    count: u64,
}

impl<T> Default for Late<T> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), count: 0 }
    }
}

impl<T> Late<T> {
    /// Holds something until then; not if there are too many.
    pub(super) fn add(&mut self, until: Instant, what: T) -> bool {
        let room = self.all.len() < MOST;
        if room {
            self.count += 1;
            self.all.insert((until, self.count), what);
        }
        room
    }

    /// When the next is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.all.keys().next().map(|(until, _)| *until)
    }

    /// The next, if it is due.
    pub(super) fn due(&mut self, now: Instant) -> Option<T> {
        self.next().filter(|until| *until <= now)?;
        self.all.pop_first().map(|(_, what)| what)
    }
}

//! Frames that wait for their time, in the order of that and, among equals, of their arrival.

use brownout_core::time::Instant;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A frame that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    /// When it leaves.
    pub(super) at: Instant,
    turn: u64,
    pub(super) frame: Vec<u8>,
    /// What is to be said of it where it is recorded.
    pub(super) note: String,
}

impl Ord for Waiting {
    /// The greatest is the one that leaves next, as a heap wants it.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.turn).cmp(&(self.at, self.turn))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Waiting {}

/// The queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    waiting: BinaryHeap<Waiting>,
    turn: u64,
}

impl Queue {
    pub(super) fn push(&mut self, at: Instant, frame: Vec<u8>, note: String) {
        self.turn += 1;
        self.waiting.push(Waiting { at, turn: self.turn, frame, note });
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.peek().map(|first| first.at)
    }

    pub(super) fn pop(&mut self) -> Option<Waiting> {
        self.waiting.pop()
    }

    /// Drops them all: how many there were.
    pub(super) fn clear(&mut self) -> u64 {
        let waited = self.waiting.len();
        self.waiting.clear();
        waited as u64
    }
}

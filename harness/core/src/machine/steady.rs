//! The steady state: the device shows that it works before anything is done to it.

use crate::event::{Event, What};
use crate::names::Signal;
use crate::step::{Rate, Steady, SteadyRate, SteadySeen};
use crate::time::{Duration, Instant};
use std::collections::VecDeque;

pub(super) struct SteadyState {
    began: Instant,
    conditions: Vec<Condition>,
}

pub(super) enum Status {
    Going,
    Reached,
    /// The first condition whose time is over, in words.
    Missed(String),
}

struct Condition {
    signal: Signal,
    within: Duration,
    kind: Kind,
    met: bool,
}

enum Kind {
    Seen,
    Rate { at_least: Rate, over: Duration, streak: Streak },
}

/// How long a signal has kept its rate: no `count + 1` sightings in a row span more than `per`.
#[derive(Default)]
struct Streak {
    since: Option<Instant>,
    /// Sightings after the first.
    more: u64,
    last: VecDeque<Instant>,
}

impl Streak {
    fn see(&mut self, at: Instant, rate: Rate) {
        let window = rate.count as usize;
        self.last.push_back(at);
        if self.last.len() > window + 1 {
            self.last.pop_front();
        }
        self.more += u64::from(self.since.is_some());
        let broken = self.last.len() == window + 1 && at.since(self.last[0]) > rate.per;
        let began = *self.since.get_or_insert(at);
        // Before `window + 1` were seen the streak itself must not outlast one `per`.
        let late = self.last.len() <= window && at.since(began) > rate.per;
        if broken || late {
            self.since = Some(at);
            self.more = 0;
            self.last.clear();
            self.last.push_back(at);
        }
    }

    /// Whether it has lasted so long, and kept the rate on average: a streak shorter than the rate's own `per` is never
    /// broken, however slow.
    fn lasted(&self, over: Duration, rate: Rate) -> bool {
        let length = match (self.since, self.last.back()) {
            (Some(since), Some(last)) => last.since(since),
            _ => Duration::ZERO,
        };
        let due = u128::from(rate.count) * u128::from(length.0);
        length >= over && u128::from(self.more) * u128::from(rate.per.0) >= due
    }
}

impl SteadyState {
    /// The time of all conditions runs from `began`: they are looked for side by side.
    pub(super) fn new(conditions: Vec<Steady>, began: Instant) -> Self {
        let conditions = conditions
            .into_iter()
            .map(|condition| match condition {
                Steady::Seen(SteadySeen { signal, within }) => {
                    Condition { signal, within, kind: Kind::Seen, met: false }
                }
                Steady::Rate(SteadyRate { signal, at_least, over, within }) => Condition {
                    signal,
                    within,
                    kind: Kind::Rate { at_least, over, streak: Streak::default() },
                    met: false,
                },
            })
            .collect();
        Self { began, conditions }
    }

    pub(super) fn see(&mut self, event: &Event) {
        let What::Signal { name, .. } = &event.what else { return };
        for condition in self.conditions.iter_mut().filter(|c| c.signal == *name) {
            match &mut condition.kind {
                Kind::Seen => condition.met = true,
                Kind::Rate { at_least, over, streak } => {
                    streak.see(event.at, *at_least);
                    condition.met |= streak.lasted(*over, *at_least);
                }
            }
        }
    }

    pub(super) fn poll(&self, now: Instant) -> Status {
        let mut open = self.conditions.iter().filter(|c| !c.met).peekable();
        if open.peek().is_none() {
            return Status::Reached;
        }
        match open.find(|c| now.since(self.began) >= c.within) {
            Some(condition) => Status::Missed(condition.text()),
            None => Status::Going,
        }
    }

    pub(super) fn deadline(&self) -> Instant {
        let within = self.conditions.iter().filter(|c| !c.met).map(|c| c.within).min();
        self.began + within.unwrap_or(Duration::ZERO)
    }
}

impl Condition {
    fn text(&self) -> String {
        match &self.kind {
            Kind::Seen => format!("signal `{}` was not seen within {}", self.signal, self.within),
            Kind::Rate { at_least, over, .. } => format!(
                "signal `{}` did not keep a rate of {at_least} for {over} within {}",
                self.signal, self.within
            ),
        }
    }
}

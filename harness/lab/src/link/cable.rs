//! The cable at the device's end: plugged or not, and coming and going.

use super::LinkOut;
use crate::service::Seen;
use brownout_core::network::Traffic;
use brownout_core::time::{Duration, Instant};
use std::collections::VecDeque;

/// A cable that comes and goes: it is away first.
#[derive(Clone, Debug)]
pub(super) struct Flap {
    since: Instant,
    up: Duration,
    down: Duration,
}

impl Flap {
    pub(super) const fn new(since: Instant, up: Duration, down: Duration) -> Self {
        Self { since, up, down }
    }

    /// Whether it is away, and until when that stays so.
    fn at(&self, now: Instant) -> (bool, Option<Instant>) {
        let round = self.up.0.saturating_add(self.down.0);
        let Some(into) = now.since(self.since).0.checked_rem(round) else { return (false, None) };
        let away = into < self.down.0;
        let rest = if away { self.down.0 - into } else { round - into };
        let stays = if away { self.up.0 == 0 } else { self.down.0 == 0 };
        (away, (!stays).then(|| now + Duration(rest)))
    }
}

/// The cable.
#[derive(Clone, Debug)]
pub(super) struct Cable {
    plugged: bool,
    /// Pulled by an impairment.
    pulled: bool,
    flaps: Vec<Flap>,
    connected: bool,
    deadline: Option<Instant>,
}

impl Default for Cable {
    fn default() -> Self {
        Self { plugged: true, pulled: false, flaps: Vec::new(), connected: true, deadline: None }
    }
}

impl Cable {
    /// Whether it has a link.
    pub(super) const fn is_connected(&self) -> bool {
        self.connected
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn plug(&mut self, now: Instant, plugged: bool, out: &mut VecDeque<LinkOut>) {
        self.plugged = plugged;
        self.poll(now, out);
    }

    pub(super) fn set(&mut self, now: Instant, pulled: bool, flaps: Vec<Flap>, out: &mut VecDeque<LinkOut>) {
        (self.pulled, self.flaps) = (pulled, flaps);
        self.poll(now, out);
    }

    pub(super) fn poll(&mut self, now: Instant, out: &mut VecDeque<LinkOut>) {
        let away = self.flaps.iter().any(|flap| flap.at(now).0);
        // A time that cannot pass any more, at the end of what the clock can hold, is no deadline.
        self.deadline = self.flaps.iter().filter_map(|flap| flap.at(now).1).filter(|due| *due > now).min();
        let connected = self.plugged && !self.pulled && !away;
        if connected != self.connected {
            self.connected = connected;
            out.push_back(LinkOut::Cable(connected));
            out.push_back(LinkOut::Seen(Seen::Traffic(Traffic::Carrier { up: connected })));
        }
    }
}

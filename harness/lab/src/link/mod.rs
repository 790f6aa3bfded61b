//! The link between a device and its network, in user space: what Linux netem does to frames, and what it cannot do.
//!
//! Frames go in by [`Link::carry`] and come out by [`Link::output`]. What happens to them in between is said by
//! impairments, each by its name; conditions of one direction that are in force at once are merged field by field, and
//! of two that set the same field the later one wins. On its way in a frame meets, in this order: the cable (upwards),
//! rules for chosen packets, black holes, and the conditions, in netem's own order (`discipline.rs`). On its way down
//! it meets the cable when it arrives.
//!
//! Taking an impairment back leaves the frames that wait where they are, to leave when they were to leave, as netem's
//! `change` does; [`Link::clear`] drops them, as its `del` does.

mod books;
mod cable;
mod discipline;
mod headers;
pub mod jitter;
mod loss;
mod queue;
mod rule;
mod terms;
#[cfg(test)]
mod tests;

use crate::pcapng::{Capture, Side};
use crate::service::Seen;
use books::{Books, How, InForce};
use brownout_core::chance::Chance;
use brownout_core::network::{Direction, Impair, Impairment};
use brownout_core::time::Instant;
use cable::Cable;
use discipline::Discipline;
use queue::Waiting;
use std::collections::VecDeque;
use terms::Terms;

/// A way through the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// From the device to its network.
    Up,
    /// From its network to the device.
    Down,
}

impl Way {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Up, Self::Down];

    /// In the words of scenarios and timelines.
    pub const fn direction(self) -> Direction {
        match self {
            Self::Up => Direction::Up,
            Self::Down => Direction::Down,
        }
    }

    fn is_of(self, direction: Direction) -> bool {
        direction.each().contains(&self.direction())
    }
}

/// What comes out of the link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkOut {
    /// A frame arrived at the other end.
    Deliver {
        /// Which way it went.
        way: Way,
        /// The frame, from its destination address on, without preamble and check sequence.
        frame: Vec<u8>,
    },
    /// Something became visible.
    Seen(Seen),
    /// The device's end of the cable has a link from now on, or has none. [`brownout_core::network::Traffic::Carrier`] follows.
    Cable(bool),
}

/// A link. The same seed and the same calls give the same outputs.
///
/// Outputs are asked for until there are none, after each call that takes `now`. Each way holds no more frames than
/// the limit in force for it, 1000 where none is set.
#[derive(Clone, Debug)]
pub struct Link {
    in_force: Vec<InForce>,
    up: Discipline,
    down: Discipline,
    cable: Cable,
    out: VecDeque<LinkOut>,
    capture: Option<Capture>,
}

impl Link {
    /// A link on which nothing goes wrong, with its cable plugged.
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        Self {
            in_force: Vec::new(),
            up: Discipline::new(Way::Up, chance.number()),
            down: Discipline::new(Way::Down, chance.number()),
            cable: Cable::default(),
            out: VecDeque::new(),
            capture: None,
        }
    }

    /// Records from now on what the device's end of the link sees, and what became of it.
    pub fn record(&mut self, capture: Capture) {
        self.capture = Some(capture);
    }

    /// What is recorded, for whoever writes it to a file.
    pub fn recorded(&mut self) -> Option<&mut Capture> {
        self.capture.as_mut()
    }

    /// A frame enters the link at one end. Any bytes will do.
    pub fn carry(&mut self, now: Instant, way: Way, frame: Vec<u8>) {
        self.poll(now);
        let (discipline, mut books) = self.open(way);
        discipline.counters.arrived(&frame);
        let mut story = books.story();
        if way == Way::Up && !books.connected {
            books.unplugged(&mut story);
            discipline.counters.dropped += 1;
            return books.capture(now, Side::Sent, &frame, &story.whole());
        }
        let sent = if way == Way::Up && books.is_recording() { frame.clone() } else { Vec::new() };
        let fate = books.chosen(way, &frame, &mut story);
        if fate.dropped {
            discipline.counters.dropped += 1;
            let side = if way == Way::Up { Side::Sent } else { Side::Received };
            return books.capture(now, side, &frame, &story.whole());
        }
        for _ in 0..fate.copies {
            discipline.counters.duplicated += 1;
            discipline.enter(now, fate.later, frame.clone(), true, &mut books, &mut story);
        }
        discipline.enter(now, fate.later, frame, false, &mut books, &mut story);
        if way == Way::Up {
            books.capture(now, Side::Sent, &sent, &story.whole());
        }
        self.poll(now);
    }

    /// When it wants [`Self::poll`], if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        [self.up.deadline(), self.down.deadline(), self.cable.deadline()].into_iter().flatten().min()
    }

    /// Does what is due, each at its time.
    pub fn poll(&mut self, now: Instant) {
        while let Some(due) = self.deadline().filter(|due| *due <= now) {
            if self.cable.deadline() == Some(due) {
                self.cable.poll(due, &mut self.out);
            } else if let Some(arrived) = self.up.take_due(due) {
                self.out.push_back(LinkOut::Deliver { way: Way::Up, frame: arrived.frame });
            } else if let Some(arrived) = self.down.take_due(due) {
                self.arrive(due, arrived);
            }
        }
    }

    /// What comes out of it, in order.
    pub fn output(&mut self) -> Option<LinkOut> {
        self.out.pop_front()
    }

    /// Sets an impairment. The same name again replaces what it named, and counts anew.
    pub fn impair(&mut self, now: Instant, impairment: &Impairment) {
        self.poll(now);
        self.in_force.retain(|one| one.name != impairment.name);
        self.in_force.push(InForce::new(now, impairment));
        self.settle(now);
    }

    /// Takes an impairment back: how many frames met it; `None` if it is not in force.
    pub fn mend(&mut self, now: Instant, name: &str) -> Option<u64> {
        self.poll(now);
        let at = self.in_force.iter().position(|one| one.name == name)?;
        let mended = self.in_force.remove(at);
        self.settle(now);
        self.tell_counters();
        Some(mended.times)
    }

    /// Takes every impairment back and drops all frames that wait.
    pub fn clear(&mut self, now: Instant) {
        self.poll(now);
        self.in_force.clear();
        self.up.drop_all();
        self.down.drop_all();
        self.settle(now);
        self.tell_counters();
    }

    /// Plugs the cable in, or pulls it. An impairment may keep it from having a link all the same.
    pub fn plug(&mut self, now: Instant, plugged: bool) {
        self.poll(now);
        self.cable.plug(now, plugged, &mut self.out);
    }

    /// Lets every part know what is in force.
    fn settle(&mut self, now: Instant) {
        self.up.set(Terms::of(&self.in_force, Way::Up));
        self.down.set(Terms::of(&self.in_force, Way::Down));
        let pulled = self.in_force.iter().any(|one| matches!(one.how, How::Plain(Impair::Unplug)));
        let flaps = self.in_force.iter().filter_map(|one| match &one.how {
            How::Flap(flap) => Some(flap.clone()),
            _ => None,
        });
        self.cable.set(now, pulled, flaps.collect(), &mut self.out);
    }

    fn tell_counters(&mut self) {
        for discipline in [&self.up, &self.down] {
            let counters = discipline.counters.told(discipline.way);
            self.out.push_back(LinkOut::Seen(Seen::Traffic(counters)));
        }
    }

    /// A frame reaches the device's end of the cable.
    fn arrive(&mut self, at: Instant, arrived: Waiting) {
        let (discipline, mut books) = self.open(Way::Down);
        let mut note = arrived.note;
        if books.connected {
            books.capture(at, Side::Received, &arrived.frame, &note);
            self.out.push_back(LinkOut::Deliver { way: Way::Down, frame: arrived.frame });
        } else {
            let mut story = books.story();
            books.unplugged(&mut story);
            story.append_to(&mut note);
            discipline.counters.dropped += 1;
            books.capture(at, Side::Received, &arrived.frame, &note);
        }
    }

    /// One way, and what it writes to.
    fn open(&mut self, way: Way) -> (&mut Discipline, Books<'_>) {
        let discipline = match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        };
        let books = Books {
            in_force: &mut self.in_force,
            connected: self.cable.is_connected(),
            out: &mut self.out,
            capture: self.capture.as_mut(),
        };
        (discipline, books)
    }
}

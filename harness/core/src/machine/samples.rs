//! What checks want to have read through the probe: variables of the firmware, at the beginning of the method, every so
//! often, and at its end.
//!
//! A reading never gets in the way: it is handed out only while nothing else is being done, and while there is something
//! to read from.

use super::context::Cx;
use crate::action::{Action, ActionId, Done, MemoryWord};
use crate::event::{Event, What};
use crate::location::Location;
use crate::names::Signal;
use crate::plan::{BoardPlan, Plan};
use crate::port::Port;
use crate::time::{Duration, Instant};
use crate::trigger::BOOT;
use std::collections::BTreeMap;

/// How long the last readings may take, all together. A probe that does not answer must not hold up the end of a run.
const LAST_LOOK: Duration = Duration::from_secs(5);

pub(super) struct Samples {
    words: Vec<Sampled>,
    under_way: Option<(ActionId, usize)>,
    /// When the last readings must be over, once the method is.
    last_look: Option<Instant>,
    way: Way,
}

struct Sampled {
    word: MemoryWord,
    every: Option<Duration>,
    /// When it is to be read next; `None` before the method, and where it is read only once more at the end.
    due: Option<Instant>,
}

/// What is between us and the device's memory.
struct Way {
    /// The board shows when it boots, so that a device which has not is not read.
    shows_boot: bool,
    probe: bool,
    powered: bool,
    /// It has booted since it was last without power.
    up: bool,
    /// Its supply is what it should be.
    nominal: bool,
    /// Actions that bring something back when they are done.
    bringing_back: BTreeMap<ActionId, Back>,
}

#[derive(Clone, Copy)]
enum Back {
    Probe,
    Power,
    Supply,
}

impl Samples {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut words: Vec<Sampled> = Vec::new();
        for sample in plan.expect.iter().filter_map(|check| check.samples()) {
            match words.iter_mut().find(|known| known.word.name == sample.at.as_str()) {
                // Two checks may want the same variable; the more eager one decides.
                Some(known) => {
                    let both = [known.every, sample.every];
                    known.every = both.into_iter().flatten().min();
                }
                None => {
                    let Some(word) = word(sample.at, &plan.board) else { continue };
                    words.push(Sampled { word, every: sample.every, due: None });
                }
            }
        }
        let has_probe = plan.drivers.contains_key(&Port::Debug);
        let way = Way {
            shows_boot: plan.board.signals.contains_key(&Signal::from(BOOT)),
            probe: has_probe,
            powered: true,
            up: true,
            nominal: true,
            bringing_back: BTreeMap::new(),
        };
        Self { words: if has_probe { words } else { Vec::new() }, under_way: None, last_look: None, way }
    }

    /// The method begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.words.iter_mut().for_each(|sampled| sampled.due = Some(now));
    }

    /// The method is over: everything is read once more.
    pub(super) fn end(&mut self, now: Instant) {
        self.begin(now);
        self.last_look = Some(now + LAST_LOOK);
    }

    /// Looks at an event of any phase. True if it says that a reading failed.
    pub(super) fn see(&mut self, event: &Event, cx: &mut Cx) -> bool {
        self.way.see(event, cx);
        let Some((reading, at)) = self.under_way else { return false };
        match &event.what {
            What::Acted { id, done } if *id == reading => {
                self.under_way = None;
                if let (Done::Value(value), Some(sampled)) = (done, self.words.get(at)) {
                    let (dut, name) = (cx.dut(), sampled.word.name.clone());
                    cx.log(What::Memory { dut, name, value: *value });
                }
                false
            }
            What::ActionFailed { id, .. } if *id == reading => {
                self.under_way = None;
                true
            }
            _ => false,
        }
    }

    /// Hands out what is due, one at a time.
    pub(super) fn poll(&mut self, cx: &mut Cx) {
        if self.under_way.is_some() || cx.is_acting() || !self.way.is_open() {
            return;
        }
        let now = cx.now;
        let due = |sampled: &Sampled| sampled.due.is_some_and(|due| due <= now);
        let Some(at) = self.words.iter().position(due) else { return };
        let Some(sampled) = self.words.get_mut(at) else { return };
        sampled.due = if self.last_look.is_some() { None } else { sampled.every.map(|every| now + every) };
        self.under_way = Some((cx.act(Action::Read(sampled.word.clone())), at));
    }

    /// Whether nothing more is to be read, or nothing more can be.
    pub(super) fn is_over(&self, cx: &Cx) -> bool {
        let nothing_due = self.words.iter().all(|sampled| sampled.due.is_none());
        let late = self.last_look.is_none_or(|until| cx.now >= until);
        late || (self.under_way.is_none() && (nothing_due || !self.way.is_open()))
    }

    /// When it wants to go on by itself. Where something is in its way, an event will tell that it no longer is.
    pub(super) fn deadline(&self, cx: &Cx) -> Option<Instant> {
        let next = || self.words.iter().filter_map(|sampled| sampled.due).min();
        let free = self.under_way.is_none() && !cx.is_acting() && self.way.is_open();
        let due = if free { next() } else { None };
        due.into_iter().chain(self.last_look).min()
    }
}

impl Way {
    const fn is_open(&self) -> bool {
        self.probe && self.powered && self.up && self.nominal
    }

    fn see(&mut self, event: &Event, cx: &Cx) {
        match &event.what {
            What::Action { id, action, .. } => self.acting(*id, action),
            What::Acted { id, .. } => match self.bringing_back.remove(id) {
                Some(Back::Probe) => self.probe = true,
                Some(Back::Power) => self.up |= !self.shows_boot,
                Some(Back::Supply) => self.nominal = true,
                None => {}
            },
            What::Rail { dut, on } if *dut == cx.plan.dut => {
                self.powered = *on;
                self.up &= *on;
            }
            // Whatever was still in the pipes when the power went is no sign of life.
            What::Signal { dut, name, .. } if *dut == cx.plan.dut && name.as_str() == BOOT => {
                self.up |= self.powered;
            }
            _ => {}
        }
    }

    fn acting(&mut self, id: ActionId, action: &Action) {
        let back = match action {
            Action::Power { on: false } => {
                (self.powered, self.up) = (false, false);
                None
            }
            // A device may boot before a slow supply has said that it is on.
            Action::Power { on: true } => {
                self.powered = true;
                Some(Back::Power)
            }
            Action::LoseProbe { .. } => {
                self.probe = false;
                None
            }
            Action::Attach => Some(Back::Probe),
            Action::Supply(_) => {
                self.nominal = false;
                None
            }
            Action::SupplyNominal => Some(Back::Supply),
            _ => None,
        };
        if let Some(back) = back {
            self.bringing_back.insert(id, back);
        }
    }
}

/// Where a variable is, and how much of it is read at once.
fn word(at: &Location, board: &BoardPlan) -> Option<MemoryWord> {
    let place = at.on(board)?;
    let length = match place.size {
        1 => 1,
        2 | 3 => 2,
        _ => 4,
    };
    Some(MemoryWord { name: at.to_string(), address: place.address, length })
}

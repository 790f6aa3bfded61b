//! What we ourselves do to a device that keeps it from its work, or us from hearing it: no power, reset, a halted core,
//! a pulled cable.
//!
//! All of it is read from the actions on the timeline, so that it holds for every fault, whatever its name.

use super::stretch::Stretch;
use super::timeline::{Mark, Timeline};
use crate::action::{Action, ActionId};
use crate::event::What;
use crate::names::Signal;
use crate::port::Port;
use crate::source::Source;
use crate::time::Duration;
use crate::trigger::BOOT;
use crate::verdict::Heard;
use serde::{Deserialize, Serialize};

/// How long after a supply fault is over a boot still counts as brought about by it. A dip may leave a device in reset
/// for some time; much later boots are the device's own.
const AFTERMATH: Duration = Duration::from_secs(5);

/// A time that a check can be told to leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Except {
    /// We took its power, or reset it, and it has not booted since.
    Booting,
    /// We halted its core.
    Halted,
    /// We could not hear it.
    Unheard,
}

crate::words!(Except { Booting = "booting", Halted = "halted", Unheard = "unheard" });

/// The times that a check leaves out: `except: booting`, `except: [booting, halted]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Exceptions(pub Vec<Except>);

impl crate::language::Decode for Exceptions {
    fn shape() -> crate::language::Shape {
        use crate::language::Shape;
        let (one, many) = (Except::shape(), Vec::<Except>::shape());
        Shape::Either(Box::new(one), Box::new(many))
    }

    fn decode(node: &crate::language::Node, out: &mut crate::language::Diagnostics) -> Option<Self> {
        match node.value {
            crate::language::Value::List(_) => Vec::decode(node, out).map(Self),
            _ => Except::decode(node, out).map(|one| Self(vec![one])),
        }
    }
}

impl Exceptions {
    /// Whether nothing is left out.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// What of the run they leave out, for a check that looks at a signal.
    pub(super) fn of(&self, signal: &Signal, timeline: &Timeline<'_>) -> Vec<Stretch> {
        let mut out = Vec::new();
        for except in &self.0 {
            match except {
                Except::Booting => out.extend(Downtime::of(timeline).stretches),
                Except::Halted => out.extend(halted(timeline)),
                Except::Unheard => out.extend(unheard(&Heard::Signal(signal.clone()), timeline)),
            }
        }
        out
    }
}

/// Where the device was down by our doing.
#[derive(Debug, Default)]
pub(super) struct Downtime {
    /// From our taking its power, or resetting it, to its next boot.
    pub(super) stretches: Vec<Stretch>,
    /// The places of the boots that end them.
    pub(super) boots: Vec<usize>,
}

impl Downtime {
    pub(super) fn of(timeline: &Timeline<'_>) -> Self {
        let mut out = Self::default();
        let mut down: Option<Mark<'_>> = None;
        let mut powered = true;
        // A supply that is being varied may or may not reset the device; if it does, that is our doing too.
        let mut supply: Option<Mark<'_>> = None;
        let mut supply_over = None;
        for mark in timeline.marks() {
            match &mark.event.what {
                What::Action { action: Action::Power { on: false }, .. } | What::Rail { on: false, .. } => {
                    down.get_or_insert(mark);
                    powered = false;
                }
                What::Action { action: Action::Power { on: true }, .. } | What::Rail { on: true, .. } => {
                    powered = true;
                }
                What::Action { action, .. } if resets(action) => {
                    down.get_or_insert(mark);
                }
                What::Action { action: Action::Supply(_), .. } => {
                    supply = Some(mark);
                    supply_over = None;
                }
                What::Action { action: Action::SupplyNominal, .. } => {
                    supply_over = Some(mark.event.at + AFTERMATH);
                    powered = true;
                }
                What::Signal { name, .. } if name.as_str() == BOOT => {
                    let varied = supply.filter(|_| supply_over.is_none_or(|over| mark.event.at <= over));
                    let since = down.filter(|_| powered).or(varied);
                    if let Some(since) = since {
                        out.stretches.push(Stretch::between(since, mark));
                        out.boots.push(mark.place);
                        down = None;
                        supply = varied.map(|_| mark);
                    }
                }
                _ => {}
            }
        }
        if let (Some(down), Some(last)) = (down, timeline.events().last()) {
            let end = Mark { place: timeline.events().len(), event: last };
            out.stretches.push(Stretch::between(down, end));
        }
        out
    }
}

/// Whether an action starts the device anew without touching its power.
const fn resets(action: &Action) -> bool {
    matches!(action, Action::Reset { .. } | Action::CorruptFlash(_) | Action::Program)
}

/// Where we held the core.
fn halted(timeline: &Timeline<'_>) -> Vec<Stretch> {
    between(
        timeline,
        |action| matches!(action, Action::Halt | Action::LoseProbe { halted: true }),
        |action| matches!(action, Action::Resume | Action::Reset { .. }),
    )
}

/// Where nothing could be heard, whatever the device said, because we pulled a cable. A device that is silent because it
/// has no power is another matter: there was nothing to be heard.
pub(crate) fn unheard(of: &Heard, timeline: &Timeline<'_>) -> Vec<Stretch> {
    let door = match of {
        Heard::Log => Port::Debug,
        Heard::Console => Port::Console,
        Heard::Signal(signal) => timeline.source(signal).map_or(Port::Console, Source::port),
    };
    match door {
        Port::Debug => between(
            timeline,
            |action| matches!(action, Action::LoseProbe { .. }),
            |action| matches!(action, Action::Attach),
        ),
        Port::Console => between(
            timeline,
            |action| matches!(action, Action::Unplug { unplugged: true }),
            |action| matches!(action, Action::Unplug { unplugged: false }),
        ),
        // The services hear all that reaches them; what a fault of the network keeps back is lost to any cloud.
        _ => Vec::new(),
    }
}

/// From an action of one sort to the end of the next of another, or, if that does not come, to the end.
fn between(
    timeline: &Timeline<'_>,
    begins: impl Fn(&Action) -> bool,
    ends: impl Fn(&Action) -> bool,
) -> Vec<Stretch> {
    let mut out = Vec::new();
    let mut since: Option<Mark<'_>> = None;
    let mut ending: Option<ActionId> = None;
    for mark in timeline.marks() {
        match (&mark.event.what, since) {
            (What::Action { action, .. }, None) if begins(action) => since = Some(mark),
            (What::Action { id, action, .. }, Some(_)) if ends(action) => ending = Some(*id),
            (What::Acted { id, .. }, Some(begun)) if ending == Some(*id) => {
                out.push(Stretch::between(begun, mark));
                (since, ending) = (None, None);
            }
            _ => {}
        }
    }
    if let (Some(begun), Some(last)) = (since, timeline.events().last()) {
        out.push(Stretch::between(begun, Mark { place: timeline.events().len(), event: last }));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{Reset, SupplyCourse};
    use crate::check::tape::Tape;
    use crate::time::Instant;

    fn ms(n: u64) -> Instant {
        Instant(n * 1_000_000)
    }

    fn down(tape: &Tape) -> Vec<(Instant, Instant)> {
        let down = Downtime::of(&Timeline::new(&tape.events));
        down.stretches.iter().map(|s| (s.from, s.to)).collect()
    }

    #[test]
    fn the_device_is_down_by_our_doing_until_its_next_boot() {
        let start = || Tape::steady().ms(500);
        let cut =
            start().power_off(1).ms(1).boot("still in the pipes").ms(199).power_on().ms(50).boot("power_on");
        assert_eq!(down(&cut.ms(100).boot("its own")), [(ms(1000), ms(1250))]);
        let reset = start().action(Action::Reset { how: Reset::Pin }).acted().ms(30).boot("pin");
        assert_eq!(down(&reset), [(ms(1000), ms(1030))]);
        assert_eq!(down(&start().boot("its own")), []);
        let seen_by_the_rail = start().rail(false).ms(100).rail(true).ms(50).boot("power_on");
        assert_eq!(down(&seen_by_the_rail), [(ms(1000), ms(1150))]);
        let for_good = start().power_off(1).ms(300).boot("pipes").ms(1).signal("x");
        assert_eq!(down(&for_good), [(ms(1000), ms(1301))]);
    }

    #[test]
    fn a_dip_of_the_supply_explains_the_boot_that_follows_it_soon() {
        let course = SupplyCourse { points: Vec::new(), back: None };
        let dip = || {
            let tape = Tape::steady().ms(500).action(Action::Supply(course.clone())).acted().ms(20);
            tape.action(Action::SupplyNominal).acted()
        };
        assert_eq!(down(&dip().ms(100).boot("brownout")), [(ms(1000), ms(1120))]);
        assert_eq!(down(&dip().ms(6000).boot("watchdog")), []);
        assert_eq!(down(&dip()), []);
    }

    #[test]
    fn cables_that_we_pulled_and_cores_that_we_halted() {
        let tape = Tape::steady().ms(500).action(Action::Unplug { unplugged: true }).acted().ms(100);
        let tape = tape.action(Action::Halt).acted().ms(100).action(Action::Resume).ms(5).acted().ms(95);
        let tape = tape.action(Action::Unplug { unplugged: false }).acted().ms(100).signal("ready");
        let timeline = Timeline::new(&tape.events);
        let times = |all: Vec<Stretch>| all.iter().map(|s| (s.from, s.to)).collect::<Vec<_>>();
        assert_eq!(times(unheard(&Heard::Signal("ready".into()), &timeline)), [(ms(1000), ms(1300))]);
        assert_eq!(times(unheard(&Heard::Log, &timeline)), []);
        assert_eq!(times(halted(&timeline)), [(ms(1100), ms(1205))]);
        let lost =
            Tape::steady().ms(500).action(Action::LoseProbe { halted: true }).acted().ms(100).signal("x");
        let timeline = Timeline::new(&lost.events);
        assert_eq!(times(unheard(&Heard::Log, &timeline)), [(ms(1000), ms(1100))]);
        assert_eq!(times(halted(&timeline)), [(ms(1000), ms(1100))]);
    }
}

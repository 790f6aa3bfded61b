//! What troubles of our instruments the faults of a run explain.
//!
//! A fault explains only trouble of the doors that it closes, and only while it closes them. Which those are is read
//! from what was done, not from the fault's name.

use crate::action::{Action, ActionId};
use crate::check::{FaultWindow, Timeline};
use crate::event::What;
use crate::names::Signal;
use crate::port::{Port, PortError, Trouble};
use crate::trigger::BOOT;
use std::collections::BTreeSet;

/// What the faults of a run explain.
pub(super) struct Excuses {
    windows: Vec<Window>,
    /// Actions that only look.
    readings: BTreeSet<ActionId>,
    /// Actions by which a door is closed or opened. If such a one fails, that is no consequence of the fault but its
    /// failure.
    doing: BTreeSet<ActionId>,
}

/// Where one fault explains trouble.
struct Window {
    /// The doors that it closes.
    ports: Vec<Port>,
    /// It may take the device away, not only a door to it.
    restarts: bool,
    /// Where its trigger came: a probe may notice what we do before it is on record.
    fired: usize,
    /// Where it is on record.
    injected: usize,
    /// One past the last place.
    end: usize,
}

impl Excuses {
    pub(super) fn of(timeline: &Timeline<'_>) -> Self {
        let windows = timeline.faults().iter().filter_map(|fault| Window::of(fault, timeline)).collect();
        let (mut readings, mut doing) = (BTreeSet::new(), BTreeSet::new());
        for event in timeline.events() {
            let What::Action { id, action, .. } = &event.what else { continue };
            match action {
                Action::Read(_) => {
                    readings.insert(*id);
                }
                action if !closes(action).is_empty() || opens(action) => {
                    doing.insert(*id);
                }
                _ => {}
            }
        }
        Self { windows, readings, doing }
    }

    /// Whether an instrument may have gone away because of a fault.
    pub(super) fn loss(&self, error: &PortError, place: usize) -> bool {
        follows_from_fault(error)
            && self.windows.iter().any(|w| w.ports.contains(&error.port) && (w.fired..w.end).contains(&place))
    }

    /// Whether an action may have failed because of a fault. One that fails before the injection is on record is the
    /// injection failing, unless it only looks.
    pub(super) fn failure(&self, id: ActionId, error: &PortError, place: usize) -> bool {
        let looks = self.readings.contains(&id);
        follows_from_fault(error)
            && self.windows.iter().any(|w| {
                let from = if looks { w.fired } else { w.injected };
                // What unplugs a cable and fails to plug it in again has failed; what took the power has not.
                let its_own = !w.restarts && self.doing.contains(&id);
                w.ports.contains(&error.port) && !its_own && (from..w.end).contains(&place)
            })
    }
}

impl Window {
    fn of(fault: &FaultWindow<'_>, timeline: &Timeline<'_>) -> Option<Self> {
        let injected = fault.injected?.place;
        let let_go = fault.let_go()?.place;
        let fired = fault.fired.unwrap_or(fault.armed);
        // What an instrument does by itself is seen before it is on record that the trigger came.
        let begin = match fired.event.what {
            What::Fired { source: Some(source), .. } => timeline.place(source).unwrap_or(fired.place),
            _ => fired.place,
        };
        let done = timeline.marks().take(let_go + 1).skip(begin);
        let mut ports: Vec<Port> = Vec::new();
        let mut restarts = false;
        for mark in done {
            match &mark.event.what {
                What::Action { action, .. } => {
                    ports.extend(closes(action));
                    restarts |= takes_life(action);
                }
                What::Rail { on: false, .. } => {
                    ports.extend([Port::Debug, Port::Console]);
                    restarts = true;
                }
                _ => {}
            }
        }
        let end = if restarts { suffers_until(fault, timeline) } else { let_go + 1 };
        (!ports.is_empty()).then_some(Self { ports, restarts, fired: fired.place, injected, end })
    }
}

/// The doors to a device that an action closes, or makes unreliable.
fn closes(action: &Action) -> Vec<Port> {
    match action {
        action if takes_life(action) => vec![Port::Debug, Port::Console],
        // A watchdog that is starved resets the chip under the probe.
        Action::Halt | Action::LoseProbe { .. } => vec![Port::Debug],
        Action::Unplug { unplugged: true } => vec![Port::Console],
        _ => Vec::new(),
    }
}

/// What opens such a door again.
const fn opens(action: &Action) -> bool {
    matches!(action, Action::Resume | Action::Attach | Action::Unplug { unplugged: false })
}

/// Whether an action takes the device's power, or starts it anew, or may do so.
const fn takes_life(action: &Action) -> bool {
    matches!(
        action,
        Action::Power { on: false } | Action::Supply(_) | Action::Reset { .. } | Action::CorruptFlash(_)
    )
}

/// Whether a port may have this trouble because its device has a fault: the instruments that stand between us and a
/// device may lose it, those that do not need its life may not. A locked device is never a consequence that we
/// accept, and a wrong one no consequence at all.
fn follows_from_fault(error: &PortError) -> bool {
    matches!(error.port, Port::Debug | Port::Console)
        && !matches!(error.trouble, Trouble::Locked | Trouble::Mismatch)
}

/// One past the last place at which a fault that took the device away explains a port's trouble: the first boot after it
/// was let go. If the device was never seen to boot, the place where it was let go: whether the device or our sight of
/// it is broken from there on, nobody can tell.
fn suffers_until(fault: &FaultWindow<'_>, timeline: &Timeline<'_>) -> usize {
    let Some(let_go) = fault.let_go() else { return 0 };
    let next = timeline.next_injection(let_go.place + 1).map_or(usize::MAX, |m| m.place);
    timeline
        .signals(&Signal::from(BOOT), let_go.place..next.min(timeline.observed_to()))
        .next()
        .map_or(let_go.place, |boot| boot.place)
        + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{MemoryWord, Reset, SupplyCourse};
    use crate::check::tape::{DIGEST, Tape};
    use crate::event::Phase;
    use crate::judge::rig::{Standing, judge};

    fn start() -> Tape {
        Tape::steady().ms(100)
    }

    fn read(tape: Tape) -> Tape {
        let word = MemoryWord { name: "TARGET".to_owned(), address: 0x2000_0000, length: 4 };
        tape.action(Action::Read(word))
    }

    #[track_caller]
    fn excused(tape: Tape, expected: bool) {
        let tape = tape.ms(100).end();
        let (standing, finding) = judge(DIGEST, &Timeline::new(&tape.events));
        assert_eq!(standing == Standing::Whole, expected, "{}", finding.reason);
    }

    fn gone(tape: Tape, port: Port) -> Tape {
        tape.ms(1).lost(port, Trouble::Silent).ms(1)
    }

    fn fails(tape: Tape, port: Port) -> Tape {
        tape.ms(1).failed(port, Trouble::Silent).ms(1)
    }

    #[test]
    fn a_probe_that_was_lost_explains_that_it_is_gone_until_it_is_back() {
        excused(gone(start().probe_gone(1), Port::Debug).probe_back(), true);
        excused(fails(read(start().probe_gone(1)), Port::Debug).probe_back(), true);
        excused(gone(start().probe_gone(1), Port::Console).probe_back(), false);
        excused(gone(start().probe_gone(1).probe_back(), Port::Debug), false);
        excused(gone(start(), Port::Debug).probe_gone(1).probe_back(), false);
        // A boot of the device's own, later on, stretches nothing.
        excused(gone(start().probe_gone(1).probe_back(), Port::Debug).boot("watchdog"), false);
        // It cannot be attached again: that is not what we meant to do.
        excused(fails(start().probe_gone(1).action(Action::Attach), Port::Debug).reverted(), false);
    }

    #[test]
    fn a_pulled_console_explains_that_it_is_gone_until_it_is_plugged_in() {
        excused(gone(start().console_unplugged(1), Port::Console).console_plugged(), true);
        excused(gone(start().console_unplugged(1), Port::Debug).console_plugged(), false);
        excused(gone(start().console_unplugged(1).console_plugged(), Port::Console), false);
        excused(gone(start().console_unplugged(1).console_plugged(), Port::Console).boot("pin"), false);
        let stuck = start().console_unplugged(1).action(Action::Unplug { unplugged: false });
        excused(fails(stuck, Port::Console).reverted(), false);
        let send = Action::Send { line: "get".to_owned() };
        excused(fails(start().console_unplugged(1).action(send), Port::Console).console_plugged(), true);
    }

    #[test]
    fn a_halted_core_explains_trouble_of_the_probe_while_it_stands() {
        let halt = || start().armed("halt", 1).fired().action(Action::Halt).acted().injected().confirmed();
        let go_on = |tape: Tape| tape.action(Action::Resume).acted().reverted();
        excused(go_on(gone(halt(), Port::Debug)), true);
        excused(go_on(fails(read(halt()), Port::Debug)), true);
        excused(go_on(gone(halt(), Port::Console)), false);
        excused(gone(go_on(halt()), Port::Debug), false);
        excused(fails(halt().action(Action::Resume), Port::Debug).reverted(), false);
    }

    #[test]
    fn a_supply_that_is_varied_explains_trouble_until_the_device_is_back() {
        let course = || Action::Supply(SupplyCourse { points: Vec::new(), back: None });
        let dip = || start().armed("brownout", 1).fired().action(course()).acted().ms(20);
        let over = |tape: Tape| tape.injected().confirmed().action(Action::SupplyNominal).acted().reverted();
        excused(over(gone(dip(), Port::Debug)), true);
        excused(over(gone(dip(), Port::Console)), true);
        excused(over(fails(read(dip()), Port::Debug)), true);
        excused(gone(over(dip()), Port::Debug).boot("brownout"), true);
        excused(gone(over(dip()).boot("brownout"), Port::Debug), false);
        // It never reset the device, so it explains nothing once it is over.
        excused(gone(over(dip()), Port::Debug), false);
        excused(over(gone(dip(), Port::Supply)), false);
    }

    #[test]
    fn power_that_comes_and_goes_explains_trouble_from_the_first_time_on() {
        let off = |tape: Tape| tape.action(Action::Power { on: false }).acted().rail(false).ms(100);
        let on = |tape: Tape| tape.action(Action::Power { on: true }).acted().rail(true).ms(100);
        let flap = |tape: Tape| off(on(off(tape.armed("power_flap", 1).fired()))).injected().confirmed();
        let between = gone(on(off(start().armed("power_flap", 1).fired())), Port::Debug);
        excused(off(between).injected().confirmed().power_on().boot("power_on"), true);
        excused(gone(flap(start()).power_on(), Port::Debug).boot("power_on"), true);
        excused(gone(flap(start()).power_on().boot("power_on"), Port::Debug), false);
    }

    #[test]
    fn a_fault_of_an_input_explains_no_trouble_of_the_doors() {
        excused(gone(start().sensor_off(1), Port::Debug).sensor_back(), false);
        excused(gone(start().sensor_off(1), Port::Console).sensor_back(), false);
        excused(fails(read(start().sensor_off(1)), Port::Debug).sensor_back(), false);
        excused(start().sensor_off(1).sensor_back(), true);
    }

    #[test]
    fn what_an_instrument_cut_by_itself_explains_trouble_too() {
        let struck = start().armed("power_cut", 1).rail(false);
        let source = Some(struck.last());
        let struck = struck.event(What::Fired { fault: 1, source });
        excused(gone(struck.injected().confirmed(), Port::Debug).power_on().boot("power_on"), true);
    }

    #[test]
    fn an_outer_fault_is_not_answerable_for_what_an_inner_one_did() {
        let outer = start().armed("sensor_nack", 1);
        let inner = outer.event(What::Armed {
            fault: 2,
            kind: "reset".to_owned(),
            step: 2,
            trigger: "at once".to_owned(),
        });
        let inner = inner.event(What::Fired { fault: 2, source: None });
        let inner =
            inner.action(Action::Reset { how: Reset::Pin }).acted().event(What::Injected { fault: 2 });
        let inner = inner.ms(10).boot("pin").event(What::Confirmed { fault: 2, evidence: Vec::new() });
        let outer = inner.ms(10).fired().injected().confirmed();
        excused(gone(outer, Port::Debug).sensor_back(), false);
    }

    #[test]
    fn a_method_without_faults_explains_nothing() {
        excused(
            gone(Tape::blank().phase(Phase::Arrange).phase(Phase::Steady).phase(Phase::Method), Port::Debug),
            false,
        );
    }
}

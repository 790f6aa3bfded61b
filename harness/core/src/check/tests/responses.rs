//! What a device shows in time after a fault struck, or after it was let go.

use super::cases::{Case, absent, case, start};
use crate::check::tape::Tape;
use crate::check::{Check, DegradesTo, DetectsWithin, ReturnsTo, Where};
use crate::event::Phase;
use crate::time::Duration;
use crate::verdict::Verdict::{Fail, Inconclusive, Pass};

const WITHIN: Duration = Duration::from_millis(500);

fn degraded() -> Where {
    [("mode".to_owned(), "degraded".to_owned())].into()
}

pub(super) fn detects() -> Check {
    let (fault, signal) = ("sensor_nack".to_owned(), "alarm".into());
    Check::DetectsWithin(DetectsWithin { fault, signal, fields: Where::default(), within: WITHIN })
}

pub(super) fn degrades() -> Check {
    let (from, to) = ("sensor_nack".to_owned(), "control".into());
    Check::DegradesTo(DegradesTo { from, to, fields: degraded(), within: WITHIN })
}

pub(super) fn returns() -> Check {
    let (from, to) = ("sensor_nack".to_owned(), "control".into());
    let fields = [("mode".to_owned(), "normal".to_owned())].into();
    Check::ReturnsTo(ReturnsTo { from, to, fields, within: WITHIN })
}

/// A sighting of `control` in a mode.
fn mode(tape: Tape, mode: &str) -> Tape {
    tape.signal_with("control", &[("mode", mode)])
}

pub(super) fn cases() -> Vec<Case> {
    [detects_within(), degrades_to(), returns_to()].into_iter().flatten().collect()
}

fn detects_within() -> Vec<Case> {
    let check = detects();
    let off = || start().sensor_off(1);
    let back = |tape: Tape| tape.ms(900).sensor_back().ms(900).end();
    vec![
        case("in time", &check, Pass, back(off().ms(400).signal("alarm"))),
        case("in the last moment", &check, Pass, back(off().ms(500).signal("alarm"))),
        case("a nanosecond late", &check, Fail, back(off().ns(1).ms(500).signal("alarm"))),
        absent("never", &check, back(off())),
        absent("only after it was undone", &check, off().ms(600).sensor_back().ms(1).signal("alarm").end()),
        absent("something else", &check, back(off().ms(9).signal("alarmed"))),
        case("before the fault: a false alarm", &check, Fail, back(start().signal("alarm").sensor_off(1))),
        case(
            "in the steady state: a false alarm, whatever comes later",
            &check,
            Fail,
            back(Tape::steadying().signal("alarm").phase(Phase::Method).sensor_off(1).ms(9).signal("alarm")),
        ),
        case(
            "while the device was arranged",
            &check,
            Pass,
            back(
                Tape::blank()
                    .phase(Phase::Arrange)
                    .signal("alarm")
                    .phase(Phase::Steady)
                    .phase(Phase::Method)
                    .sensor_off(1)
                    .ms(9)
                    .signal("alarm"),
            ),
        ),
        case(
            "after another fault, which is no false alarm of this one",
            &check,
            Pass,
            back(
                start()
                    .reset(1)
                    .boot("pin")
                    .confirmed()
                    .signal("alarm")
                    .ms(9)
                    .sensor_off(2)
                    .ms(9)
                    .signal("alarm"),
            ),
        ),
        case("undone too soon to tell", &check, Inconclusive, off().ms(499).sensor_back().ms(900).end()),
        absent("the second time not", &check, back(back_to_good(off().ms(9).signal("alarm")).sensor_off(1))),
        case("no fault", &check, Inconclusive, start().ms(900).end()),
        case(
            "never seen to bite",
            &check,
            Inconclusive,
            start().armed("sensor_nack", 1).fired().injected().ms(900).reverted().end(),
        ),
        case(
            "measured from where a course of the supply begins",
            &supply_detected(),
            Fail,
            supply_dip(600).signal("alarm").end(),
        ),
        case("and in time", &supply_detected(), Pass, supply_dip(400).signal("alarm").ms(900).end()),
    ]
}

fn back_to_good(tape: Tape) -> Tape {
    tape.ms(900).sensor_back().ms(900)
}

fn supply_detected() -> Check {
    let (fault, signal) = ("brownout".to_owned(), "alarm".into());
    Check::DetectsWithin(DetectsWithin { fault, signal, fields: Where::default(), within: WITHIN })
}

/// A dip that began so long ago and is not over.
fn supply_dip(ms: u64) -> Tape {
    let course = crate::action::SupplyCourse { points: Vec::new(), back: None };
    let tape = start().armed("brownout", 1).fired().action(crate::action::Action::Supply(course)).acted();
    tape.ms(ms).injected().confirmed()
}

fn degrades_to() -> Vec<Case> {
    let check = degrades();
    let off = || mode(start(), "normal").sensor_off(1);
    let back = |tape: Tape| mode(tape.ms(900).sensor_back(), "normal").ms(900).end();
    vec![
        case("in time", &check, Pass, back(mode(mode(off().ms(100), "normal").ms(400), "degraded"))),
        case("too late", &check, Fail, back(mode(mode(off().ms(100), "normal").ms(401), "degraded"))),
        absent("goes on as if nothing were", &check, back(mode(off().ms(100), "normal"))),
        absent("silent", &check, back(off())),
        absent("only when it is over", &check, mode(off().ms(900).sensor_back(), "degraded").end()),
        case("was so before", &check, Fail, back(mode(mode(start(), "degraded").sensor_off(1), "degraded"))),
        case("the fault was too short", &check, Inconclusive, off().ms(100).sensor_back().ms(900).end()),
        case("no fault", &check, Inconclusive, mode(start(), "normal").end()),
    ]
}

fn returns_to() -> Vec<Case> {
    let check = returns();
    let over = || mode(start().sensor_off(1).ms(100), "degraded").ms(900).sensor_back();
    vec![
        case("in time", &check, Pass, mode(mode(over().ms(100), "degraded").ms(400), "normal").ms(900).end()),
        case("too late", &check, Fail, mode(mode(over().ms(100), "degraded").ms(401), "normal").end()),
        absent("stays degraded", &check, mode(over().ms(100), "degraded").ms(900).end()),
        absent("was normal before it was over only", &check, {
            mode(start().sensor_off(1), "normal").ms(900).sensor_back().ms(900).end()
        }),
        case("the method ended too soon", &check, Inconclusive, over().ms(499).end()),
        case("no fault", &check, Inconclusive, mode(start(), "normal").end()),
    ]
}

//! What a device goes on with, whatever happens.

use super::cases::{Case, absent, case, start};
use crate::action::{Action, Reset};
use crate::check::tape::Tape;
use crate::check::{Always, Availability, Check, During, Except, Exceptions, Expected, ResetStorm, Where};
use crate::event::Phase;
use crate::quantity::Share;
use crate::time::Duration;
use crate::verdict::Verdict::{Fail, Inconclusive, Pass};

pub(super) fn cases() -> Vec<Case> {
    [always_rate(), always_values(), always_except(), availability(), reset_storm()]
        .into_iter()
        .flatten()
        .collect()
}

pub(super) fn at(rate: &str, during: During, except: &[Except]) -> Check {
    Check::Always(Always {
        signal: "control".into(),
        at_least: Some(rate.parse().unwrap()),
        fields: Where::default(),
        during,
        except: Exceptions(except.to_vec()),
    })
}

/// The service goes on for so many halves of a second.
fn on(tape: Tape, halves: u64) -> Tape {
    tape.beats(halves, 500, "control", &[("heater", "on"), ("temp", "21.5")])
}

fn always_rate() -> Vec<Case> {
    let check = at("1/s", During::Method, &[]);
    let twice = at("2/s", During::Method, &[]);
    let all = at("1/s", During::All, &[]);
    let fault = at("1/s", During::Fault, &[]);
    let signal = |tape: Tape| tape.signal("control");
    let method = || Tape::steady();
    vec![
        case("all the time", &check, Pass, on(method(), 8).end()),
        case("just so often", &check, Pass, method().beats(3, 1000, "control", &[]).ms(1000).end()),
        absent("a nanosecond too seldom", &check, signal(signal(method()).ns(1).ms(1000)).end()),
        absent("late in the beginning", &check, on(method().ms(501), 4).end()),
        absent("gone in the end", &check, on(method(), 4).ms(1001).end()),
        absent("not once", &check, method().ms(1001).end()),
        absent("a gap in the middle", &check, on(on(method(), 4).ms(600), 4).end()),
        case(
            "what comes in teardown does not count, nor is it waited for",
            &check,
            Pass,
            on(method(), 4).phase(Phase::Teardown).ms(5000),
        ),
        case("two in each second, unevenly", &twice, Pass, {
            signal(signal(signal(signal(method()).ms(900)).ms(100)).ms(900)).ms(100).end()
        }),
        absent("less than two in a second", &twice, signal(signal(method()).ms(900)).ms(200).end()),
        absent("another signal", &check, method().beats(4, 500, "controls", &[]).end()),
        absent(
            "not from the steady state on",
            &all,
            on(Tape::blank().phase(Phase::Steady).ms(1100).phase(Phase::Method), 4).end(),
        ),
        case(
            "from the steady state on",
            &all,
            Pass,
            on(on(Tape::blank().phase(Phase::Steady), 4).phase(Phase::Method), 4).end(),
        ),
        case(
            "outside the fault it may be gone",
            &fault,
            Pass,
            on(method().ms(3000).sensor_off(1), 8).sensor_back().ms(3000).end(),
        ),
        absent(
            "while the fault lasts it may not",
            &fault,
            on(on(method(), 8).sensor_off(1).ms(1100).sensor_back(), 8).end(),
        ),
        case("no fault", &fault, Inconclusive, on(method(), 8).end()),
        case("the method never began", &check, Inconclusive, Tape::steadying().beats(3, 500, "control", &[])),
    ]
}

/// `temp` in a range, `heater` one of two.
pub(super) fn values() -> Check {
    let node =
        crate::language::parse("{signal: control, where: {temp: {from: 5, to: 35}, heater: [on, off]}}");
    let mut out = crate::language::Diagnostics::new();
    let check = <Always as crate::language::Decode>::decode(&node.unwrap(), &mut out).unwrap();
    let of_temp =
        |e: &Expected| matches!(e, Expected::Within(range) if range.holds("5") && !range.holds("35.1"));
    assert!(check.fields.expects("temp").is_some_and(of_temp));
    Check::Always(check)
}

fn always_values() -> Vec<Case> {
    let check = values();
    let seen = |tape: Tape, temp: &str, heater: &str| {
        tape.ms(100).signal_with("control", &[("temp", temp), ("heater", heater)])
    };
    let good = || seen(start(), "21.5", "on");
    vec![
        case("all values are good", &check, Pass, seen(good(), "5.0", "off").end()),
        case("no rate is asked for", &check, Pass, good().ms(90_000).end()),
        case("one is not", &check, Fail, seen(seen(good(), "35.01", "on"), "20", "on").end()),
        case("one is no number", &check, Fail, seen(good(), "nan", "on").end()),
        case("one is another word", &check, Fail, seen(good(), "20", "stuck").end()),
        case("one is missing", &check, Fail, good().signal_with("control", &[("temp", "20")]).end()),
        case(
            "what it showed before the method does not count",
            &check,
            Pass,
            seen(seen(Tape::steadying(), "99", "on").phase(Phase::Method), "20", "on").end(),
        ),
        case("never seen", &check, Inconclusive, start().end()),
    ]
}

fn always_except() -> Vec<Case> {
    let strict = at("1/s", During::Method, &[]);
    let booting = at("1/s", During::Method, &[Except::Booting]);
    let halted = at("1/s", During::Method, &[Except::Halted]);
    let unheard = at("1/s", During::Method, &[Except::Unheard]);
    let cut = |back: u64| {
        let tape = on(Tape::steady(), 4).power_off(1).ms(2000).power_on().ms(back).boot("power_on");
        on(tape, 4).end()
    };
    let halt = |tape: Tape| tape.action(Action::Halt).acted().ms(3000).action(Action::Resume).acted();
    let silent = |tape: Tape| on(tape, 4).console_unplugged(1).ms(5000).console_plugged();
    vec![
        absent("a power cut is no excuse", &strict, cut(300)),
        case("unless it is asked for", &booting, Pass, cut(300)),
        absent(
            "the device's own boot is none",
            &booting,
            on(on(Tape::steady(), 4).ms(2000).boot("watchdog"), 4).end(),
        ),
        absent("nor what comes after the boot", &booting, {
            on(on(Tape::steady(), 4).power_cut().boot("power_on").ms(600), 4).end()
        }),
        absent("a device that never comes back goes on being excused, what was before is not", &booting, {
            Tape::steady().ms(1100).power_cut().ms(5000).end()
        }),
        case("a reset", &booting, Pass, {
            on(
                on(Tape::steady(), 4).action(Action::Reset { how: Reset::Pin }).acted().ms(2000).boot("pin"),
                4,
            )
            .end()
        }),
        absent("a halted core is no excuse", &strict, on(halt(on(Tape::steady(), 4)), 4).end()),
        case("unless that is asked for", &halted, Pass, on(halt(on(Tape::steady(), 4)), 4).end()),
        case("a pulled cable", &unheard, Pass, on(silent(Tape::steady()), 4).end()),
        absent("in its place, but not a gap that we could see", &strict, {
            on(on(silent(Tape::steady()), 4).ms(600), 4).end()
        }),
        case("all is left out", &booting, Inconclusive, Tape::steady().power_off(1).ms(900).end()),
    ]
}

pub(super) fn available(at_least: i64) -> Check {
    Check::Availability(Availability {
        of: "control".into(),
        at_least: Share(at_least * 10_000),
        every: Duration::from_secs(1),
        fault: "sensor_nack".to_owned(),
        fields: Where::default(),
        except: Exceptions::default(),
    })
}

fn availability() -> Vec<Case> {
    let check = available(90);
    let off = || on(Tape::steady(), 4).sensor_off(1);
    vec![
        case("all the time", &check, Pass, on(off(), 20).sensor_back().end()),
        case("nine tenths of it", &check, Pass, on(off(), 17).ms(1500).ms(0).sensor_back().end()),
        absent("a nanosecond less", &check, on(off(), 16).ms(2000).ns(2).sensor_back().end()),
        absent("not at all, but for what was seen just before", &check, off().ms(9000).sensor_back().end()),
        case("before and after it does not count", &check, Pass, {
            on(Tape::steady().ms(9000).sensor_off(1), 20).sensor_back().ms(9000).end()
        }),
        absent("two together, one of them good", &check, {
            on(on(off(), 20).sensor_back(), 4).sensor_off(1).ms(9000).sensor_back().end()
        }),
        case("no fault", &check, Inconclusive, on(Tape::steady(), 20).end()),
        case(
            "never seen to bite",
            &check,
            Inconclusive,
            start().armed("sensor_nack", 1).fired().injected().ms(900).reverted().end(),
        ),
    ]
}

pub(super) fn storm() -> Check {
    Check::ResetStorm(ResetStorm { at_most: 2, over: Duration::from_secs(10) })
}

fn reset_storm() -> Vec<Case> {
    let check = storm();
    let boots = |tape: Tape, times: u64, ms: u64| tape.beats(times, ms, "boot", &[("cause", "watchdog")]);
    vec![
        case("none", &check, Pass, start().ms(60_000).end()),
        case("as many as allowed", &check, Pass, boots(start(), 2, 1000).end()),
        case("one too many", &check, Fail, boots(start(), 3, 1000).end()),
        case("spread out", &check, Pass, boots(start(), 9, 5001).end()),
        case("just not spread out enough", &check, Fail, boots(start(), 9, 5000).end()),
        case("those that we cause do not count", &check, Pass, {
            (0..6).fold(start(), |tape, _| tape.power_cut().ms(50).boot("power_on")).end()
        }),
        case(
            "but those that follow do",
            &check,
            Fail,
            boots(start().power_cut().boot("power_on"), 3, 100).end(),
        ),
        case("in the steady state", &check, Fail, {
            boots(Tape::blank().phase(Phase::Steady), 3, 100).phase(Phase::Method).end()
        }),
        case("not while the rig is put back", &check, Pass, boots(start().phase(Phase::Teardown), 3, 100)),
        case("never watched", &check, Inconclusive, Tape::blank().phase(Phase::Arrange)),
    ]
}

//! What is read of the firmware: its log, its variables, figures that leaks eat up; and what stays as it is.

use super::cases::{Case, absent, case, start};
use crate::board_file::Word;
use crate::check::tape::Tape;
use crate::check::{Check, Gauge, HeapAndBootsStable, LogLevel, LogMatches, MemoryHolds, MemoryWhen, Stays};
use crate::event::Phase;
use crate::time::Duration;
use crate::verdict::Verdict::{Fail, Inconclusive, Pass};

pub(super) fn cases() -> Vec<Case> {
    [stays_cases(), log_cases(), memory_cases(), heap_cases()].into_iter().flatten().collect()
}

pub(super) fn stays(through: Option<&str>) -> Check {
    let fields = [("mode".to_owned(), "safe".to_owned())].into();
    Check::Stays(Stays { signal: "control".into(), fields, through: through.map(str::to_owned) })
}

fn stays_cases() -> Vec<Case> {
    let (to_the_end, through) = (stays(None), stays(Some("sensor_nack")));
    let modes = |tape: Tape, modes: &[&str]| {
        modes.iter().fold(tape, |tape, mode| tape.ms(100).signal_with("control", &[("mode", mode)]))
    };
    vec![
        case("to the end", &to_the_end, Pass, modes(start(), &["normal", "safe", "safe"]).end()),
        case("not to the end", &to_the_end, Fail, modes(start(), &["safe", "safe", "normal", "safe"]).end()),
        case("while the rig is put back it may go", &to_the_end, Pass, {
            modes(modes(start(), &["safe", "safe"]).phase(Phase::Teardown), &["normal"])
        }),
        case("what it was before the method does not count", &to_the_end, Pass, {
            modes(modes(Tape::steadying(), &["safe", "normal"]).phase(Phase::Method), &["safe", "safe"]).end()
        }),
        case("never so", &to_the_end, Inconclusive, modes(start(), &["normal", "normal"]).end()),
        case(
            "so only once, at the end",
            &to_the_end,
            Inconclusive,
            modes(start(), &["normal", "safe"]).end(),
        ),
        case("through the fault", &through, Pass, {
            let off = modes(modes(start(), &["safe", "normal"]).sensor_off(1), &["normal", "safe", "safe"]);
            modes(off.sensor_back(), &["normal"]).end()
        }),
        case("not through the fault", &through, Fail, {
            modes(start().sensor_off(1), &["safe", "normal"]).sensor_back().end()
        }),
        case("not through the second", &through, Fail, {
            let once = modes(start().sensor_off(1), &["safe", "safe"]).sensor_back();
            modes(once.sensor_off(1), &["safe", "normal"]).sensor_back().end()
        }),
        case("no fault", &through, Inconclusive, modes(start(), &["safe", "safe"]).end()),
    ]
}

pub(super) fn log(never: bool, at_least: u64) -> Check {
    let level = Some(LogLevel::Warn);
    Check::LogMatches(LogMatches { matches: "full|lost".parse().unwrap(), at_least, never, level })
}

fn log_cases() -> Vec<Case> {
    let (twice, never) = (log(false, 2), log(true, 1));
    let full = |tape: Tape| tape.log("WARN", "the queue is full");
    let fine = || start().log("info", "all is well");
    vec![
        case("as often as asked", &twice, Pass, full(full(fine())).end()),
        case("a graver one counts too", &twice, Pass, full(fine()).log("error", "lost it").end()),
        absent("once too few", &twice, full(fine()).end()),
        absent("a less grave one does not count", &twice, full(fine()).log("info", "lost it").end()),
        absent("nor one without a level", &twice, full(fine()).log("", "lost it").end()),
        absent("before the method only", &twice, {
            full(full(Tape::steadying())).phase(Phase::Method).end()
        }),
        absent("another text", &twice, fine().log("warn", "fuller").log("warn", "Lost").end()),
        case("not one message in the whole run", &twice, Inconclusive, start().ms(900).end()),
        case("never, and other messages came", &never, Pass, fine().end()),
        case("never, but it did", &never, Fail, full(fine()).end()),
        case("never, but it did in the steady state", &never, Fail, {
            full(Tape::steadying()).phase(Phase::Method).end()
        }),
        case("never, and nothing was logged", &never, Inconclusive, start().end()),
        case("the run never came so far", &never, Inconclusive, Tape::blank().log("warn", "full")),
    ]
}

pub(super) fn memory(when: MemoryWhen) -> Check {
    let (is, from, to) = (None, Some(Word(50)), Some(Word(350)));
    Check::Memory(MemoryHolds { at: "TARGET".into(), is, from, to, when, every: Duration::from_millis(500) })
}

fn memory_cases() -> Vec<Case> {
    let (end, always) = (memory(MemoryWhen::End), memory(MemoryWhen::Always));
    let is = Check::Memory(MemoryHolds {
        at: "TARGET".into(),
        is: Some(Word(205)),
        from: None,
        to: None,
        when: MemoryWhen::End,
        every: Duration::from_millis(500),
    });
    let walked = || start().memory("TARGET", 7).step(1).ms(10).done(1);
    vec![
        case("the value", &is, Pass, walked().memory("TARGET", 205).end()),
        case("another", &is, Fail, walked().memory("TARGET", 206).end()),
        case("within the range, whatever it was before", &end, Pass, walked().memory("TARGET", 350).end()),
        case("below it", &end, Fail, walked().memory("TARGET", 49).end()),
        case("above it", &end, Fail, walked().memory("TARGET", 351).end()),
        case("only the last counts", &end, Pass, walked().memory("TARGET", 1).memory("TARGET", 60).end()),
        case("not read at the end", &end, Inconclusive, start().memory("TARGET", 60).step(1).done(1).end()),
        case("another variable", &end, Inconclusive, walked().memory("OTHER", 60).end()),
        case("read after the rig was put back", &end, Inconclusive, {
            walked().phase(Phase::Teardown).memory("TARGET", 60)
        }),
        case("always", &always, Pass, start().memory("TARGET", 50).ms(9).memory("TARGET", 350).end()),
        case("not always", &always, Fail, walked().memory("TARGET", 60).end()),
        case("never read", &always, Inconclusive, start().end()),
        case("before the method it may be anything", &always, Pass, {
            Tape::steadying().memory("TARGET", 0).phase(Phase::Method).memory("TARGET", 60).end()
        }),
        case("the method never began", &always, Inconclusive, Tape::steadying()),
    ]
}

pub(super) fn heap(by_memory: bool) -> Check {
    let figure = if by_memory {
        Gauge { signal: None, field: None, at: Some("FREE".into()) }
    } else {
        Gauge { signal: Some("status".into()), field: Some("free".to_owned()), at: None }
    };
    let every = Duration::from_secs(1);
    Check::HeapAndBootsStable(HeapAndBootsStable {
        figure,
        over: 6,
        shrinks_at_most: 16,
        boots_at_most: 1,
        every,
    })
}

fn heap_cases() -> Vec<Case> {
    let check = heap(false);
    let free = |tape: Tape, values: &[&str]| {
        values.iter().fold(tape, |tape, value| tape.ms(100).signal_with("status", &[("free", value)]))
    };
    let steady = ["1024", "1000", "1020", "1024", "1010", "1024"];
    let by_memory =
        |values: &[u32]| values.iter().fold(start(), |tape, v| tape.ms(9).memory("FREE", *v)).end();
    vec![
        case("goes up and down", &check, Pass, free(start(), &steady).end()),
        case("grows", &check, Pass, free(start(), &["1", "2", "3", "4", "5", "6"]).end()),
        case("shrinks by what it may", &check, Pass, {
            free(start(), &["100", "100", "95", "90", "84.0", "84"]).end()
        }),
        case(
            "shrinks by more",
            &check,
            Fail,
            free(start(), &["100", "100", "95", "90", "83.9", "83.9"]).end(),
        ),
        case("one odd reading decides nothing", &check, Pass, {
            free(start(), &["100", "101", "99", "100", "0", "100", "100", "100", "0"]).end()
        }),
        case("one boot", &check, Pass, free(start().boot("pin"), &steady).end()),
        case("one boot too many", &check, Fail, free(start().boot("pin").boot("pin"), &steady).end()),
        case("read too seldom", &check, Inconclusive, free(start(), &steady[..5]).end()),
        case("before the method does not count", &check, Inconclusive, {
            free(Tape::steadying(), &steady).phase(Phase::Method).end()
        }),
        case("not a number", &check, Inconclusive, free(start(), &["1", "2", "3", "4", "5", "many"]).end()),
        case("a variable that shrinks", &heap(true), Fail, by_memory(&[90, 90, 80, 70, 60, 50])),
        case("a variable that does not", &heap(true), Pass, by_memory(&[90, 90, 80, 70, 90, 90])),
        case("the method never began", &check, Inconclusive, Tape::steadying()),
    ]
}

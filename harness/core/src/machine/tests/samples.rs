//! What checks want to have read is read when it can be, and never gets in the way.

use super::world::{Flaws, Mishaps, World, plan};
use super::{at, count, cut, flash_op, ms, on_boot, pause, reset, set, wait};
use crate::action::Action;
use crate::board_file::Word;
use crate::check::{Check, MemoryHolds, MemoryWhen};
use crate::event::{Ended, Phase, What};
use crate::fault::{ConsoleSilence, Fault, Leaves, ProbeLost};
use crate::step::Step;
use crate::time::Instant;

pub(super) fn holds(at: &str, when: MemoryWhen, every: u64) -> Check {
    let (is, from, to) = (None, Some(Word(0)), None);
    Check::Memory(MemoryHolds { at: at.into(), is, from, to, when, every: ms(every) })
}

fn often(method: Vec<Step>) -> crate::plan::Plan {
    plan(method, vec![holds("TARGET_TENTHS", MemoryWhen::Always, 50)])
}

/// When and what was read.
fn readings(world: &World) -> Vec<(Instant, u32)> {
    let read = world.events.iter().filter_map(|event| match &event.what {
        What::Memory { value, .. } => Some((event.at, *value)),
        _ => None,
    });
    read.collect()
}

fn probe_lost(time: u64) -> Step {
    let (hold, during, within) = (ms(time), Vec::new(), ms(1_000));
    Step::Fault(Fault::ProbeLost(ProbeLost {
        leaves: Leaves::Running,
        hold,
        when: None,
        during,
        meanwhile: Vec::new(),
        within,
    }))
}

#[test]
fn a_variable_is_read_at_the_beginning_every_so_often_and_at_the_end() {
    let world = World::good(&often(vec![pause(175)]));
    let method = world.events.iter().find(|e| e.what == What::Phase(Phase::Method)).unwrap().at;
    let times: Vec<_> = readings(&world).iter().map(|(at, _)| at.since(method).0 / 1_000_000).collect();
    // Each takes 1 ms; the last is that at the end of the method.
    assert_eq!(times, [1, 51, 101, 151, 176], "{}", world.text());
    assert_eq!(world.ended(), Ended::Completed);
}

#[test]
fn one_that_is_wanted_at_the_end_is_read_twice_in_all() {
    let world = World::good(&plan(vec![pause(500)], vec![holds("TARGET_TENTHS+2", MemoryWhen::End, 50)]));
    assert_eq!(readings(&world).len(), 2);
    let read = world.performed.iter().find_map(|action| match action {
        Action::Read(word) => Some((word.name.clone(), word.address, word.length)),
        _ => None,
    });
    assert_eq!(read, Some(("TARGET_TENTHS+2".to_owned(), 0x2000_0002, 2)));
}

#[test]
fn two_checks_of_one_variable_read_it_once() {
    let both =
        vec![holds("TARGET_TENTHS", MemoryWhen::End, 1), holds("TARGET_TENTHS", MemoryWhen::Always, 100)];
    let world = World::good(&plan(vec![pause(250)], both));
    assert_eq!(readings(&world).len(), 4, "{}", world.text());
}

#[test]
fn nothing_is_read_without_power_or_before_the_device_has_booted() {
    // The world refuses readings of a device without power.
    for method in [
        vec![cut(None, vec![]), wait("ready", 500)],
        vec![cut(Some(flash_op(1)), vec![set("23")]), wait("ready", 500)],
        vec![cut(Some(on_boot(1, 5)), vec![reset(None, vec![])]), wait("ready", 500)],
    ] {
        let world = World::good(&often(method));
        assert_eq!(world.ended(), Ended::Completed, "{}", world.text());
        assert!(readings(&world).len() >= 2, "{}", world.text());
        let off = world.events.iter().find(|e| matches!(e.what, What::Rail { on: false, .. })).unwrap().at;
        let boots = world
            .events
            .iter()
            .filter(|e| matches!(&e.what, What::Signal { name, .. } if name.as_str() == "boot"));
        let boot = boots.map(|e| e.at).find(|at| *at > off + ms(10)).unwrap();
        let handed_out =
            world.events.iter().filter(|e| matches!(e.what, What::Action { action: Action::Read(_), .. }));
        assert!(handed_out.map(|e| e.at).all(|at| at <= off || at >= boot), "{}", world.text());
    }
}

#[test]
fn nothing_is_read_while_the_probe_is_away() {
    let world = World::good(&often(vec![pause(100), probe_lost(300), pause(100)]));
    assert_eq!(world.ended(), Ended::Completed, "{}", world.text());
    assert!(readings(&world).len() >= 4, "{}", world.text());
}

#[test]
fn a_silent_console_does_not_keep_it_from_being_read() {
    let (hold, during, within) = (ms(300), Vec::new(), ms(1_000));
    let silence = ConsoleSilence { hold, when: None, during, meanwhile: Vec::new(), within };
    let world = World::good(&often(vec![Step::Fault(Fault::ConsoleSilence(silence))]));
    assert!(readings(&world).len() >= 6, "{}", world.text());
}

#[test]
fn a_reading_that_fails_without_a_fault_is_the_rigs_failure_and_one_under_a_fault_is_not() {
    let reads_from = |world: &World| {
        let handed_out = world.events.iter().filter_map(|e| match &e.what {
            What::Action { id, action: Action::Read(_), .. } => Some(id.0),
            _ => None,
        });
        handed_out.collect::<Vec<_>>()
    };
    let quiet = often(vec![pause(200)]);
    let id = reads_from(&World::good(&quiet))[1];
    let failing = Mishaps { failing: vec![id], ..Mishaps::default() };
    let world = World::run(&quiet, Flaws::default(), failing);
    assert!(matches!(world.ended(), Ended::RigFailed { .. }), "{}", world.text());

    let cut_short = often(vec![cut(None, vec![]), pause(200)]);
    let id = *reads_from(&World::good(&cut_short)).last().unwrap();
    let failing = Mishaps { failing: vec![id - 1], ..Mishaps::default() };
    // The device came back and its boot was seen, so no fault explains this any more.
    let world = World::run(&cut_short, Flaws::default(), failing);
    assert!(matches!(world.ended(), Ended::RigFailed { .. }), "{}", world.text());

    let disturbed = often(vec![probe_lost(100), pause(100)]);
    let id = *reads_from(&World::good(&disturbed)).last().unwrap();
    let failing = Mishaps { failing: vec![id], ..Mishaps::default() };
    let world = World::run(&disturbed, Flaws::default(), failing);
    assert_eq!(world.ended(), Ended::Completed, "{}", world.text());
}

#[test]
fn nothing_is_read_after_somebody_stopped_the_run() {
    let plan = often(vec![pause(5_000)]);
    let stopped = at(400);
    let world =
        World::run(&plan, Flaws::default(), Mishaps { interrupts: vec![stopped], ..Mishaps::default() });
    assert_eq!(world.ended(), Ended::Interrupted);
    let late = world.events.iter().filter(|e| e.at >= stopped);
    assert_eq!(late.filter(|e| matches!(e.what, What::Action { action: Action::Read(_), .. })).count(), 0);
}

#[test]
fn readings_change_nothing_about_the_run() {
    let method = || vec![set("23"), cut(None, vec![]), wait("ready", 500), set("24")];
    let without = World::good(&plan(method(), vec![holds("NOWHERE", MemoryWhen::End, 50)]));
    let with = World::good(&often(method()));
    assert_eq!(readings(&without).len(), 0);
    let steps = |world: &World| super::outcomes(world);
    assert_eq!(steps(&with), steps(&without));
    let injected: fn(&What) -> bool = |what| matches!(what, What::Injected { .. });
    assert_eq!(count(&with, injected), 1);
    assert_eq!(with.promises, without.promises);
}

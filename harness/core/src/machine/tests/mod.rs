//! The machine in a small simulated world.

mod any_run;
mod judged;
mod network;
mod samples;
mod world;

use crate::action::{Action, Input, Moment, Reset, Tear};
use crate::event::{Ended, Phase, StepOutcome, What};
use crate::fault::{Fault, PowerCut, ResetFault};
use crate::machine::Machine;
use crate::port::Port;
use crate::step::{Get, Pause, Repeat, Send, Set, Steady, SteadyRate, Step, Wait};
use crate::time::{Duration, Instant};
use crate::trigger::{After, Milestone, OnBoot, OnFlashOp, OnSignal, Trigger};
use world::{DIGEST, Flaws, Mishaps, World, plan};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn at(ms: u64) -> Instant {
    Instant(ms * 1_000_000)
}

fn wait(signal: &str, within: u64) -> Step {
    Step::Wait(Wait { signal: signal.into(), within: ms(within) })
}

fn pause(time: u64) -> Step {
    Step::Pause(Pause { time: ms(time) })
}

fn set(value: &str) -> Step {
    Step::Set(Set { setting: "target".into(), to: value.to_owned(), by: "set".into(), within: ms(500) })
}

fn get() -> Step {
    Step::Get(Get { setting: "target".into(), by: "get".into(), within: ms(500) })
}

fn send(command: &str) -> Step {
    Step::Send(Send { command: command.into(), with: Default::default(), within: ms(500) })
}

fn cut(when: Option<Trigger>, during: Vec<Step>) -> Step {
    Step::Fault(Fault::PowerCut(PowerCut {
        hold: ms(200),
        when,
        during,
        meanwhile: Vec::new(),
        within: ms(1_000),
    }))
}

fn reset(when: Option<Trigger>, during: Vec<Step>) -> Step {
    Step::Fault(Fault::Reset(ResetFault { how: Reset::Pin, when, during, within: ms(1_000) }))
}

fn after(event: Milestone, by: u64) -> Trigger {
    Trigger::After(After { event, by: ms(by) })
}

fn flash_op(nth: u64) -> Trigger {
    Trigger::FlashOp(OnFlashOp { nth, moment: Moment::During, tear: Tear::Random, seed: None })
}

fn on_signal(name: &str, nth: u64, by: u64) -> Trigger {
    Trigger::Signal(OnSignal { name: name.into(), nth, by: ms(by) })
}

fn on_boot(nth: u64, by: u64) -> Trigger {
    Trigger::Boot(OnBoot { nth, by: ms(by) })
}

/// The outcomes of the steps, in the order in which they ended.
fn outcomes(world: &World) -> Vec<(u32, StepOutcome)> {
    let ended = world.events.iter().filter_map(|event| match &event.what {
        What::StepEnded { step, outcome } => Some((*step, outcome.clone())),
        _ => None,
    });
    ended.collect()
}

fn count(world: &World, is: fn(&What) -> bool) -> usize {
    world.events.iter().filter(|event| is(&event.what)).count()
}

fn timed_out(waited: u64) -> StepOutcome {
    StepOutcome::TimedOut { waited: ms(waited) }
}

use StepOutcome::{Abandoned, CutShort, Done, Refused};

const STRUCK: [fn(&What) -> bool; 4] = [
    |what| matches!(what, What::Fired { .. }),
    |what| matches!(what, What::Injected { .. }),
    |what| matches!(what, What::Confirmed { .. }),
    |what| matches!(what, What::Reverted { .. }),
];

#[test]
fn a_whole_run_reads_as_it_happened() {
    let world = World::good(&plan(vec![set("22"), cut(None, Vec::new()), wait("ready", 500), get()], vec![]));
    assert_eq!(world.ended(), Ended::Completed);
    insta::assert_snapshot!(world.text());
}

#[test]
fn the_device_is_arranged_in_order() {
    let world = World::good(&plan(Vec::new(), vec![]));
    let expected = [
        Action::OpenConsole,
        Action::Power { on: true },
        Action::Attach,
        Action::Program,
        Action::TraceFlash { on: true },
        Action::Reset { how: Reset::Soft },
        Action::TraceFlash { on: false },
        Action::Detach,
    ];
    assert_eq!(world.performed, expected);
}

#[test]
fn whatever_cannot_be_arranged_ends_the_run_and_the_probe_is_let_go() {
    let whole = plan(Vec::new(), vec![]);
    for failing in 1..=6 {
        let mishaps = Mishaps { failing: vec![failing], ..Mishaps::default() };
        let world = World::run(&whole, Flaws::default(), mishaps);
        assert!(matches!(world.ended(), Ended::RigFailed { .. }), "{}", world.text());
        assert_eq!(world.performed.len(), failing as usize + 2, "{:?}", world.performed);
        assert_eq!(world.performed.last(), Some(&Action::Detach));
    }
}

#[test]
fn a_device_without_a_probe_is_switched_off_and_on_and_never_left_off() {
    let mut powered_only = plan(Vec::new(), vec![]);
    powered_only.drivers.retain(|port, _| matches!(port, Port::Console | Port::Power));
    let world = World::good(&powered_only);
    let cycle = [Action::Power { on: false }, Action::Power { on: true }];
    assert_eq!(world.performed[2..], cycle);
    assert_eq!((world.promises, world.promised.len()), (1, 0));
    for step in 0..12 {
        let stop = Instant(step * 400_000);
        let stopped = Mishaps { interrupts: vec![stop], ..Mishaps::default() };
        let world = World::run(&powered_only, Flaws::default(), stopped);
        assert!(world.powered && world.promised.is_empty(), "stopped at {stop}:\n{}", world.text());
    }
}

#[test]
fn a_silent_device_is_not_steady() {
    let mute = Flaws { mute: true, ..Flaws::default() };
    let world = World::run(&plan(vec![set("22")], vec![]), mute, Mishaps::default());
    let missing = "signal `ready` was not seen within 2s; the console was silent".to_owned();
    assert_eq!(world.ended(), Ended::NotSteady { missing });
    assert_eq!(outcomes(&world), []);
}

#[test]
fn a_device_that_is_not_steady_has_last_words() {
    let mut never = plan(Vec::new(), vec![]);
    let at_least = "20/s".parse().unwrap();
    let rate = SteadyRate { signal: "control".into(), at_least, over: ms(500), within: ms(3_000) };
    never.steady.push(Steady::Rate(rate));
    let missing = "signal `control` did not keep a rate of 20/s for 500ms within 3s; the last console line was \
                   `control`";
    assert_eq!(World::good(&never).ended(), Ended::NotSteady { missing: missing.to_owned() });

    let at_least = "9/s".parse().unwrap();
    let rate = SteadyRate { signal: "control".into(), at_least, over: ms(500), within: ms(3_000) };
    never.steady = vec![Steady::Rate(rate)];
    let world = World::good(&never);
    assert_eq!(world.ended(), Ended::Completed);
    let method = world.events.iter().find(|e| e.what == What::Phase(Phase::Method)).unwrap();
    // Told to program, attach and reset (6 ms), first sign of life 100 ms later, then half a second of it.
    assert!((600..=1_200).contains(&(method.at.0 / 1_000_000)), "{}", world.text());
}

#[test]
fn a_wait_is_satisfied_only_by_what_came_after_the_last_deed() {
    let outcome = |method: Vec<Step>| outcomes(&World::good(&plan(method, vec![]))).pop().unwrap().1;
    // The signal that came between the deed and the wait counts.
    assert_eq!(outcome(vec![reset(None, vec![]), pause(300), wait("ready", 100)]), Done);
    // The same signal does not count twice.
    assert_eq!(outcome(vec![reset(None, vec![]), wait("ready", 300), wait("ready", 100)]), timed_out(100));
    // What came in between is passed over, and what came before it too.
    assert_eq!(outcome(vec![reset(None, vec![]), wait("ready", 300), wait("boot", 100)]), timed_out(100));
    // A command is a deed.
    assert_eq!(outcome(vec![reset(None, vec![]), pause(300), set("22"), wait("ready", 100)]), timed_out(100));
    // A wait that times out ends the method.
    let world = World::good(&plan(vec![wait("panic", 100), set("22")], vec![]));
    assert_eq!(outcomes(&world), [(1, timed_out(100))]);
    assert_eq!(world.ended(), Ended::Completed);
}

#[test]
fn settings_are_acknowledged_refused_unanswered_or_cut_short() {
    let sets = plan(vec![set("22"), get()], vec![]);
    let world = World::good(&sets);
    assert_eq!(outcomes(&world), [(1, Done), (2, Done)]);
    let read = |what: &What| matches!(what, What::SettingRead { value, .. } if value == "22");
    assert_eq!(count(&world, read), 1);

    let refuses = Flaws { refuses: true, ..Flaws::default() };
    let world = World::run(&sets, refuses, Mishaps::default());
    assert_eq!(outcomes(&world), [(1, Refused), (2, Done)]);
    assert_eq!(count(&world, |what| matches!(what, What::SettingAcknowledged { .. })), 0);

    let deaf = Flaws { deaf: true, ..Flaws::default() };
    assert_eq!(outcomes(&World::run(&sets, deaf, Mishaps::default())), [(1, timed_out(500))]);

    // The command is on its way for 1 ms, and the device answers 3 ms later.
    let world =
        World::good(&plan(vec![cut(Some(after(Milestone::Sent, 1)), vec![set("22"), set("23")])], vec![]));
    assert_eq!(outcomes(&world), [(2, CutShort), (1, Done)]);
    assert_eq!(count(&world, |what| matches!(what, What::SettingAcknowledged { .. })), 0);
}

#[test]
fn a_step_that_times_out_inside_a_fault_is_the_last_of_them() {
    let during = vec![wait("panic", 100), set("22")];
    let world = World::good(&plan(vec![cut(Some(after(Milestone::Armed, 600)), during)], vec![]));
    assert_eq!(outcomes(&world), [(2, timed_out(100)), (1, Done)]);
    assert_eq!(count(&world, |what| matches!(what, What::SettingSent { .. })), 0);
}

#[test]
fn a_command_that_nobody_acknowledges_is_done_when_it_is_sent() {
    let world = World::good(&plan(vec![send("hang"), wait("control", 500)], vec![]));
    assert_eq!(outcomes(&world), [(1, Done), (2, timed_out(500))]);
}

#[test]
fn steps_are_repeated() {
    let steps = vec![cut(None, Vec::new()), wait("ready", 500)];
    let world = World::good(&plan(vec![Step::Repeat(Repeat { times: 3, steps })], vec![]));
    let once = [(2, Done), (3, Done)];
    assert_eq!(outcomes(&world), [&once[..], &once, &once, &[(1, Done)]].concat());
    assert_eq!(STRUCK.map(|is| count(&world, is)), [3; 4]);
    assert_eq!(world.promises, 3);
}

#[test]
fn each_kind_of_trigger_brings_a_fault() {
    let at_once = |_: &str| None;
    let triggers: [(&str, Option<Trigger>, Vec<Step>); 8] = [
        ("at once", at_once(""), vec![]),
        ("armed", Some(after(Milestone::Armed, 20)), vec![]),
        ("sent", Some(after(Milestone::Sent, 2)), vec![set("22")]),
        ("acknowledged", Some(after(Milestone::Acknowledged, 0)), vec![set("22")]),
        ("power_on", Some(after(Milestone::PowerOn, 30)), vec![cut(None, vec![])]),
        ("signal", Some(on_signal("control", 3, 5)), vec![]),
        ("boot", Some(on_boot(2, 5)), vec![reset(None, vec![]), wait("ready", 500), reset(None, vec![])]),
        ("flash_op", Some(flash_op(2)), vec![set("22"), set("23"), set("24")]),
    ];
    for (name, when, during) in triggers {
        for fault in [cut(when.clone(), during.clone()), reset(when.clone(), during.clone())] {
            let world = World::good(&plan(vec![fault, wait("ready", 500)], vec![]));
            assert_eq!(world.ended(), Ended::Completed, "{name}: {}", world.text());
            assert_eq!(outcomes(&world).pop().unwrap().1, Done, "{name}: {}", world.text());
            assert_eq!(count(&world, |what| matches!(what, What::NeverFired { .. })), 0, "{name}");
            let (armed, bit) = (count(&world, |what| matches!(what, What::Armed { .. })), STRUCK[2]);
            assert_eq!(count(&world, bit), armed, "{name}: {}", world.text());
            assert!(world.promised.is_empty() && world.powered, "{name}: {}", world.text());
        }
    }
}

#[test]
fn the_instrument_cuts_at_the_operation_it_was_armed_for() {
    let fault = cut(Some(flash_op(2)), vec![set("22"), set("23"), set("24")]);
    let world = World::good(&plan(vec![fault, wait("ready", 500), get()], vec![]));
    assert_eq!(outcomes(&world)[..3], [(2, Done), (3, CutShort), (1, Done)]);
    assert_eq!(count(&world, |what| matches!(what, What::FlashOp { op, .. } if !op.complete)), 1);
    assert!(!world.performed.contains(&Action::Power { on: false }), "the instrument does it");
    assert_eq!(count(&world, |what| matches!(what, What::SettingRead { value, .. } if value == "22")), 1);
}

#[test]
fn a_cut_that_strikes_before_its_port_has_said_that_it_is_armed_counts() {
    // The device writes 20 ms after a boot; the port is armed from 16 ms and says so at 24 ms.
    let method = vec![reset(None, vec![]), cut(Some(flash_op(1)), vec![]), wait("ready", 500)];
    let slow = Mishaps { latency: ms(8), ..Mishaps::default() };
    let world = World::run(&plan(method, vec![]), Flaws::default(), slow);
    let position = |is: fn(&What) -> bool| world.events.iter().position(|e| is(&e.what)).unwrap();
    let struck = position(|what| matches!(what, What::Rail { on: false, .. }));
    let armed = position(|what| matches!(what, What::Armed { kind, .. } if kind == "power_cut"));
    assert!(struck < armed, "{}", world.text());
    assert_eq!(outcomes(&world), [(1, Done), (2, Done), (3, Done)]);
    assert!(world.powered);
}

#[test]
fn a_cut_that_strikes_while_it_is_disarmed_is_undone_all_the_same() {
    let at_the_last_moment = |by: u64| {
        let fault = PowerCut {
            hold: ms(200),
            when: Some(flash_op(1)),
            during: Vec::new(),
            meanwhile: Vec::new(),
            within: ms(by),
        };
        let method = vec![reset(None, vec![]), Step::Fault(Fault::PowerCut(fault)), wait("ready", 500)];
        World::run(&plan(method, vec![]), Flaws::default(), Mishaps::default())
    };
    for by in 10..30 {
        let world = at_the_last_moment(by);
        assert!(world.powered && world.promised.is_empty(), "{by}: {}", world.text());
        assert!(world.cut.is_none());
    }
}

#[test]
fn a_trigger_that_never_comes_disarms_the_fault_and_ends_the_method() {
    for fault in [
        cut(Some(on_signal("panic", 1, 0)), vec![set("22")]),
        reset(Some(on_boot(1, 0)), vec![]),
        cut(Some(flash_op(9)), vec![set("22")]),
    ] {
        let armed =
            matches!(&fault, Step::Fault(Fault::PowerCut(f)) if matches!(f.when, Some(Trigger::FlashOp(_))));
        let world = World::good(&plan(vec![fault, wait("ready", 500)], vec![]));
        assert_eq!(outcomes(&world).pop(), Some((1, timed_out(1_000))), "{}", world.text());
        assert_eq!(count(&world, |what| matches!(what, What::NeverFired { .. })), 1);
        assert_eq!(STRUCK.map(|is| count(&world, is)), [0; 4]);
        assert_eq!(world.performed.contains(&Action::DisarmCut), armed);
        assert!(world.promised.is_empty() && world.cut.is_none());
        assert_eq!(world.ended(), Ended::Completed);
    }
}

#[test]
fn a_promise_is_open_until_the_revert_worked() {
    let cuts = plan(vec![cut(None, Vec::new())], vec![]);
    // Actions 1 to 6 arrange and start; 7 cuts, 8 gives the power back.
    let world = World::run(&cuts, Flaws::default(), Mishaps { failing: vec![8], ..Mishaps::default() });
    assert!(matches!(world.ended(), Ended::RigFailed { .. }));
    assert!(world.promised.is_empty() && world.powered, "tried again in teardown:\n{}", world.text());
    assert_eq!(STRUCK.map(|is| count(&world, is)), [1; 4]);

    let world = World::run(&cuts, Flaws::default(), Mishaps { failing_from: 8, ..Mishaps::default() });
    assert!(matches!(world.ended(), Ended::RigFailed { .. }));
    assert_eq!(world.promised.values().collect::<Vec<_>>(), [&Action::Power { on: true }]);
    assert_eq!(count(&world, STRUCK[3]), 0);
    assert_eq!(
        world.performed.last(),
        Some(&Action::Detach),
        "one failure does not keep the rest from being done"
    );
}

#[test]
fn whenever_a_run_is_stopped_everything_is_undone() {
    let during = vec![set("22"), set("23"), set("24")];
    let method =
        vec![cut(None, vec![]), wait("boot", 500), cut(Some(flash_op(3)), during), wait("ready", 500)];
    let whole = plan(method, vec![]);
    let end = World::good(&whole).events.last().unwrap().at;
    let mut stop = Instant::ZERO;
    while stop < end {
        let mishaps = Mishaps { interrupts: vec![stop, stop + ms(2)], ..Mishaps::default() };
        let world = World::run(&whole, Flaws::default(), mishaps);
        if world.ended() != Ended::Completed {
            assert_eq!(world.ended(), Ended::Interrupted);
        }
        assert!(
            world.powered && world.cut.is_none() && world.promised.is_empty(),
            "{stop}:\n{}",
            world.text()
        );
        assert_eq!(world.performed.last(), Some(&Action::Detach));
        stop = stop + Duration(4_300_000);
    }
}

#[test]
fn what_is_under_way_ends_before_it_is_undone() {
    // The switch takes 50 ms; somebody stops the run in the middle of switching off.
    let slow = Mishaps { latency: ms(50), interrupts: vec![at(375)], ..Mishaps::default() };
    let world = World::run(&plan(vec![cut(None, vec![])], vec![]), Flaws::default(), slow);
    let mut under_way = 0_i32;
    for event in &world.events {
        match event.what {
            What::Action { .. } => under_way += 1,
            What::Acted { .. } | What::ActionFailed { .. } => under_way -= 1,
            _ => {}
        }
        assert!(under_way <= 1, "two at once:\n{}", world.text());
    }
    assert_eq!(world.ended(), Ended::Interrupted);
    assert_eq!(count(&world, STRUCK[0]), 1, "{}", world.text());
    assert!(world.powered && world.promised.is_empty());
}

#[test]
fn a_run_that_is_stopped_before_it_began_has_a_beginning_and_an_end() {
    let mut world = World::new(&plan(Vec::new(), vec![]), Flaws::default(), Mishaps::default());
    world.input(Input::Tick);
    assert_eq!(world.events, []);
    world.input(Input::Interrupt);
    assert!(matches!(world.events[0].what, What::RunStarted { .. }));
}

#[test]
fn an_instrument_that_goes_away_is_the_faults_doing_only_until_the_device_is_back() {
    let method = vec![pause(300), cut(None, vec![]), wait("ready", 500), pause(300)];
    let whole = plan(method, vec![]);
    let lost = |ms: u64| {
        let mishaps = Mishaps { lost: vec![(at(ms), Port::Debug)], ..Mishaps::default() };
        World::run(&whole, Flaws::default(), mishaps).ended()
    };
    let good = World::good(&whole);
    let time = |is: fn(&What) -> bool| good.events.iter().find(|e| is(&e.what)).unwrap().at.0 / 1_000_000;
    let off = time(|what| matches!(what, What::Injected { .. }));
    let back = time(|what| matches!(what, What::Reverted { .. }));
    let why = "lost the debug: it is gone".to_owned();
    assert_eq!(lost(off - 100), Ended::RigFailed { why: why.clone() });
    assert_eq!(lost(off + 100), Ended::Completed);
    assert_eq!(lost(back + 1), Ended::Completed, "the device has not booted yet");
    assert_eq!(lost(back + 100), Ended::RigFailed { why });
}

#[test]
fn an_action_that_ended_twice_or_was_never_begun_is_not_on_record() {
    let mut world = World::new(&plan(Vec::new(), vec![]), Flaws::default(), Mishaps::default());
    world.input(Input::Begin);
    let before = world.events.len();
    let id = crate::action::ActionId(99);
    world.input(Input::Acted { id, result: Ok(crate::action::Done::Plain) });
    assert_eq!(world.events.len(), before);
}

#[test]
fn a_pattern_that_does_not_compile_is_refused_before_anything_is_done() {
    let mut bad = plan(Vec::new(), vec![]);
    bad.board.signals.insert("bad".into(), crate::plan::Source::Console("(".to_owned()));
    assert_eq!(Machine::new(bad, DIGEST.to_owned()).err().map(|e| e.pattern), Some("(".to_owned()));
}

/// The example of a fault's documentation.
fn example_of(kind: &str) -> Step {
    let (_, shape) = Fault::TABLE.iter().find(|(word, _)| *word == kind).unwrap();
    let crate::language::Shape::Record(record) = shape() else { panic!("`{kind}` has no fields") };
    let example = crate::kinds::example_of(record.doc).unwrap();
    let node = crate::language::parse(example).unwrap();
    let mut out = crate::language::Diagnostics::new();
    <Step as crate::language::Decode>::decode(&node, &mut out).unwrap()
}

/// The same fault without its trigger.
fn at_once(mut step: Step) -> Step {
    if let Step::Fault(fault) = &mut step {
        *fault.timing_mut().when = None;
        fault.timing_mut().during.clear();
    }
    step
}

#[test]
fn each_fault_leaves_the_world_as_it_was() {
    let mut seen = 0;
    for fault in Fault::TABLE.iter().map(|(kind, _)| example_of(kind)) {
        for step in [fault.clone(), at_once(fault)] {
            let world = World::good(&plan(vec![step, pause(500)], vec![]));
            assert_eq!(world.ended(), Ended::Completed, "{}", world.text());
            assert!(world.powered && world.running && world.cut.is_none() && world.promised.is_empty());
            assert!(world.disturbed.is_empty(), "{:?}:\n{}", world.disturbed, world.text());
        }
        seen += 1;
    }
    assert_eq!(seen, Fault::TABLE.len());
}

#[test]
fn what_is_stopped_is_abandoned_from_the_inside_out() {
    let steps = vec![cut(Some(on_signal("panic", 1, 0)), vec![pause(5_000)])];
    let mishaps = Mishaps { interrupts: vec![at(500)], ..Mishaps::default() };
    let whole = plan(vec![Step::Repeat(Repeat { times: 2, steps })], vec![]);
    let world = World::run(&whole, Flaws::default(), mishaps);
    assert_eq!(outcomes(&world), [(3, Abandoned), (2, Abandoned), (1, Abandoned)]);
}

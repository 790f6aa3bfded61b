//! The groundwork, and what checks may conclude on it.

use super::judge;
use crate::action::Action;
use crate::check::tape::{DIGEST, Tape};
use crate::check::{BootsAtMost, Check, Durable, Never, Recovers, ResetCause, Seen, Timeline};
use crate::event::{Ended, Event, EventNo, Phase, StepOutcome, VERSION, What};
use crate::fault::{Fault, PowerCut, ResetFault};
use crate::language::{Decode, Diagnostics, Shape, parse};
use crate::plan::{self, BoardPlan, Clock, Image, Plan};
use crate::port::{Port, Trouble};
use crate::step::{Repeat, Set, Step, Wait};
use crate::time::{Duration, Instant};
use crate::verdict::Verdict::{Fail, Inconclusive, Pass};
use crate::verdict::{Judged, Judgement, Verdict};
use proptest::prelude::*;

pub(super) fn plan(method: Vec<Step>, expect: Vec<Check>) -> Plan {
    Plan {
        version: plan::VERSION,
        scenario: "test".to_owned(),
        title: "test".to_owned(),
        tags: Vec::new(),
        case: Default::default(),
        control: false,
        seed: 1,
        rig: "virtual".to_owned(),
        clock: Clock::Virtual,
        dut: "dut".into(),
        board: BoardPlan {
            name: "board".to_owned(),
            chip: "chip".to_owned(),
            baud: 115_200,
            image: Image { path: "image".to_owned(), sha256: String::new() },
            fresh: Vec::new(),
            provision: None,
            defect: None,
            signals: Default::default(),
            commands: Default::default(),

            inputs: Default::default(),
            regions: Default::default(),
            symbols: Default::default(),
        },
        drivers: Default::default(),
        steady: Vec::new(),
        method,
        expect,
    }
}

fn power_cut(during: Vec<Step>) -> Step {
    let within = Duration::from_secs(30);
    Step::Fault(Fault::PowerCut(PowerCut {
        hold: Duration::from_millis(200),
        when: None,
        during,
        meanwhile: Vec::new(),
        within,
    }))
}

fn reset() -> Step {
    let within = Duration::from_secs(30);
    Step::Fault(Fault::Reset(ResetFault {
        how: crate::action::Reset::Pin,
        when: None,
        during: Vec::new(),
        within,
    }))
}

fn wait() -> Step {
    Step::Wait(Wait { signal: "ready".into(), within: Duration::from_secs(5) })
}

fn set() -> Step {
    let within = Duration::from_secs(5);
    Step::Set(Set { setting: "target".into(), to: "25".to_owned(), by: "set".into(), within })
}

fn seen(signal: &str) -> Check {
    Check::Seen(Seen { signal: signal.into(), fields: Default::default(), at_least: 1 })
}

fn never() -> Check {
    Check::Never(Never { signal: "panic".into(), fields: Default::default(), except: Default::default() })
}

fn recovers() -> Check {
    let within = Duration::from_millis(500);
    Check::Recovers(Recovers { from: "power_cut".to_owned(), to: "ready".into(), within, stages: None })
}

/// One of each kind.
fn all_checks() -> Vec<Check> {
    vec![
        seen("ready"),
        never(),
        recovers(),
        Check::Durable(Durable { setting: "target".into() }),
        Check::ResetCause(ResetCause { after: "power_cut".to_owned(), is: "power_on".to_owned() }),
        Check::BootsAtMost(BootsAtMost { times: 1 }),
    ]
}

/// One of each kind there is, as its documentation has it.
fn every_kind() -> Vec<Check> {
    static ALL: std::sync::LazyLock<Vec<Check>> = std::sync::LazyLock::new(read_every_kind);
    ALL.clone()
}

fn read_every_kind() -> Vec<Check> {
    let example = |(word, shape): &(&str, fn() -> Shape)| {
        let Shape::Record(record) = shape() else { panic!("`{word}` has no fields") };
        let node = parse(crate::kinds::example_of(record.doc).unwrap()).unwrap();
        Check::decode(&node, &mut Diagnostics::new()).unwrap()
    };
    Check::TABLE.iter().map(example).collect()
}

/// `power_cut`, `wait: ready`.
fn cut_and_wait() -> Plan {
    plan(vec![power_cut(Vec::new()), wait()], all_checks())
}

/// The power is cut; the device comes back.
fn cut_and_back() -> Tape {
    Tape::steady().set("target", "20").step(1).power_cut().done(1).step(2).ms(100).boot("power_on").ms(100)
}

/// A run of [`cut_and_wait`] that passes everything.
fn good() -> Tape {
    cut_and_back().signal("ready").done(2).read("target", "20").ms(900).end()
}

fn judged(plan: &Plan, tape: &Tape) -> Judgement {
    judge(plan, DIGEST, &tape.events)
}

fn only<'a>(lines: &'a [Judged], kind: &str) -> &'a Judged {
    let of_kind: Vec<_> = lines.iter().filter(|l| l.kind == kind).collect();
    assert_eq!(of_kind.len(), 1, "{kind}: {lines:#?}");
    of_kind[0]
}

fn kinds(lines: &[Judged]) -> Vec<(&str, Verdict)> {
    lines.iter().map(|l| (l.kind.as_str(), l.finding.verdict)).collect()
}

/// The groundwork line of a kind on a plan of one fault and one wait.
#[track_caller]
fn ground(tape: &Tape, kind: &str, verdict: Verdict, reason: &str) {
    ground_of(&cut_and_wait(), tape, kind, verdict, reason);
}

#[track_caller]
fn ground_of(plan: &Plan, tape: &Tape, kind: &str, verdict: Verdict, reason: &str) {
    let judgement = judged(plan, tape);
    let line = only(&judgement.groundwork, kind);
    assert_eq!(line.finding.verdict, verdict, "{}", line.finding.reason);
    assert!(line.finding.reason.contains(reason), "{}", line.finding.reason);
    assert!(judgement.verdict >= verdict);
}

#[test]
fn a_good_run_passes_every_line() {
    let judgement = judged(&cut_and_wait(), &good());
    let lines: Vec<_> = judgement.groundwork.iter().chain(&judgement.checks).collect();
    assert!(lines.iter().all(|l| l.finding.verdict == Pass), "{lines:#?}");
    assert_eq!(judgement.verdict, Pass);
    let text: Vec<_> = lines
        .iter()
        .map(|l| format!("{} · {}\n  {}", l.finding.verdict, l.check, l.finding.reason))
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn a_judgement_reads_back() {
    let judgement = judged(&cut_and_wait(), &cut_and_back().end());
    let json = serde_json::to_string(&judgement).unwrap();
    assert_eq!(serde_json::from_str::<Judgement>(&json).unwrap(), judgement);
}

#[test]
fn a_timeline_that_is_damaged_or_of_another_plan_is_not_judged() {
    let bad = |change: fn(&mut Vec<Event>), reason: &str| {
        // It holds a panic, so a judge that went on would find a fail.
        let mut tape = cut_and_back().signal("panic").signal("ready").done(2).ms(900).end();
        change(&mut tape.events);
        let judgement = judged(&cut_and_wait(), &tape);
        assert_eq!(kinds(&judgement.groundwork), [("rig", Inconclusive)]);
        let found = &judgement.groundwork[0].finding.reason;
        assert!(found.contains(reason), "{found}");
        assert!(judgement.checks.iter().all(|c| c.finding.verdict == Inconclusive));
        assert_eq!(judgement.verdict, Inconclusive);
    };
    bad(Vec::clear, "is empty");
    bad(|e| drop(e.remove(0)), "does not begin with the run");
    bad(|e| drop(e.remove(9)), "#11 stands where #10 should");
    bad(|e| e.swap(3, 4), "#5 stands where #4 should");
    bad(|e| e[5].at = Instant(u64::MAX), "time goes back");
    bad(
        |e| {
            if let What::RunStarted { version, .. } = &mut e[0].what {
                *version = VERSION + 1;
            }
        },
        "format version 2",
    );
    bad(
        |e| {
            if let What::RunStarted { plan, .. } = &mut e[0].what {
                "another".clone_into(plan);
            }
        },
        "of another plan: `another` instead of `d1ge57`",
    );
    bad(|e| e[7].what = What::RunEnded(Ended::Completed), "#8 does not belong");
    bad(|e| e[7].what = e[0].what.clone(), "#8 does not belong");
    bad(|e| e[7].what = What::Phase(Phase::Steady), "#8 does not belong");
    bad(|e| e[7].what = What::Phase(Phase::Method), "#8 does not belong");
}

#[test]
fn a_run_that_did_not_complete_is_the_rigs_line() {
    ground(&Tape::steadying().end(), "steady", Inconclusive, "before the device was seen steady");
    ground(&Tape::steadying(), "steady", Inconclusive, "before the device was seen steady");
    let not_yet_armed = judged(&cut_and_wait(), &Tape::steady().step(1));
    assert_eq!(kinds(&not_yet_armed.groundwork), [("rig", Inconclusive), ("steady", Pass)]);
    let so_far = || cut_and_back().signal("ready").done(2).ms(900).phase(Phase::Teardown);
    ground(&so_far(), "rig", Inconclusive, "breaks off at");
    let why = "the relay\u{7} is stuck".to_owned();
    let failed = so_far().run_ended(Ended::RigFailed { why });
    ground(&failed, "rig", Inconclusive, r"could not do its part: the relay\u{7} is stuck");
    ground(&so_far().run_ended(Ended::Interrupted), "rig", Inconclusive, "was stopped");
    ground(&cut_and_back().event(What::Interrupted).end(), "rig", Inconclusive, "was stopped at");
}

#[test]
fn a_device_that_was_never_steady_is_not_judged_by_what_it_did_not_do() {
    let missing = "`ready` was not seen in 30s".to_owned();
    let tape = Tape::steadying().phase(Phase::Teardown).run_ended(Ended::NotSteady { missing });
    let judgement = judged(&cut_and_wait(), &tape);
    assert_eq!(kinds(&judgement.groundwork), [("rig", Pass), ("steady", Inconclusive)]);
    assert!(judgement.groundwork[1].finding.reason.contains("`ready` was not seen in 30s"));
    assert!(judgement.checks.iter().all(|c| c.finding.verdict == Inconclusive), "{:#?}", judgement.checks);
}

#[test]
fn a_fault_excuses_what_it_does_to_the_probe_and_nothing_else() {
    let off = || Tape::steady().step(1).power_off(1);
    let back = |tape: Tape| tape.ms(99).boot("power_on").signal("ready").done(1).step(2).done(2).ms(900);
    let attach = |tape: Tape| tape.action(Action::Attach);
    let ground = |tape: Tape, verdict: Verdict, reason: &str| ground(&tape, "rig", verdict, reason);

    ground(back(off().lost(Port::Debug, Trouble::Silent).ms(200).power_on()).end(), Pass, "whole");
    ground(back(attach(off()).failed(Port::Debug, Trouble::Silent).ms(200).power_on()).end(), Pass, "whole");
    // Noticed before we do.
    let noticed = Tape::steady().step(1).armed("power_cut", 1).fired().lost(Port::Debug, Trouble::Silent);
    ground(back(noticed.rail(false).injected().confirmed().power_on()).end(), Pass, "whole");
    // Noticed between the revert and the boot: still the cut's doing.
    ground(back(attach(off().power_on()).failed(Port::Debug, Trouble::Silent)).end(), Pass, "whole");

    let before = Tape::steady().lost(Port::Debug, Trouble::Silent).step(1).power_off(1).power_on();
    ground(back(before).end(), Inconclusive, "an instrument went away at 0.500s: debug: it is gone");
    let after = back(off().power_on()).lost(Port::Console, Trouble::Absent).end();
    ground(after, Inconclusive, "an instrument went away");
    let after = attach(back(off().power_on())).failed(Port::Debug, Trouble::Silent).end();
    ground(after, Inconclusive, "an action failed");
    let supply = off().lost(Port::Power, Trouble::Silent).power_on();
    ground(back(supply).end(), Inconclusive, "power: it is gone");
    let locked = attach(off().power_on()).failed(Port::Debug, Trouble::Locked);
    ground(back(locked).end(), Inconclusive, "an action failed");
    let gone_for_good = off().power_on().ms(10).lost(Port::Console, Trouble::Absent).done(1).step(2).ms(900);
    ground(gone_for_good.end(), Inconclusive, "console: it is gone");
    let between = off().power_on().lost(Port::Debug, Trouble::Silent).done(1).step(2).done(2);
    let between = between.reset(3).boot("pin").confirmed().end();
    ground(between, Inconclusive, "an instrument went away");
    let injection = Tape::steady().step(1).armed("power_cut", 1).fired();
    let injection = injection.action(Action::Power { on: false }).failed(Port::Debug, Trouble::Silent);
    ground(
        injection.injected().rail(false).confirmed().power_on().boot("power_on").end(),
        Inconclusive,
        "failed",
    );
}

#[test]
fn a_trigger_that_did_not_come_says_how_far_it_came() {
    use crate::trigger::{OnBoot, OnFlashOp, Trigger};
    let boot = Trigger::Boot(OnBoot { nth: 3, by: Duration::ZERO });
    let (moment, tear) = (crate::action::Moment::During, crate::action::Tear::Random);
    let flash = Trigger::FlashOp(OnFlashOp { nth: 3, moment, tear, seed: None });
    let tape = Tape::steady().boot("pin").step(1).armed("power_cut", 1).ms(10).boot("pin").ms(10).boot("pin");
    let tape = tape.ms(30_000).never_fired(Duration::from_secs(30)).boot("pin");
    let tape = tape.ended(1, StepOutcome::TimedOut { waited: Duration::from_secs(30) }).end();
    for (trigger, reason) in [(boot, "did not come in 30s; 2 seen by then"), (flash, "; 0 seen by then")] {
        let (hold, within) = (Duration::from_millis(200), Duration::from_secs(30));
        let cut = PowerCut { hold, when: Some(trigger), during: Vec::new(), meanwhile: Vec::new(), within };
        let cut = Step::Fault(Fault::PowerCut(cut));
        let judgement = judge(&plan(vec![cut], vec![never()]), DIGEST, &tape.events);
        let fault = judgement.groundwork.iter().find(|line| line.kind == "fault").unwrap();
        assert!(fault.finding.reason.ends_with(reason), "{fault:?}");
    }
}

#[test]
fn each_fault_must_have_bitten() {
    let end = |tape: Tape| tape.done(1).step(2).signal("ready").done(2).ms(900).end();
    let armed = || Tape::steady().step(1).armed("power_cut", 1);
    let bit = Tape::steady().step(1).power_off(1).power_on();
    ground(&end(bit), "fault", Pass, "injected at 0.500s, seen to bite 0us later");
    let waited = Duration::from_secs(30);
    ground(
        &end(armed().ms(30_000).never_fired(waited)),
        "fault",
        Inconclusive,
        "(at once) did not come in 30s",
    );
    ground(&end(armed()), "fault", Inconclusive, "still awaited");
    ground(&end(armed().fired()), "fault", Inconclusive, "never injected");
    let unseen = "the supply rail was never seen off, and the device was never seen to boot after";
    ground(&end(armed().fired().injected().reverted()), "fault", Inconclusive, unseen);
    ground(&end(Tape::steady().step(1)), "fault", Inconclusive, "armed 0 of 1 times");
    let kind = end(Tape::steady().step(1).reset(1).boot("pin").confirmed());
    let lines = judged(&cut_and_wait(), &kind).groundwork;
    assert!(lines.iter().any(|l| l.finding.reason == "step 1 of the plan is no `reset`"), "{lines:#?}");
    let other = judged(&cut_and_wait(), &end(Tape::steady().step(1).power_off(2).power_on()));
    let reasons: Vec<_> = other.groundwork.iter().map(|l| l.finding.reason.as_str()).collect();
    assert!(reasons.contains(&"step 2 of the plan is no `power_cut`"), "{reasons:?}");
    assert!(reasons.contains(&"armed 0 of 1 times"), "{reasons:?}");
}

#[test]
fn a_repeated_fault_must_be_armed_each_time() {
    let steps = vec![power_cut(Vec::new())];
    let plan = plan(vec![Step::Repeat(Repeat { times: 2, steps })], vec![never()]);
    let once = |tape: Tape| tape.step(2).power_off(2).power_on().boot("power_on").done(2);
    let twice = judged(&plan, &once(once(Tape::steady().step(1))).done(1).end());
    let pass = [("rig", Pass), ("steady", Pass), ("method", Pass), ("fault", Pass), ("fault", Pass)];
    assert_eq!(kinds(&twice.groundwork), pass);
    let second_unarmed = once(Tape::steady().step(1)).step(2).done(2).done(1).end();
    assert_eq!(judged(&plan, &second_unarmed).verdict, Inconclusive);
    let second_missing = once(Tape::steady().step(1)).done(1).end();
    ground_of(&plan, &second_missing, "method", Inconclusive, "step 2 (`power_cut`) was not reached");
}

#[test]
fn steps_inside_a_fault_may_be_cut_short_but_a_fault_there_must_strike() {
    let cut = |tape: Tape| tape.power_off(1).power_on().boot("power_on").done(1);
    let short = Tape::steady().step(1).step(2).ended(2, StepOutcome::CutShort);
    let with_sets = plan(vec![power_cut(vec![set(), set()])], vec![never()]);
    assert_eq!(judged(&with_sets, &cut(short.clone()).end()).verdict, Pass);
    let with_fault = plan(vec![power_cut(vec![set(), reset()])], vec![never()]);
    assert_eq!(judged(&with_fault, &cut(short).end()).verdict, Inconclusive);
    let not_at_all = Step::Repeat(Repeat { times: 0, steps: vec![reset()] });
    let with_none = plan(vec![power_cut(vec![not_at_all])], vec![never()]);
    assert_eq!(judged(&with_none, &cut(Tape::steady().step(1).step(2).done(2)).end()).verdict, Pass);
}

#[test]
fn a_method_that_a_wait_ended_is_inconclusive_unless_a_check_fails() {
    let timed_out = StepOutcome::TimedOut { waited: Duration::from_secs(5) };
    let tape = Tape::steady().step(1).ms(5_000).ended(1, timed_out).end();
    let method = vec![wait(), power_cut(Vec::new()), set()];
    let easy = plan(method.clone(), vec![never()]);
    ground_of(
        &easy,
        &tape,
        "method",
        Inconclusive,
        "the method ended at step 1: `wait ready` timed out after 5s; step 2 (`power_cut`) was not reached; not \
         reached: fault `power_cut` of step 2",
    );
    let judgement = judged(&easy, &tape);
    assert!(judgement.groundwork.iter().all(|l| l.kind != "fault"), "not reached, so not demanded");
    assert_eq!(judgement.verdict, Inconclusive);

    let judgement = judged(&plan(method, vec![seen("ready")]), &tape);
    assert_eq!(judgement.verdict, Fail);
    let reason = &judgement.checks[0].finding.reason;
    assert!(reason.ends_with("(step 1, `wait ready`, timed out after 5s)"), "{reason}");
}

#[test]
fn a_wait_that_was_not_to_count_what_came_says_so() {
    let timed_out = StepOutcome::TimedOut { waited: Duration::from_secs(5) };
    let plan = plan(vec![power_cut(Vec::new()), wait(), set()], vec![seen("ready")]);
    let struck = || Tape::steady().step(1).armed("power_cut", 1).fired().injected();
    let why = "timed out after 5s, for what came did not count: `power_cut` had not been seen to bite before `ready` was shown";
    let early = struck().done(1).step(2).signal("ready").ms(5_000).ended(2, timed_out.clone()).end();
    let reason = &only(&judged(&plan, &early).groundwork, "method").finding.reason.clone();
    assert!(reason.contains(why), "{reason}");
    let never_came = struck().done(1).step(2).ms(5_000).ended(2, timed_out.clone()).end();
    let had_bitten = struck().confirmed().done(1).step(2).signal("ready").ms(5_000).ended(2, timed_out).end();
    for tape in [never_came, had_bitten] {
        let reason = &only(&judged(&plan, &tape).groundwork, "method").finding.reason.clone();
        assert!(!reason.contains("did not count"), "{reason}");
    }
}

#[test]
fn only_faults_that_were_not_reached_are_named_so() {
    let plan = plan(vec![power_cut(Vec::new()), wait(), reset()], vec![never()]);
    let timed_out = StepOutcome::TimedOut { waited: Duration::from_secs(5) };
    let tape = cut_and_back().ms(5_000).ended(2, timed_out).end();
    let reason = &only(&judged(&plan, &tape).groundwork, "method").finding.reason.clone();
    assert!(reason.ends_with("; not reached: fault `reset` of step 3"), "{reason}");
}

#[test]
fn a_wait_that_timed_out_last_is_no_verdict() {
    let timed_out = StepOutcome::TimedOut { waited: Duration::from_secs(5) };
    let plan = plan(vec![wait()], vec![never()]);
    assert_eq!(judged(&plan, &Tape::steady().step(1).ms(5_000).ended(1, timed_out).end()).verdict, Pass);
}

#[test]
fn absence_proves_nothing_on_a_timeline_that_ended_early() {
    let plan = plan(vec![wait()], vec![seen("ready"), seen("boot"), never()]);
    let early = |tape: Tape| {
        let judgement = judged(&plan, &tape.run_ended(Ended::Interrupted));
        judgement.checks.into_iter().map(|c| c.finding.verdict).collect::<Vec<_>>()
    };
    let start = || Tape::steady().step(1).signal("boot");
    assert_eq!(early(start()), [Inconclusive, Pass, Inconclusive]);
    assert_eq!(early(start().signal("panic")), [Inconclusive, Pass, Fail]);
    let whole = judged(&plan, &start().done(1).end());
    let good = good();
    let broken_off = judge(&cut_and_wait(), DIGEST, &good.events[..good.events.len() - 1]);
    let still: Vec<_> = broken_off.checks.iter().filter(|c| c.finding.verdict == Pass).collect();
    assert!(still.len() == 1 && still[0].kind == "seen", "more could have come: {still:#?}");
    assert_eq!(kinds(&whole.checks), [("seen", Fail), ("seen", Pass), ("never", Pass)]);
}

#[test]
fn absence_proves_nothing_where_the_rig_lost_sight() {
    let plan = plan(vec![wait()], vec![seen("ready"), never()]);
    let tape = Tape::steady().step(1).lost(Port::Console, Trouble::Absent).done(1).end();
    assert_eq!(kinds(&judged(&plan, &tape).checks), [("seen", Inconclusive), ("never", Inconclusive)]);
}

#[test]
fn absence_proves_nothing_where_a_fault_never_bit_but_presence_does() {
    let plan = plan(vec![power_cut(Vec::new())], vec![seen("boot"), seen("ready"), never()]);
    let never_bit = || Tape::steady().step(1).armed("power_cut", 1).fired().injected().reverted().done(1);
    let judgement = judged(&plan, &never_bit().signal("ready").end());
    assert_eq!(kinds(&judgement.checks), [("seen", Inconclusive), ("seen", Pass), ("never", Pass)]);
    assert_eq!(judgement.verdict, Inconclusive);
    assert_eq!(judged(&plan, &never_bit().signal("panic").end()).verdict, Fail);
}

#[test]
fn a_finding_that_is_set_aside_no_longer_rests_on_absence() {
    let plan = plan(vec![wait()], vec![seen("ready")]);
    let judgement = judged(&plan, &Tape::steady().step(1));
    assert!(!judgement.checks[0].finding.by_absence);
    assert!(judgement.checks[0].finding.reason.contains("did not watch to the end"));
}

#[test]
fn a_passing_run_that_breaks_off_anywhere_does_not_pass() {
    let long = plan(vec![power_cut(Vec::new()), wait(), reset()], vec![seen("ready"), recovers()]);
    let long_run = cut_and_back().signal("ready").done(2).ms(900).step(3).reset(3).ms(9).boot("pin");
    for (plan, run) in [(cut_and_wait(), good()), (long, long_run.confirmed().done(3).end())] {
        assert_eq!(judged(&plan, &run).verdict, Pass);
        for keep in 0..run.events.len() {
            let judgement = judge(&plan, DIGEST, &run.events[..keep]);
            assert_eq!(judgement.verdict, Inconclusive, "the first {keep}: {judgement:#?}");
        }
    }
}

fn any_what() -> impl Strategy<Value = What> {
    let all: Vec<What> = good()
        .events
        .into_iter()
        .chain(
            Tape::blank()
                .armed("reset", 2)
                .never_fired(Duration::from_secs(1))
                .failed(Port::Debug, Trouble::Silent)
                .lost(Port::Console, Trouble::Absent)
                .event(What::Interrupted)
                .ask("target", "7")
                .refused("set")
                .signal("panic")
                .signal("boot")
                .ended(1, StepOutcome::Abandoned)
                .ended(99, StepOutcome::TimedOut { waited: Duration(1) })
                .sensor_off(1)
                .sensor_back()
                .console_unplugged(1)
                .console_plugged()
                .probe_gone(1)
                .probe_back()
                .log("warn", "sensor 1 not answering")
                .memory("TARGET_TENTHS", 205)
                .signal_with("control", &[("mode", "degraded"), ("temp", "21.5")])
                .signal_with("control", &[("mode", "normal"), ("temp", "99")])
                .signal_with("status", &[("free", "1024")])
                .run_ended(Ended::Interrupted)
                .events,
        )
        .map(|e| e.what)
        .collect();
    prop::sample::select(all)
}

proptest! {
    #[test]
    fn no_events_make_the_judge_panic(
        whats in prop::collection::vec((any_what(), any::<u64>(), any::<u64>()), 0..60),
        tidy in any::<bool>(),
    ) {
        let mut now = 0_u64;
        let events: Vec<_> = whats
            .into_iter()
            .enumerate()
            .map(|(place, (what, n, at))| {
                now = now.saturating_add(at % 1_000_000_000);
                let (n, at) = if tidy { (place as u64 + 1, now) } else { (n, at) };
                Event { n: EventNo(n), at: Instant(at), what }
            })
            .collect();
        let plan = plan(vec![power_cut(Vec::new()), wait()], every_kind());
        let judgement = judge(&plan, DIGEST, &events);
        prop_assert_eq!(judgement.checks.len(), Check::TABLE.len());
        let merged = judgement.groundwork.iter().chain(&judgement.checks).map(|l| l.finding.verdict).max();
        prop_assert_eq!(Some(judgement.verdict), merged);
    }

    /// The same on timelines that begin well, so that the checks themselves are reached.
    #[test]
    fn no_method_makes_the_judge_panic(whats in prop::collection::vec(any_what(), 0..60), ms in 0_u64..700) {
        let mut tape = Tape::steady();
        for what in whats {
            if !matches!(what, What::RunStarted { .. } | What::Phase(_) | What::RunEnded(_)) {
                tape = tape.ms(ms).event(what);
            }
        }
        let (tape, checks) = (tape.end(), every_kind());
        for check in &checks {
            check.in_control(&Timeline::new(&tape.events));
        }
        let judgement = judged(&plan(vec![power_cut(Vec::new()), wait()], checks), &tape);
        prop_assert!(judgement.groundwork.len() > 1, "it was readable");
    }
}

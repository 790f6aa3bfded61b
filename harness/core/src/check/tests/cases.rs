//! Timelines that each check must pass, fail and leave open. Every case is there to catch a plausible wrong check: one
//! that counts from the wrong place, or stops at the wrong one, or measures from the wrong event.

use super::{looks, network, responses, service, trust};
use crate::check::tape::Tape;
use crate::check::{BootsAtMost, Check, Durable, Never, Recovers, ResetCause, Seen};
use crate::event::{Phase, StepOutcome};
use crate::time::Duration;
use crate::verdict::Verdict::{self, Fail, Inconclusive, Pass};

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) check: Check,
    pub(super) tape: Tape,
    pub(super) verdict: Verdict,
    /// Whether a fail must rest on absence.
    pub(super) by_absence: bool,
}

pub(super) fn case(name: &'static str, check: &Check, verdict: Verdict, tape: Tape) -> Case {
    Case { name, check: check.clone(), tape, verdict, by_absence: false }
}

pub(super) fn absent(name: &'static str, check: &Check, tape: Tape) -> Case {
    Case { by_absence: true, ..case(name, check, Fail, tape) }
}

pub(super) fn start() -> Tape {
    Tape::steady().ms(100)
}

fn seen() -> Vec<Case> {
    let plain = |at_least| Check::Seen(Seen { signal: "ready".into(), fields: Default::default(), at_least });
    let fields = [("cause".to_owned(), "watchdog".to_owned())].into();
    let caused = Check::Seen(Seen { signal: "boot".into(), fields, at_least: 1 });
    vec![
        case("in the method", &plain(1), Pass, start().signal("ready").end()),
        case("as often as asked", &plain(2), Pass, start().signal("ready").signal("ready").end()),
        absent("once too few", &plain(2), start().signal("ready").end()),
        absent("in the steady phase only", &plain(1), start().end()),
        absent("in teardown only", &plain(1), start().phase(Phase::Teardown).signal("ready")),
        absent("another signal", &plain(1), start().signal("readyish").end()),
        case(
            "with the group, among others",
            &caused,
            Pass,
            start().signal_with("boot", &[("slot", "a"), ("cause", "watchdog")]).end(),
        ),
        absent("the group has another value", &caused, start().boot("pin").end()),
        absent(
            "the value is in another group",
            &caused,
            start().signal_with("boot", &[("x", "watchdog")]).end(),
        ),
        absent("no such group", &caused, start().signal("boot").end()),
        case("the method never began", &plain(1), Inconclusive, Tape::steadying().signal("ready")),
    ]
}

fn never() -> Vec<Case> {
    let check = Check::Never(Never {
        signal: "panic".into(),
        fields: Default::default(),
        except: Default::default(),
    });
    vec![
        case("not once", &check, Pass, start().signal("ready").end()),
        case(
            "before the device was arranged",
            &check,
            Pass,
            Tape::blank()
                .phase(Phase::Arrange)
                .signal("panic")
                .phase(Phase::Steady)
                .phase(Phase::Method)
                .end(),
        ),
        case("while steadying", &check, Fail, Tape::steadying().signal("panic").phase(Phase::Method).end()),
        case("in the method", &check, Fail, start().signal("panic").signal("ready").end()),
        case("in teardown", &check, Fail, start().phase(Phase::Teardown).signal("panic")),
        case("never watched", &check, Inconclusive, Tape::blank().phase(Phase::Arrange)),
    ]
}

fn boots_at_most() -> Vec<Case> {
    let check = Check::BootsAtMost(BootsAtMost { times: 2 });
    vec![
        case("as often as allowed", &check, Pass, start().boot("pin").boot("pin").end()),
        case("not at all", &check, Pass, start().end()),
        case("once too often", &check, Fail, start().boot("pin").boot("pin").boot("pin").end()),
        case("other signals do not count", &check, Pass, start().boot("a").boot("a").signal("ready").end()),
        case(
            "boots before the method do not count",
            &check,
            Pass,
            Tape::steadying().boot("a").boot("a").phase(Phase::Method).boot("a").boot("a").end(),
        ),
        case(
            "nor those while the rig is put back",
            &check,
            Pass,
            start().boot("a").boot("a").phase(Phase::Teardown).boot("a"),
        ),
        case("the method never began", &check, Inconclusive, Tape::steadying()),
    ]
}

/// 500 ms to `ready` after a power cut.
pub(super) fn recovers_check() -> Check {
    Check::Recovers(Recovers {
        from: "power_cut".to_owned(),
        to: "ready".into(),
        within: Duration::from_millis(500),
        stages: None,
    })
}

fn recovers() -> Vec<Case> {
    let check = recovers_check();
    let from_reset = Check::Recovers(Recovers {
        from: "reset".to_owned(),
        to: "ready".into(),
        within: Duration::from_millis(500),
        stages: None,
    });
    let ready = |ms: u64, tape: Tape| tape.ms(ms).signal("ready");
    vec![
        case("in time", &check, Pass, ready(400, start().power_cut()).ms(900).end()),
        case("in the last moment", &check, Pass, ready(500, start().power_cut()).ms(900).end()),
        case("a nanosecond late", &check, Fail, ready(500, start().power_cut().ns(1)).ms(900).end()),
        case(
            "the hold does not count",
            &check,
            Pass,
            ready(400, start().power_off(1).ms(2000).power_on()).ms(900).end(),
        ),
        absent("never", &check, start().power_cut().ms(900).end()),
        absent("before the fault only", &check, start().signal("ready").power_cut().ms(900).end()),
        absent(
            "still in the pipes when the power was gone",
            &check,
            start().power_off(1).ms(1).signal("ready").ms(200).power_on().ms(900).end(),
        ),
        absent(
            "still in the pipes, and nothing had to be done to revert",
            &check,
            start().power_off(1).ms(1).signal("ready").reverted().ms(900).end(),
        ),
        case(
            "before a slow supply reported that it is on",
            &check,
            Pass,
            start()
                .power_off(1)
                .ms(200)
                .action(crate::action::Action::Power { on: true })
                .ms(30)
                .signal("ready")
                .acted()
                .reverted()
                .ms(900)
                .end(),
        ),
        case("another signal", &check, Fail, start().power_cut().ms(10).boot("x").ms(900).end()).absent(),
        absent(
            "the second time not",
            &check,
            ready(9, start().power_cut()).ms(900).power_cut().ms(900).end(),
        ),
        absent("the first time not", &check, ready(9, start().power_cut().ms(900).power_cut()).ms(900).end()),
        absent(
            "the next fault's recovery is not this one's",
            &check,
            ready(9, start().power_cut().ms(900).reset(2)).ms(900).end(),
        ),
        case(
            "overtaken by the next fault, which is recovered from",
            &check,
            Pass,
            ready(9, start().power_cut().ms(499).power_cut()).ms(900).end(),
        ),
        case(
            "overtaken by a fault of another kind",
            &check,
            Inconclusive,
            start().power_cut().ms(499).reset(2).ms(900).end(),
        ),
        absent(
            "the next fault struck when the time was just over",
            &check,
            start().power_cut().ms(500).reset(2).end(),
        ),
        case("the method ended too soon", &check, Inconclusive, start().power_cut().ms(499).end()),
        case(
            "only seen in teardown, too soon to tell",
            &check,
            Inconclusive,
            start().power_cut().ms(100).phase(Phase::Teardown).signal("ready").ms(900),
        ),
        case(
            "what strikes in teardown does not prove that we watched until then",
            &check,
            Inconclusive,
            start().power_cut().ms(100).phase(Phase::Teardown).ms(900).reset(2),
        ),
        case("no fault", &check, Inconclusive, start().signal("ready").end()),
        case("another kind of fault", &check, Inconclusive, ready(9, start().reset(1)).confirmed().end()),
        case(
            "never seen to bite",
            &check,
            Inconclusive,
            start().armed("power_cut", 1).fired().injected().reverted().ms(900).end(),
        ),
        case(
            "not reverted: from the injection",
            &from_reset,
            Pass,
            ready(500, start().reset(1)).confirmed().end(),
        ),
        case("and no later", &from_reset, Fail, ready(501, start().reset(1)).confirmed().end()),
    ]
}

impl Case {
    fn absent(self) -> Self {
        Self { by_absence: true, ..self }
    }
}

fn durable() -> Vec<Case> {
    let check = Check::Durable(Durable { setting: "target".into() });
    let again = |tape: Tape| tape.power_cut().ms(50).boot("power_on").ms(50);
    let set = |value: &str| start().set("target", value);
    let cut_short =
        |tape: Tape, value: &str| tape.ask("target", value).sent("set").ended(2, StepOutcome::CutShort);
    vec![
        case("kept", &check, Pass, again(set("22.5")).read("target", "22.5").end()),
        case("kept, written otherwise", &check, Pass, again(set("22.5")).read("target", "22.50").end()),
        case("lost", &check, Fail, again(set("20").set("target", "22.5")).read("target", "20").end()),
        case("torn", &check, Fail, again(set("22.5")).read("target", "22").end()),
        case(
            "the new one, asked for when cut",
            &check,
            Pass,
            again(cut_short(set("20"), "25")).read("target", "25").end(),
        ),
        case(
            "the old one, the new one asked for when cut",
            &check,
            Pass,
            again(cut_short(set("20"), "25")).read("target", "20").end(),
        ),
        case("a mix of both", &check, Fail, again(cut_short(set("20"), "25")).read("target", "24").end()),
        case(
            "an older one than acknowledged",
            &check,
            Fail,
            again(cut_short(set("19").set("target", "20"), "25")).read("target", "19").end(),
        ),
        case(
            "one asked for before what was acknowledged",
            &check,
            Fail,
            again(cut_short(start(), "19").set("target", "20")).read("target", "19").end(),
        ),
        case(
            "asked for before a late answer to the one before",
            &check,
            Pass,
            again(cut_short(start(), "19").ask("target", "20").sent("set").ack("target", "19"))
                .read("target", "20")
                .end(),
        ),
        case(
            "refused",
            &check,
            Fail,
            again(set("20").ask("target", "99").sent("set").refused("set")).read("target", "99").end(),
        ),
        case(
            "something else was refused",
            &check,
            Pass,
            again(set("20").ask("target", "25").sent("set").sent("hang").refused("hang"))
                .read("target", "25")
                .end(),
        ),
        case(
            "something sent before was refused",
            &check,
            Pass,
            again(set("20").ask("target", "25").sent("set").refused("hang")).read("target", "25").end(),
        ),
        case(
            "a later step was refused",
            &check,
            Pass,
            again(cut_short(set("20"), "25").sent("set").refused("set")).read("target", "25").end(),
        ),
        case(
            "refused only after a restart, so something else was",
            &check,
            Pass,
            again(set("20").ask("target", "25").sent("set")).refused("set").read("target", "25").end(),
        ),
        case(
            "another setting was refused",
            &check,
            Pass,
            again(set("20").ask("target", "25").sent("set").ask("mode", "9").sent("set").refused("set"))
                .read("target", "25")
                .end(),
        ),
        case("wrong without any restart", &check, Fail, set("20").read("target", "21").end()),
        case(
            "wrong once, then right",
            &check,
            Fail,
            again(again(set("20")).read("target", "7")).read("target", "20").end(),
        ),
        case(
            "right once, then wrong",
            &check,
            Fail,
            again(again(set("20")).read("target", "20")).read("target", "7").end(),
        ),
        case(
            "other settings",
            &check,
            Pass,
            again(set("20").set("mode", "7")).read("mode", "3").read("target", "20").end(),
        ),
        case("began with it", &check, Pass, again(start().read("target", "18")).read("target", "18").end()),
        case(
            "did not begin with it",
            &check,
            Fail,
            again(start().read("target", "18")).read("target", "0").end(),
        ),
        case(
            "a reset is a restart too",
            &check,
            Pass,
            set("20").reset(2).boot("pin").read("target", "20").end(),
        ),
        case(
            "a rail seen off is too",
            &check,
            Pass,
            set("20").rail(false).rail(true).read("target", "20").end(),
        ),
        case(
            "restarted before, not after",
            &check,
            Inconclusive,
            again(start()).set("target", "20").read("target", "20").end(),
        ),
        case(
            "restarted before the last value, not after",
            &check,
            Inconclusive,
            again(set("20")).set("target", "21").read("target", "21").end(),
        ),
        case(
            "either what was asked for, or what was there before",
            &check,
            Inconclusive,
            again(again(cut_short(start(), "25")).read("target", "25")).read("target", "18").end(),
        ),
        case("never read", &check, Inconclusive, again(set("20")).end()),
        case("only another one was read", &check, Inconclusive, again(set("20")).read("mode", "20").end()),
        case("nothing to compare with", &check, Inconclusive, again(start()).read("target", "20").end()),
        case(
            "only asked for, or there from the beginning",
            &check,
            Inconclusive,
            again(cut_short(start(), "25")).read("target", "25").end(),
        ),
    ]
}

fn reset_cause() -> Vec<Case> {
    let after =
        |after: &str, is: &str| Check::ResetCause(ResetCause { after: after.to_owned(), is: is.to_owned() });
    let check = after("power_cut", "power_on");
    let hang = after("hang", "watchdog");
    vec![
        case("right", &check, Pass, start().power_cut().boot("power_on").end()),
        case(
            "only the first counts",
            &check,
            Pass,
            start().power_cut().boot("power_on").boot("watchdog").end(),
        ),
        case("wrong", &check, Fail, start().power_cut().boot("watchdog").boot("power_on").end()),
        case(
            "the one before is another's",
            &check,
            Fail,
            start().boot("power_on").power_cut().boot("pin").end(),
        ),
        case(
            "the second is wrong",
            &check,
            Fail,
            start().power_cut().boot("power_on").power_cut().boot("pin").end(),
        ),
        case(
            "the first is wrong",
            &check,
            Fail,
            start().power_cut().boot("pin").power_cut().boot("power_on").end(),
        ),
        absent("no boot", &check, start().power_cut().ms(900).end()),
        absent(
            "a boot in teardown only",
            &check,
            start().power_cut().phase(Phase::Teardown).boot("power_on"),
        ),
        case("wrong outweighs absent", &check, Fail, start().power_cut().boot("pin").power_cut().end()),
        case("no such group", &check, Inconclusive, start().power_cut().signal("boot").end()),
        case("no fault", &check, Inconclusive, start().boot("power_on").end()),
        case("another fault", &check, Inconclusive, start().reset(1).boot("power_on").confirmed().end()),
        case(
            "overtaken",
            &check,
            Inconclusive,
            start().power_cut().reset(2).boot("power_on").confirmed().end(),
        ),
        case(
            "overtaken by itself, then right",
            &check,
            Pass,
            start().power_cut().power_cut().boot("power_on").end(),
        ),
        case(
            "never seen to bite",
            &check,
            Inconclusive,
            start().armed("power_cut", 1).fired().injected().reverted().boot("watchdog").end(),
        ),
        case(
            "printed before the cut, read after it",
            &check,
            Pass,
            start().power_off(1).boot("watchdog").ms(200).power_on().boot("power_on").end(),
        ),
        case(
            "before a slow supply reported that it is on",
            &check,
            Pass,
            start()
                .power_off(1)
                .action(crate::action::Action::Power { on: true })
                .boot("power_on")
                .acted()
                .reverted()
                .end(),
        ),
        case("after a command", &hang, Pass, start().sent("hang").ms(900).boot("watchdog").end()),
        case("after a command, wrong", &hang, Fail, start().sent("hang").ms(900).boot("pin").end()),
        absent("after a command, none", &hang, start().sent("hang").ms(900).end()),
        case("after another command", &hang, Inconclusive, start().sent("get").boot("watchdog").end()),
        case(
            "a command and a fault",
            &hang,
            Inconclusive,
            start().sent("hang").power_cut().boot("power_on").end(),
        ),
    ]
}

pub(super) fn cases() -> Vec<Case> {
    [
        seen(),
        never(),
        boots_at_most(),
        recovers(),
        durable(),
        reset_cause(),
        responses::cases(),
        service::cases(),
        looks::cases(),
        network::cases(),
        trust::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

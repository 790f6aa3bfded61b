//! Whether each fault bit.

use super::line;
use super::method::Walk;
use crate::check::{FaultWindow, Timeline, elapsed};
use crate::event::{EventNo, What};
use crate::fault::{Fault, Lowering};
use crate::network::{MqttSeen, Traffic};
use crate::plan::Plan;
use crate::verdict::{Finding, Judged};

/// One line for each fault that was armed, and one for each that should have been.
pub(super) fn judge(plan: &Plan, timeline: &Timeline<'_>, walk: &Walk<'_>) -> Vec<Judged> {
    let armed = timeline.faults();
    let mut lines: Vec<_> = armed
        .iter()
        .map(|fault| {
            let title = format!("{} (fault {}, step {})", fault.kind, fault.fault, fault.step);
            line("fault", title, one(plan, fault, walk, timeline))
        })
        .collect();
    lines.extend(never_armed(&armed, walk));
    lines
}

fn one(plan: &Plan, fault: &FaultWindow<'_>, walk: &Walk<'_>, timeline: &Timeline<'_>) -> Finding {
    let planned = walk
        .steps()
        .iter()
        .find(|s| s.no == fault.step)
        .and_then(|s| s.step.fault())
        .filter(|f| f.kind() == fault.kind);
    let Some(planned) = planned else {
        return Finding::inconclusive(format!("step {} of the plan is no `{}`", fault.step, fault.kind))
            .showing([fault.armed.event.n]);
    };
    let armed = fault.armed.event.n;
    let never_fired = fault.never_fired.and_then(|m| match m.event.what {
        What::NeverFired { waited, .. } => Some((m, waited)),
        _ => None,
    });
    match (fault.injected, fault.confirmed, never_fired) {
        (None, _, Some((never, waited))) => {
            let events = timeline.marks().skip(fault.armed.place).take(never.place - fault.armed.place);
            let seen = planned
                .timing()
                .when
                .and_then(|trigger| trigger.seen(&plan.dut, &plan.board, events.map(|mark| mark.event)))
                .map_or_else(String::new, |seen| format!("; {seen} seen by then"));
            Finding::inconclusive(format!("its trigger ({}) did not come in {waited}{seen}", fault.trigger))
                .showing([armed, never.event.n])
        }
        (None, _, None) if fault.fired.is_none() => Finding::inconclusive(format!(
            "its trigger ({}) was still awaited when the run ended",
            fault.trigger
        ))
        .showing([armed]),
        (None, _, None) => Finding::inconclusive("its trigger came, but it was never injected")
            .showing([armed])
            .showing(fault.fired.map(|m| m.event.n)),
        (Some(injected), None, _) => match withheld(fault, timeline) {
            Some((why, source)) => Finding::inconclusive(format!(
                "injected at {}, but it did not reach the device: {why}",
                injected.event.at
            ))
            .showing([injected.event.n, source]),
            None => Finding::inconclusive(format!(
                "injected at {}, but it never bit: {}",
                injected.event.at,
                unconfirmed(plan, planned)
            ))
            .showing([injected.event.n]),
        },
        (Some(injected), Some(confirmed), _) => {
            let evidence = match &confirmed.event.what {
                What::Confirmed { evidence, .. } => evidence.clone(),
                _ => Vec::new(),
            };
            Finding::pass(format!(
                "injected at {}, seen to bite {} later",
                injected.event.at,
                elapsed(confirmed.event.at - injected.event.at)
            ))
            .showing([injected.event.n, confirmed.event.n])
            .showing(evidence)
        }
    }
}

/// That the broker kept its message from the device, where it did, and the event that says so.
fn withheld(fault: &FaultWindow<'_>, timeline: &Timeline<'_>) -> Option<(String, EventNo)> {
    let from = fault.fired.unwrap_or(fault.armed).place;
    let until = fault.reverted.map_or(usize::MAX, |reverted| reverted.place);
    timeline.marks().take(until).skip(from).find_map(|mark| match &mark.event.what {
        What::Traffic {
            seen: Traffic::Mqtt(MqttSeen::Withheld { bytes, limit, by: Some(by), .. }), ..
        } if by == fault.kind => Some((
            format!(
                "the broker withheld its message, for it makes a packet of {bytes} bytes and the device takes none \
                 over {limit} (Maximum Packet Size in its CONNECT); choose a smaller message, or `mqtt_oversized`, \
                 which is sent all the same"
            ),
            mark.event.n,
        )),
        _ => None,
    })
}

/// Why it counts as not having bitten, in the fault's own words.
fn unconfirmed(plan: &Plan, fault: &Fault) -> &'static str {
    fault.lower(&Lowering { seed: plan.seed, dut: &plan.dut, board: &plan.board }).confirm.text
}

/// The faults of the plan that a whole run should have armed (more often). Of a method that ended early, those whose
/// step was reached: the others are the method line's business.
fn never_armed(armed: &[FaultWindow<'_>], walk: &Walk<'_>) -> Vec<Judged> {
    let mut lines = Vec::new();
    if !walk.completed() {
        return lines;
    }
    for numbered in walk.steps() {
        let Some(fault) = numbered.step.fault() else { continue };
        let times = armed.iter().filter(|f| f.step == numbered.no && f.kind == fault.kind()).count() as u64;
        let begun = walk.begun(numbered.no);
        // Inside another fault the plan cannot say how often; once at least, or it might as well not stand there.
        let least = if walk.to_the_end() { numbered.times.unwrap_or(1).max(begun) } else { begun };
        if times < least {
            let title = format!("{} (step {})", fault.kind(), numbered.no);
            let reason = format!("armed {times} of {least} times");
            lines.push(line("fault", title, Finding::inconclusive(reason)));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::super::judge;
    use super::super::tests::plan;
    use crate::check::tape::{DIGEST, Tape};
    use crate::check::{Check, Seen};
    use crate::language::{Decode, Diagnostics, parse};
    use crate::network::{Conn, MqttSeen, Traffic};
    use crate::step::Step;
    use crate::verdict::Finding;
    use crate::verdict::Verdict::{Inconclusive, Pass};

    fn withheld(by: Option<&str>) -> Traffic {
        Traffic::Mqtt(MqttSeen::Withheld {
            conn: Conn(1),
            topic: "devices/dut/command".to_owned(),
            bytes: 61_512,
            limit: 4096,
            by: by.map(str::to_owned),
        })
    }

    /// What is said of a `payload` fault, while which `seen` happened.
    fn said(seen: impl FnOnce(Tape) -> Tape) -> Finding {
        let node = parse("payload: {as: huge}").unwrap();
        let step = Step::decode(&node, &mut Diagnostics::new()).unwrap();
        let check = Check::Seen(Seen { signal: "ready".into(), fields: Default::default(), at_least: 1 });
        let tape = seen(Tape::steady().step(1).armed("payload", 1).fired().injected());
        let tape = tape.reverted().done(1).signal("ready").end();
        let judgement = judge(&plan(vec![step], vec![check]), DIGEST, &tape.events);
        judgement.groundwork.into_iter().find(|line| line.kind == "fault").unwrap().finding
    }

    #[test]
    fn a_message_that_the_broker_withheld_is_told_with_its_size_and_the_limit() {
        let mut event = None;
        let found = said(|tape| {
            let tape = tape.traffic(withheld(Some("payload")));
            event = Some(tape.last());
            tape
        });
        assert_eq!(found.verdict, Inconclusive);
        insta::assert_snapshot!(found.reason, @"injected at 0.500s, but it did not reach the device: the broker withheld its message, for it makes a packet of 61512 bytes and the device takes none over 4096 (Maximum Packet Size in its CONNECT); choose a smaller message, or `mqtt_oversized`, which is sent all the same");
        assert!(event.is_some_and(|event| found.evidence.contains(&event)), "{found:?}");
    }

    #[test]
    fn what_was_withheld_of_others_is_no_reason() {
        for by in [None, Some("mqtt_flood")] {
            let found = said(|tape| tape.traffic(withheld(by)));
            assert_eq!(found.verdict, Inconclusive);
            assert!(found.reason.contains("it never bit"), "{found:?}");
        }
        // Of several messages one reached the device.
        let found = said(|tape| tape.traffic(withheld(Some("payload"))).confirmed());
        assert_eq!(found.verdict, Pass);
    }
}

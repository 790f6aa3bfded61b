//! Random plans in a world where much goes wrong.

use super::world::{DIGEST, Flaws, Mishaps, World, plan};
use super::{after, cut, example_of, flash_op, get, on_boot, on_signal, pause, reset, send, set, wait};
use crate::check::{BootsAtMost, Check, Durable, Never, Recovers, ResetCause, Seen};
use crate::event::{Ended, EventNo, What};
use crate::fault::Fault;
use crate::judge::judge;
use crate::port::Port;
use crate::step::{Repeat, Step};
use crate::time::{Duration, Instant};
use crate::trigger::{Milestone, Trigger};
use crate::verdict::Verdict;
use proptest::prelude::*;

fn any_trigger() -> impl Strategy<Value = Option<Trigger>> {
    let milestone = prop_oneof![
        Just(Milestone::Armed),
        Just(Milestone::PowerOn),
        Just(Milestone::Sent),
        Just(Milestone::Acknowledged)
    ];
    let signal = prop_oneof![Just("ready"), Just("control"), Just("panic")];
    prop_oneof![
        Just(None),
        (milestone, 0_u64..40).prop_map(|(event, by)| Some(after(event, by))),
        (signal, 1_u64..3, 0_u64..40).prop_map(|(name, nth, by)| Some(on_signal(name, nth, by))),
        (1_u64..3, 0_u64..40).prop_map(|(nth, by)| Some(on_boot(nth, by))),
        (1_u64..4).prop_map(|nth| Some(flash_op(nth))),
    ]
}

fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    let leaf = prop_oneof![
        prop_oneof![Just("boot"), Just("ready"), Just("control"), Just("panic")]
            .prop_map(|signal| wait(signal, 300)),
        (1_u64..300).prop_map(pause),
        (20_u32..25).prop_map(|value| set(&value.to_string())),
        Just(get()),
        Just(send("hang")),
    ];
    let step = leaf.prop_recursive(3, 12, 3, |inner| {
        let steps = || prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            (any_trigger(), steps()).prop_map(|(when, during)| cut(when, during)),
            (any_trigger(), steps()).prop_map(|(when, during)| reset(when, during)),
            (0..Fault::TABLE.len(), any_trigger(), steps(), steps()).prop_map(
                |(kind, when, during, inside)| {
                    let mut step = example_of(Fault::TABLE[kind].0);
                    if let Step::Fault(fault) = &mut step {
                        let timing = fault.timing_mut();
                        (*timing.when, *timing.during) = (when, during);
                        if let Some(meanwhile) = timing.meanwhile {
                            *meanwhile = inside;
                        }
                    }
                    step
                }
            ),
            (1_u32..4, steps()).prop_map(|(times, steps)| Step::Repeat(Repeat { times, steps })),
        ]
    });
    prop::collection::vec(step, 0..4)
}

fn any_flaws() -> impl Strategy<Value = Flaws> {
    let rarely = || prop::bool::weighted(0.1);
    (rarely(), rarely(), rarely(), rarely(), rarely(), rarely(), rarely()).prop_map(
        |(mute, never_ready_again, forgets, refuses, wrong_cause, deaf, sulks)| Flaws {
            mute,
            never_ready_again,
            forgets,
            refuses,
            wrong_cause,
            deaf,
            sulks,
            mute_again: sulks,
        },
    )
}

fn any_mishaps() -> impl Strategy<Value = Mishaps> {
    let moment = || (0_u64..3_000_000_000).prop_map(Instant);
    let port = prop_oneof![Just(Port::Debug), Just(Port::Console), Just(Port::Power)];
    (
        prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(1_u32..30, 1..3)],
        prop_oneof![8 => Just(u32::MAX), 1 => 1_u32..20],
        prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec((moment(), port), 1..3)],
        prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(moment(), 1..3)],
        prop::bool::weighted(0.2),
        0_u64..40,
        (prop::bool::weighted(0.1), prop::bool::weighted(0.1), prop::bool::weighted(0.1)),
    )
        .prop_map(|(failing, failing_from, lost, interrupts, blind, latency, (welded, blunt, dull))| {
            Mishaps {
                failing,
                failing_from,
                lost,
                interrupts,
                blind,
                latency: Duration::from_millis(latency),
                welded,
                blunt,
                dull,
            }
        })
}

fn checks() -> Vec<Check> {
    let within = Duration::from_millis(500);
    vec![
        Check::Seen(Seen { signal: "ready".into(), fields: Default::default(), at_least: 1 }),
        Check::Never(Never {
            signal: "panic".into(),
            fields: Default::default(),
            except: Default::default(),
        }),
        Check::Recovers(Recovers { from: "power_cut".to_owned(), to: "ready".into(), within, stages: None }),
        Check::Durable(Durable { setting: "target".into() }),
        Check::ResetCause(ResetCause { after: "reset".to_owned(), is: "pin".to_owned() }),
        Check::BootsAtMost(BootsAtMost { times: 2 }),
        super::samples::holds("TARGET_TENTHS", crate::check::MemoryWhen::Always, 50),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_ends_and_leaves_nothing_unpromised(
        method in any_steps(),
        flaws in any_flaws(),
        mishaps in any_mishaps(),
        expected in prop::collection::vec(0_usize..6, 0..6),
    ) {
        let expect = expected.into_iter().map(|i| checks()[i].clone()).collect();
        let plan = plan(method, expect);
        let world = World::run(&plan, flaws, mishaps.clone());
        let events = &world.events;

        prop_assert!(events.iter().zip(1..).all(|(event, n)| event.n == EventNo(n)));
        prop_assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at));
        let begun = matches!(events[0].what, What::RunStarted { .. });
        prop_assert!(begun);
        let ends = events.iter().filter(|event| matches!(event.what, What::RunEnded(_))).count();
        prop_assert_eq!(ends, 1);
        let ended = world.ended();

        for event in events {
            if let What::Injected { fault } = event.what {
                let undone = events.iter().any(|e| e.what == What::Reverted { fault });
                let needs_undoing = events.iter().any(
                    |e| matches!(&e.what, What::Armed { fault: of, kind, .. } if *of == fault && kind == "power_cut"),
                );
                prop_assert!(undone || !needs_undoing || !world.promised.is_empty(), "{}", world.text());
            }
        }
        if world.promised.is_empty() {
            prop_assert!(world.powered && world.cut.is_none(), "{}", world.text());
        } else {
            prop_assert!(!mishaps.failing.is_empty() || mishaps.failing_from != u32::MAX, "{}", world.text());
        }

        let judgement = judge(&plan, DIGEST, events);
        if ended != Ended::Completed {
            prop_assert_ne!(judgement.verdict, Verdict::Pass);
        }
        // A timeline that breaks off anywhere is judged without harm, and never passes.
        for cut in [1, events.len() / 2, events.len() - 1] {
            prop_assert_ne!(judge(&plan, DIGEST, &events[..cut]).verdict, Verdict::Pass);
        }
    }
}

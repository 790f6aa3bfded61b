//! A run that goes on from where another armed its cut records what it would have recorded from its start.
#![cfg(feature = "virtual")]
#![allow(clippy::unwrap_used, reason = "a test that meets the unexpected has failed")]

use brownout_cli::args::Selection;
use brownout_cli::project::{Bench, Project};
use brownout_core::action::{Moment, Tear};
use brownout_core::event::{Event, What};
use brownout_core::fault::Fault;
use brownout_core::plan::Plan;
use brownout_core::step::Step;
use brownout_core::trigger::{OnFlashOp, Trigger};
use brownout_engine::{
    Forked, Interrupt, Interrupter, Journal, Manifest, Onlooker, RunOrder, run, run_and_fork,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// An operation that no run reaches.
const NEVER: u64 = u64::MAX;

struct Unseen;

impl Onlooker for Unseen {
    fn event(&mut self, _: &Event) {}
}

/// The project with one scenario, and a rig.
struct World {
    project: Project,
    bench: Bench,
    runtime: tokio::runtime::Runtime,
    interrupt: Interrupt,
}

/// One recorded run: its timeline and its console.
type Recorded = (Vec<u8>, Option<Vec<u8>>);

impl World {
    fn new() -> Self {
        static NOBODY: LazyLock<(Interrupter, Interrupt)> = LazyLock::new(Interrupter::new);
        let project = Project::at(&root());
        Self {
            bench: project.bench("virtual").unwrap(),
            project,
            runtime: tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap(),
            interrupt: NOBODY.1.clone(),
        }
    }

    fn plan(&self, scenario: &str, seed: u64, defect: Option<&str>) -> Plan {
        let selection = Selection {
            scenarios: vec![root().join(format!("scenarios/{scenario}.yaml"))],
            rig: "virtual".to_owned(),
            tags: Vec::new(),
            case: None,
            seed,
            defect: defect.map(str::to_owned),
            image: None,
        };
        self.project.plans(&selection, &self.bench).unwrap().remove(0)
    }

    fn open(&self, plan: &Plan) -> brownout_ports::Bench {
        self.bench.rig.open(&self.bench.facts(), plan.seed).unwrap()
    }

    fn order(&self, plan: &Plan) -> RunOrder {
        RunOrder {
            image: self.project.image(&plan.board.image.path),
            plan: plan.clone(),
            digest: plan.digest(),
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn journal(folder: &Path, plan: &Plan) -> Journal {
    let manifest = Manifest {
        brownout: String::new(),
        started: String::new(),
        plan: plan.digest(),
        again: Vec::new(),
        control: None,
    };
    Journal::create(folder, &manifest, plan).unwrap()
}

fn recorded(folder: &Path) -> Recorded {
    (std::fs::read(folder.join("events.jsonl")).unwrap(), std::fs::read(folder.join("console.bin")).ok())
}

/// A cut, as it is asked for.
#[derive(Clone, Debug)]
struct Cut {
    nth: u64,
    moment: Moment,
    tear: Tear,
    seed: Option<u64>,
}

fn any_cut() -> impl Strategy<Value = Cut> {
    let moment = prop_oneof![1 => Just(Moment::Before), 3 => Just(Moment::During), 1 => Just(Moment::After)];
    let tear = prop_oneof![3 => Just(Tear::Random), 1 => Just(Tear::Half), 1 => Just(Tear::Nothing), 1 => Just(Tear::Full)];
    (prop_oneof![9 => 1..40_u64, 1 => Just(NEVER)], moment, tear, prop::option::of(any::<u64>()))
        .prop_map(|(nth, moment, tear, seed)| Cut { nth, moment, tear, seed })
}

fn aim(steps: &mut [Step], cut: &Cut) {
    for step in steps {
        let Step::Fault(Fault::PowerCut(fault)) = step else { continue };
        let Some(Trigger::FlashOp(trigger)) = &mut fault.when else { continue };
        let Cut { nth, moment, tear, seed } = cut.clone();
        *trigger = OnFlashOp { nth, moment, tear, seed };
    }
}

fn aimed(plan: &Plan, cut: &Cut) -> Plan {
    let mut plan = plan.clone();
    aim(&mut plan.method, cut);
    plan.case.insert("nth".to_owned(), cut.nth.to_string());
    plan
}

fn forks_are_replays(scenario: &str, seed: u64, defect: Option<&str>, cases: u32) {
    let world = World::new();
    let never = Cut { nth: NEVER, moment: Moment::During, tear: Tear::Random, seed: None };
    let trunk = aimed(&world.plan(scenario, seed, defect), &never);
    let folder = tempfile::tempdir().unwrap();
    let mut written = journal(&folder.path().join("trunk"), &trunk);
    let mut bench = world.open(&trunk);
    let order = world.order(&trunk);
    let mut unseen = Unseen;
    let first = run_and_fork(order, &mut bench, &mut written, &world.interrupt, &mut unseen);
    let (finished, fork) = world.runtime.block_on(first).unwrap();
    assert!(finished.events.iter().any(|event| matches!(event.what, What::FlashOp { .. })));
    let fork = fork.unwrap();
    // Another bench than the one that was saved, and the same for all: what one run leaves behind must not reach the next.
    let bench = std::cell::RefCell::new(world.open(&trunk));
    let forked = Forked::new(&fork, &trunk).unwrap();
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 8, ..Config::default() };
    let tried = TestRunner::new_with_rng(config, rng()).run(&any_cut(), |cut| {
        let plan = aimed(&trunk, &cut);
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (folder.path().join("forked"), folder.path().join("replayed"));
        let mut unseen = Unseen;
        let mut written = journal(&one, &plan);
        let bench = &mut *bench.borrow_mut();
        let short = forked.run(world.order(&plan), bench, &mut written, &world.interrupt, &mut unseen);
        let short = world.runtime.block_on(short).unwrap();
        let mut unseen = Unseen;
        let mut written = journal(&other, &plan);
        let mut fresh = world.open(&plan);
        let whole = run(world.order(&plan), &mut fresh, &mut written, None, &world.interrupt, &mut unseen);
        let whole = world.runtime.block_on(whole).unwrap();
        prop_assert_eq!(&short.events, &whole.events);
        prop_assert!(recorded(&one) == recorded(&other), "what is on disk differs");
        Ok(())
    });
    tried.unwrap();
}

/// The same cuts each time: a test that fails must fail again.
fn rng() -> proptest::test_runner::TestRng {
    proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha)
}

#[test]
fn a_cut_in_a_settings_write() {
    forks_are_replays("power/cut-while-writing-settings", 1, None, 12);
}

#[test]
fn a_cut_that_the_firmware_does_not_survive() {
    forks_are_replays("power/cut-while-writing-settings", 2, Some("acks_before_saving"), 8);
}

#[test]
fn a_torn_write() {
    forks_are_replays("power/torn-write-does-not-brick", 3, None, 8);
}

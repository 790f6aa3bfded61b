//! Runs that are the same up to the arming of a power cut, run once up to there.
//!
//! The bench is put back to where it was ([`Checkpoint`](brownout_ports::Checkpoint)). The run machine needs no such
//! thing: it is pure, so a new one is told what the first was told, and asks for the same. That it does is checked, and
//! its own plan, case and digest stand in its timeline from the first event on.

use crate::pump::{Finished, Onlooker, Pump, PumpError, RunOrder};
use crate::{Interrupt, Journal};
use brownout_core::action::{Action, ActionId, Done};
use brownout_core::machine::Machine;
use brownout_core::names::Dut;
use brownout_core::plan::Plan;
use brownout_core::port::PortError;
use brownout_core::time::Instant;
use brownout_ports::{Bench, Report, Saved};
use std::collections::VecDeque;

/// A run that has come to the arming of its first power cut.
#[derive(Debug)]
pub struct Fork {
    /// What the pump heard until then, in order.
    pub(crate) heard: Vec<Heard>,
    /// What the machine asked for until then.
    pub(crate) asked: VecDeque<Asked>,
    /// Actions that have ended without the machine having been told.
    pub(crate) done: VecDeque<(ActionId, Result<Done, PortError>)>,
    /// What was seen without the machine having been told.
    pub(crate) unheard: VecDeque<Report>,
    /// The bench's time at which the run began.
    pub(crate) origin: Instant,
    saved: Saved,
}

/// Something that the machine was told.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    Report(Report),
    Ended(ActionId, Result<Done, PortError>, Instant),
    Tick(Instant),
}

/// Something that the machine asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    pub(crate) id: ActionId,
    pub(crate) dut: Dut,
    pub(crate) action: Action,
}

/// Keeps what is said between machine and world until a cut is armed.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    heard: Vec<Heard>,
    asked: VecDeque<Asked>,
    fork: Option<Fork>,
    /// It has forked, or cannot.
    over: bool,
}

impl Recorder {
    pub(crate) fn hear(&mut self, heard: impl FnOnce() -> Heard) {
        if !self.over {
            self.heard.push(heard());
        }
    }

    pub(crate) fn ask(&mut self, asked: impl FnOnce() -> Asked) {
        if !self.over {
            self.asked.push_back(asked());
        }
    }

    /// Whether this action is where runs part.
    pub(crate) const fn forks_at(&self, action: &Action) -> bool {
        matches!(action, Action::ArmCut(_)) && !self.over
    }

    /// Keeps the fork, if the bench could be saved.
    pub(crate) fn fork(
        &mut self,
        saved: Option<Saved>,
        done: VecDeque<(ActionId, Result<Done, PortError>)>,
        unheard: VecDeque<Report>,
        origin: Instant,
    ) {
        self.over = true;
        let (heard, asked) = (std::mem::take(&mut self.heard), std::mem::take(&mut self.asked));
        self.fork = saved.map(|saved| Fork { heard, asked, done, unheard, origin, saved });
    }
}

/// Makes forked runs on one bench.
pub struct Forked<'a> {
    fork: &'a Fork,
    pattern: Machine,
}

impl<'a> Forked<'a> {
    /// Runs of plans like `plan`.
    ///
    /// # Errors
    /// The plan holds a pattern that does not compile.
    pub fn new(fork: &'a Fork, plan: &Plan) -> Result<Self, PumpError> {
        Ok(Self { fork, pattern: Machine::new(plan.clone(), String::new())? })
    }

    /// Runs a plan that is the same as that of the first run until the cut is armed. What is recorded is what
    /// [`run`](crate::run) would record.
    ///
    /// # Errors
    /// The run could not be recorded, or it asked for something else before the cut was armed.
    pub async fn run(
        &self,
        order: RunOrder,
        bench: &mut Bench,
        journal: &mut Journal,
        interrupt: &Interrupt,
        onlooker: &mut dyn Onlooker,
    ) -> Result<Finished, PumpError> {
        let checkpoint = bench.checkpoint.clone().ok_or(PumpError::Parted)?;
        checkpoint.restore(&self.fork.saved).map_err(|_| PumpError::Parted)?;
        while bench.reports.try_recv().is_ok() {}
        let mut pump = Pump::new(order, Some(&self.pattern), bench, self.fork.origin)?;
        pump.retell(self.fork, bench, journal, onlooker)?;
        pump.live(bench, journal, None, interrupt, onlooker).await?;
        pump.finish().map(|(finished, _)| finished)
    }
}

/// As [`run`](crate::run), for a rig that does not outlive the process; also where runs that differ only in what their
/// first armed power cut does can go on from. `None`: none was armed, or the bench cannot be saved.
///
/// # Errors
/// As [`run`](crate::run).
pub async fn run_and_fork(
    order: RunOrder,
    bench: &mut Bench,
    journal: &mut Journal,
    interrupt: &Interrupt,
    onlooker: &mut dyn Onlooker,
) -> Result<(Finished, Option<Fork>), PumpError> {
    let origin = bench.clock.now();
    let mut pump = Pump::new(order, None, bench, origin)?;
    pump.record();
    pump.begin();
    pump.live(bench, journal, None, interrupt, onlooker).await?;
    let (finished, recorder) = pump.finish()?;
    Ok((finished, recorder.and_then(|recorder| recorder.fork)))
}

//! The run machine: a plan walked step by step, sans-io.
//!
//! Time and everything that happens come in through [`Machine::handle`]; what to do and what to write down comes out
//! of [`Machine::output`]. The machine never waits: [`Machine::deadline`] says when it wants to be called again.
//!
//! Inside, everything that happens becomes an event first, and everything that is going on (a wait, a command, a
//! fault) looks only at events. So the timeline holds all that decided the run.

mod actions;
mod ask;
mod context;
mod matcher;
mod samples;
mod sequence;
mod steady;
mod strike;
#[cfg(test)]
mod tests;

use crate::action::{Action, Input, Output, Reset, Seen};
use crate::event::{Ended, Event, Phase, StepOutcome, What};
use crate::plan::Plan;
use crate::port::Port;
use crate::time::{Duration, Instant};
use actions::Actions;
use context::Cx;
pub use matcher::BadPattern;
use matcher::Matcher;
use samples::Samples;
use sequence::{Numbered, Sequence};
use std::rc::Rc;
use steady::SteadyState;

/// A run in progress.
pub struct Machine {
    cx: Cx,
    stage: Stage,
    samples: Samples,
}

enum Stage {
    /// [`Input::Begin`] has not come.
    Waiting,
    /// The device is brought to a known state.
    Arranging(Actions),
    /// The device starts afresh; with the promise that its power comes back, if it is taken away for that.
    Starting(Actions, Option<u32>),
    /// The device shows that it works.
    Steadying(SteadyState),
    /// The method.
    Walking(Sequence),
    /// The method is over; faults not yet confirmed may still be.
    Settling,
    /// What checks want to know of the device's memory at the end is read.
    LastLook,
    /// Everything is undone and let go.
    TearingDown(Actions, Ended),
    /// Nothing more will come.
    Over,
}

impl Machine {
    /// Prepares a run.
    ///
    /// # Errors
    /// A pattern of the plan that does not compile. Plans made by the resolver have none; a `plan.json` edited by
    /// hand may.
    pub fn new(plan: Plan, digest: String) -> Result<Self, BadPattern> {
        let matcher = Rc::new(Matcher::new(&plan.board, &plan.dut)?);
        Ok(Self::with(matcher, plan, digest))
    }

    /// Prepares a run as [`Self::new`] does. Where its board is that of `other`, so are its compiled patterns.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn like(other: &Self, plan: Plan, digest: String) -> Result<Self, BadPattern> {
        if plan.board != other.cx.plan.board || !other.cx.matcher.is_of(&plan.dut) {
            return Self::new(plan, digest);
        }
        Ok(Self::with(Rc::clone(&other.cx.matcher), plan, digest))
    }

    fn with(matcher: Rc<Matcher>, plan: Plan, digest: String) -> Self {
        let samples = Samples::of(&plan);
        Self { cx: Cx::new(plan, digest, matcher), stage: Stage::Waiting, samples }
    }

    /// Takes in what happened. `now` never goes back; an earlier one counts as the last.
    pub fn handle(&mut self, now: Instant, input: Input) {
        if matches!(self.stage, Stage::Over) {
            return;
        }
        self.cx.now = self.cx.now.max(now);
        if matches!(self.stage, Stage::Waiting) {
            // A timeline begins with its run, also that of a run that is stopped before it began.
            match input {
                Input::Begin => {}
                Input::Interrupt => self.cx.log_start(),
                Input::Sighting(_) | Input::Acted { .. } | Input::Tick => return,
            }
        }
        match input {
            Input::Begin => self.begin(),
            Input::Sighting(sighting) => self.cx.sight(sighting.dut, sighting.what),
            Input::Acted { id, result } => {
                self.cx.ended(id, result);
            }
            Input::Tick => {}
            Input::Interrupt => {
                self.cx.log(What::Interrupted);
            }
        }
        self.pump();
    }

    /// What the machine wants of the world, in order.
    pub fn output(&mut self) -> Option<Output> {
        self.cx.take_output()
    }

    /// When the machine wants [`Input::Tick`], if nothing else happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let samples = || self.samples.deadline(&self.cx);
        match &self.stage {
            Stage::Steadying(steady) => Some(steady.deadline()),
            Stage::Walking(sequence) => sequence.deadline().into_iter().chain(samples()).min(),
            Stage::Settling => self.cx.unconfirmed_until().into_iter().chain(samples()).min(),
            Stage::LastLook => samples(),
            Stage::Waiting
            | Stage::Arranging(_)
            | Stage::Starting(..)
            | Stage::TearingDown(..)
            | Stage::Over => None,
        }
    }

    fn begin(&mut self) {
        if !matches!(self.stage, Stage::Waiting) {
            return;
        }
        self.cx.log_start();
        self.cx.log(What::Phase(Phase::Arrange));
        let has = |port| self.cx.plan.drivers.contains_key(&port);
        let mut script = Vec::new();
        if has(Port::Console) {
            script.push(Action::OpenConsole);
        }
        if has(Port::Power) {
            script.push(Action::Power { on: true });
        }
        if has(Port::Services) {
            script.push(Action::StartServices);
        }
        if has(Port::Debug) {
            script.extend([Action::Attach, Action::Program]);
        }
        if has(Port::Link) {
            script.push(Action::Connect);
        }
        self.stage = Stage::Arranging(Actions::new(script));
    }

    /// Lets everything look at what has just been logged, and go on as far as it can.
    fn pump(&mut self) {
        loop {
            while let Some(event) = self.cx.next_fresh() {
                self.cx.confirm(&event);
                self.see(&event);
            }
            self.advance();
            if !self.cx.has_fresh() {
                return;
            }
        }
    }

    fn see(&mut self, event: &Event) {
        let unread = self.samples.see(event, &mut self.cx);
        match &mut self.stage {
            Stage::Arranging(actions) | Stage::Starting(actions, _) => {
                actions.see(event);
            }
            Stage::Steadying(steady) => steady.see(event),
            Stage::Walking(sequence) => sequence.see(event, &mut self.cx),
            Stage::TearingDown(actions, _) => {
                // Here a failure is only noted: the rest must still be undone.
                actions.see(event);
                self.cx.note_reverts(event);
                return;
            }
            Stage::Waiting | Stage::Settling | Stage::LastLook | Stage::Over => {}
        }
        match &event.what {
            What::Interrupted => self.tear_down(Ended::Interrupted),
            // What a check wants to look at may be out of reach because of a fault.
            What::ActionFailed { .. } if unread && self.cx.in_a_fault() => {}
            What::ActionFailed { error, .. } => self.tear_down(Ended::RigFailed { why: error.to_string() }),
            What::Lost { error, .. } if !self.cx.in_a_fault() => {
                self.tear_down(Ended::RigFailed { why: format!("lost the {error}") });
            }
            _ => {}
        }
    }

    /// Moves to the next stage when the present one is through.
    fn advance(&mut self) {
        match &mut self.stage {
            Stage::Arranging(actions) => {
                if actions.poll(&mut self.cx) {
                    self.cx.log(What::Phase(Phase::Steady));
                    self.cx.mark();
                    let script = self.start_afresh();
                    let cycles = script.contains(&Action::Power { on: false });
                    let owed = cycles.then(|| self.cx.promise(None, Action::Power { on: true }));
                    self.stage = Stage::Starting(Actions::new(script), owed);
                    self.advance();
                }
            }
            Stage::Starting(actions, owed) => {
                if actions.poll(&mut self.cx) {
                    if let Some(owed) = owed.take() {
                        self.cx.keep(owed);
                    }
                    let conditions = self.cx.plan.steady.clone();
                    let mut steady = SteadyState::new(conditions, self.cx.now);
                    for event in self.cx.since_mark() {
                        steady.see(event);
                    }
                    self.stage = Stage::Steadying(steady);
                    self.advance();
                }
            }
            Stage::Steadying(steady) => match steady.poll(self.cx.now) {
                steady::Status::Going => {}
                steady::Status::Reached => {
                    self.cx.log(What::Phase(Phase::Method));
                    self.samples.begin(self.cx.now);
                    let script = Numbered::number(&self.cx.plan.method);
                    self.stage = Stage::Walking(Sequence::new(script));
                    self.advance();
                }
                steady::Status::Missed(mut missing) => {
                    missing.push_str(&self.cx.last_words());
                    self.tear_down(Ended::NotSteady { missing });
                }
            },
            Stage::Walking(sequence) => {
                if sequence.poll(&mut self.cx).is_some() {
                    self.stage = Stage::Settling;
                    self.advance();
                } else {
                    self.samples.poll(&mut self.cx);
                }
            }
            Stage::Settling => {
                if self.cx.unconfirmed_until().is_none_or(|until| self.cx.now >= until) {
                    self.samples.end(self.cx.now);
                    self.stage = Stage::LastLook;
                    self.advance();
                } else {
                    self.samples.poll(&mut self.cx);
                }
            }
            Stage::LastLook => {
                self.samples.poll(&mut self.cx);
                if self.samples.is_over(&self.cx) {
                    self.tear_down(Ended::Completed);
                }
            }
            Stage::TearingDown(actions, ended) => {
                // What is still being done must end before it is undone, lest it be done after.
                let in_the_way = actions.is_idle() && self.cx.is_acting();
                if !in_the_way && actions.poll(&mut self.cx) {
                    let ended = ended.clone();
                    self.cx.log(What::RunEnded(ended));
                    self.cx.finish();
                    self.stage = Stage::Over;
                }
            }
            Stage::Waiting | Stage::Over => {}
        }
    }

    /// A programmed device stands halted: reset it. One that was not programmed is switched off and on, if possible.
    fn start_afresh(&self) -> Vec<Action> {
        let has = |port| self.cx.plan.drivers.contains_key(&port);
        let mut script = Vec::new();
        if has(Port::FlashTrace) {
            script.push(Action::TraceFlash { on: true });
        }
        if has(Port::Debug) {
            script.push(Action::Reset { how: Reset::Soft });
        } else if has(Port::Power) {
            script.extend([Action::Power { on: false }, Action::Power { on: true }]);
        }
        script
    }

    fn tear_down(&mut self, ended: Ended) {
        if let Stage::Walking(sequence) = &mut self.stage {
            sequence.stop(&mut self.cx, StepOutcome::Abandoned);
        }
        self.cx.log(What::Phase(Phase::Teardown));
        let mut script = self.cx.open_reverts();
        if self.cx.plan.drivers.contains_key(&Port::FlashTrace) {
            script.push(Action::TraceFlash { on: false });
        }
        if self.cx.plan.drivers.contains_key(&Port::Link) {
            script.push(Action::Disconnect);
        }
        if self.cx.plan.drivers.contains_key(&Port::Services) {
            script.push(Action::StopServices);
        }
        if self.cx.plan.drivers.contains_key(&Port::Debug) {
            script.push(Action::Detach);
        }
        self.stage = Stage::TearingDown(Actions::stubborn(script), ended);
        self.advance();
    }
}

/// How long a settling run waits at most, for documentation and tests: the longest confirmation of any fault.
pub const SETTLE_AT_MOST: Duration = Duration::from_secs(30);

impl Cx {
    /// Turns what a port saw into events.
    fn sight(&mut self, dut: crate::names::Dut, seen: Seen) {
        match seen {
            Seen::Line { text, offset } => {
                let source = self.log(What::Console { dut: dut.clone(), text: text.clone(), offset });
                self.last_line = Some(text.clone());
                for (name, fields) in self.matcher.in_line(&text) {
                    self.signal(dut.clone(), name, fields, source);
                }
            }
            Seen::Log { level, text } => {
                let source = self.log(What::Log { dut: dut.clone(), level, text: text.clone() });
                for (name, fields) in self.matcher.in_log(&text) {
                    self.signal(dut.clone(), name, fields, source);
                }
            }
            Seen::Rail { on } => {
                self.log(What::Rail { dut, on });
            }
            Seen::Flash(op) => {
                self.log(What::FlashOp { dut, op });
            }
            Seen::Halted { address, pc } => {
                self.log(What::Halted { dut, address, pc });
            }
            Seen::Voltage { millivolts } => {
                self.log(What::Voltage { dut, millivolts });
            }
            Seen::Touched { input, times } => {
                self.log(What::Touched { dut, input, times });
            }
            Seen::Traffic(seen) => {
                let service = self.service_of(&seen);
                let recognised = self.matcher.in_traffic(&seen, service);
                let source = self.log(What::Traffic { dut: dut.clone(), seen });
                for (name, fields) in recognised {
                    self.signal(dut.clone(), name, fields, source);
                }
            }
            Seen::Met { name, times } => {
                self.log(What::Met { dut, name, times });
            }
            Seen::Lost(error) => {
                self.log(What::Lost { dut, error });
            }
        }
    }
}

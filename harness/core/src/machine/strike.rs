//! One fault: armed, fired, injected, held, reverted.

use super::actions::Actions;
use super::context::Cx;
use super::sequence::{End, Sequence};
use crate::action::Action;
use crate::event::{Event, EventNo, FaultNo, StepNo, StepOutcome, What};
use crate::fault::{AtBreakpoint, Evidence, Fault, Lowered, Lowering, Move};
use crate::time::{Duration, Instant};
use crate::trigger::{Memory, Pull};

pub(super) struct Strike {
    fault: Fault,
    no: FaultNo,
    step: StepNo,
    lowered: Lowered,
    /// Steps performed while the trigger is awaited.
    during: Sequence,
    /// Steps performed while it is in force.
    meanwhile: Sequence,
    state: State,
    /// What the trigger remembers.
    memory: Option<Memory>,
    /// An instrument was told to stop the core at the trigger.
    breaks: bool,
    /// The last action of the injection that was done.
    done: Option<EventNo>,
    promises: Vec<u32>,
    /// The instrument struck while it was being armed.
    early: Option<Fire>,
}

enum State {
    Arming(Actions),
    Armed {
        until: Instant,
        fire: Option<Fire>,
    },
    Injecting(Actions),
    /// `ended` is how the steps under it did.
    Holding {
        until: Instant,
        ended: Option<End>,
    },
    /// With what becomes of the step.
    Reverting(Actions, StepOutcome),
    Disarming(Actions),
    Over(StepOutcome),
}

/// The trigger has come; strike at `at`.
#[derive(Clone, Copy)]
struct Fire {
    at: Instant,
    source: Option<EventNo>,
    /// The instrument has struck already.
    struck: bool,
}

impl Strike {
    pub(super) fn new(fault: Fault, step: StepNo, inner: [Sequence; 2], cx: &mut Cx) -> Self {
        let [during, meanwhile] = inner;
        let no = cx.number_fault();
        // Each fault draws from the plan's seed by its number, so that one more fault does not change the others.
        let seed = cx.plan.seed ^ u64::from(no).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let (dut, board) = (&cx.plan.dut, &cx.plan.board);
        let lowered = fault.lower(&Lowering { seed, dut, board });
        let when = fault.timing().when;
        let memory = when.map(|trigger| Memory::at_arming(trigger, seed, board));
        let mut script = when.map(|trigger| trigger.arms(board)).unwrap_or_default();
        let breaks = script.iter().any(Action::stops_the_core);
        // What must be undone is promised before anything is done.
        let mut promises: Vec<_> =
            lowered.revert.iter().map(|revert| cx.promise(Some(no), revert.clone())).collect();
        if breaks {
            promises.push(cx.promise(Some(no), Action::ClearBreaks));
        }
        if let Some(cut) = &lowered.arm {
            promises.push(cx.promise(Some(no), Action::DisarmCut));
            script.push(Action::ArmCut(cut.clone()));
        }
        Self {
            fault,
            no,
            step,
            lowered,
            during,
            meanwhile,
            state: State::Arming(Actions::new(script)),
            memory,
            breaks,
            done: None,
            promises,
            early: None,
        }
    }

    pub(super) fn see(&mut self, event: &Event, cx: &mut Cx) {
        self.during.see(event, cx);
        self.meanwhile.see(event, cx);
        // An instrument strikes by itself: it has when the rail is gone, unless another fault took it.
        let struck = self.lowered.arm.is_some()
            && !cx.is_power_taken()
            && matches!(&event.what, What::Rail { dut, on: false } if *dut == cx.plan.dut);
        match &mut self.state {
            State::Arming(actions) => {
                actions.see(event);
                // An instrument may strike before its port has said that it is armed.
                if struck {
                    self.early = Some(Fire { at: event.at, source: Some(event.n), struck: true });
                }
            }
            State::Injecting(actions) => {
                if actions.see(event) {
                    self.done = Some(event.n);
                }
            }
            State::Reverting(actions, _) | State::Disarming(actions) => {
                actions.see(event);
            }
            // One that is due later may be overtaken.
            State::Armed { fire, .. } if fire.is_none_or(|fire| !fire.struck) => {
                if self.lowered.arm.is_some() {
                    if struck {
                        *fire = Some(Fire { at: event.at, source: Some(event.n), struck: true });
                    }
                } else if let (Some(trigger), Some(memory)) = (self.fault.timing().when, &mut self.memory)
                    && let Pull::In(by) = trigger.pull(&cx.plan.dut, event, memory)
                    && fire.is_none_or(|fire| event.at + by < fire.at)
                {
                    *fire = Some(Fire { at: event.at + by, source: Some(event.n), struck: false });
                }
            }
            State::Armed { .. } | State::Holding { .. } | State::Over(_) => {}
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Cx) -> Option<StepOutcome> {
        loop {
            match &mut self.state {
                State::Arming(actions) => {
                    if !actions.poll(cx) {
                        return None;
                    }
                    self.armed(cx);
                }
                State::Armed { until, fire: Some(fire) } if cx.now >= fire.at && fire.at <= *until => {
                    let fire = *fire;
                    self.fire(fire, cx);
                }
                State::Armed { until, .. } if cx.now >= *until => self.give_up(cx),
                State::Armed { .. } => {
                    self.during.poll(cx);
                    return None;
                }
                State::Injecting(actions) => {
                    if !actions.poll(cx) {
                        return None;
                    }
                    self.injected(cx);
                }
                State::Holding { until, ended } => {
                    if ended.is_none() {
                        *ended = self.meanwhile.poll(cx);
                    }
                    let outcome = match ended {
                        // Steps that stop the method leave nothing to hold it for.
                        Some(End::At(outcome)) => outcome.clone(),
                        Some(End::Whole) if cx.now >= *until => StepOutcome::Done,
                        Some(End::Whole) | None => return None,
                    };
                    // What still came out of the pipes is from before: a device without power says nothing.
                    cx.mark();
                    self.state = State::Reverting(Actions::new(self.undoing()), outcome);
                }
                State::Reverting(actions, outcome) => {
                    if !actions.poll(cx) {
                        return None;
                    }
                    let outcome = outcome.clone();
                    cx.fault_ends(self.no);
                    self.keep_promises(cx);
                    cx.log(What::Reverted { fault: self.no });
                    self.state = State::Over(outcome);
                }
                State::Disarming(actions) => {
                    if !actions.poll(cx) {
                        return None;
                    }
                    self.keep_promises(cx);
                    let waited = self.fault.timing().within;
                    self.state = State::Over(StepOutcome::TimedOut { waited });
                }
                State::Over(outcome) => return Some(outcome.clone()),
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Armed { until, fire } => {
                let mine = fire.map_or(*until, |fire| fire.at.min(*until));
                Some(self.during.deadline().map_or(mine, |inner| inner.min(mine)))
            }
            State::Holding { until, ended: Some(_) } => Some(*until),
            State::Holding { ended: None, .. } => self.meanwhile.deadline(),
            State::Injecting(actions) => actions.deadline(),
            _ => None,
        }
    }

    /// The run ends here. What was promised stays promised; teardown keeps it.
    pub(super) fn stop(&mut self, cx: &mut Cx, outcome: StepOutcome) {
        self.during.stop(cx, outcome.clone());
        self.meanwhile.stop(cx, outcome);
        cx.watch_ends(self.no);
    }

    fn armed(&mut self, cx: &mut Cx) {
        let timing = self.fault.timing();
        let fire = match timing.when {
            None => Some(Fire { at: cx.now, source: None, struck: false }),
            Some(_) => self.early.take(),
        };
        self.state = State::Armed { until: cx.now + timing.within, fire };
        let trigger = timing.when.map_or_else(|| "at once".to_owned(), crate::trigger::Trigger::text);
        cx.log(What::Armed { fault: self.no, kind: self.fault.kind().to_owned(), step: self.step, trigger });
    }

    fn fire(&mut self, fire: Fire, cx: &mut Cx) {
        cx.log(What::Fired { fault: self.no, source: fire.source });
        cx.fault_begins(self.no, self.lowered.takes_power());
        // Only what comes after the strike shows that the device came back.
        cx.mark();
        if fire.struck {
            self.injected(cx);
            if let Some(source) = fire.source {
                // The evidence came before the watch for it began.
                cx.log(What::Confirmed { fault: self.no, evidence: vec![source] });
            }
        } else {
            if matches!(self.lowered.confirm.evidence, Evidence::Seen(_)) {
                let lasts = !self.fault.timing().meanwhile.is_empty();
                cx.watch_for(self.no, self.lowered.confirm.clone(), lasts);
            }
            self.state = State::Injecting(Actions::new(self.injection()));
        }
    }

    fn injected(&mut self, cx: &mut Cx) {
        cx.log(What::Injected { fault: self.no });
        if matches!(self.lowered.confirm.evidence, Evidence::Done) {
            cx.log(What::Confirmed { fault: self.no, evidence: self.done.into_iter().collect() });
        }
        self.during.stop(cx, StepOutcome::CutShort);
        if self.lowered.revert.is_empty() {
            cx.fault_ends(self.no);
            self.keep_promises(cx);
            self.state = State::Over(StepOutcome::Done);
        } else {
            self.state =
                State::Holding { until: cx.now + self.fault.timing().hold.unwrap_or_default(), ended: None };
        }
    }

    fn give_up(&mut self, cx: &mut Cx) {
        let waited: Duration = self.fault.timing().within;
        self.during.stop(cx, StepOutcome::CutShort);
        cx.log(What::NeverFired { fault: self.no, waited });
        // An instrument may have struck unseen, or strike until it is told to let be.
        let mut undo: Vec<Action> = Vec::new();
        if self.breaks {
            undo.push(Action::ClearBreaks);
        }
        if self.lowered.arm.is_some() {
            undo.extend(self.undoing());
        }
        self.state = State::Disarming(Actions::new(undo));
    }

    /// What does it. A core that stands at a breakpoint is let go, so that the device suffers the fault and not the
    /// instrument that waited for its moment.
    fn injection(&self) -> Vec<Move> {
        let inject = self.lowered.inject.iter().cloned();
        if !self.breaks {
            return inject.collect();
        }
        let go_on = [Action::ClearBreaks, Action::Resume].map(Move::from);
        match self.lowered.at_breakpoint {
            AtBreakpoint::InjectThenResume => inject.chain(go_on).collect(),
            AtBreakpoint::ResumeThenInject => go_on.into_iter().chain(inject).collect(),
            AtBreakpoint::StayHalted => std::iter::once(Action::ClearBreaks.into()).chain(inject).collect(),
        }
    }

    /// What undoes it. An instrument lets be first, whoever struck, so that it does not strike once more.
    fn undoing(&self) -> impl Iterator<Item = Action> + use<'_> {
        let disarm = self.lowered.arm.is_some().then_some(Action::DisarmCut);
        disarm.into_iter().chain(self.lowered.revert.iter().cloned())
    }

    fn keep_promises(&mut self, cx: &mut Cx) {
        for key in self.promises.drain(..) {
            cx.keep(key);
        }
    }
}

//! Steps performed one after the other.

use super::actions::Actions;
use super::ask::Ask;
use super::context::Cx;
use super::strike::Strike;
use crate::action::{Action, InputState};
use crate::event::{Event, StepNo, StepOutcome, What};
use crate::fault::Move;
use crate::names::{Input, Signal};
use crate::network::Publication;
use crate::plan::InputKind;
use crate::step::Step;
use crate::time::{Duration, Instant};
use std::rc::Rc;

/// A step with its number in reading order, and the steps inside it.
pub(super) struct Numbered {
    no: StepNo,
    step: Step,
    /// Steps that are repeated, or performed while a trigger is awaited.
    inner: Rc<[Numbered]>,
    /// Steps that are performed while a fault is in force.
    meanwhile: Rc<[Numbered]>,
}

impl Numbered {
    pub(super) fn number(steps: &[Step]) -> Rc<[Self]> {
        Self::number_from(steps, &mut 1)
    }

    fn number_from(steps: &[Step], next: &mut StepNo) -> Rc<[Self]> {
        steps
            .iter()
            .map(|step| {
                let no = *next;
                *next += 1;
                let (inner, meanwhile) = step.parts();
                let inner = Self::number_from(inner, next);
                let meanwhile = Self::number_from(meanwhile, next);
                Self { no, step: step.clone(), inner, meanwhile }
            })
            .collect()
    }
}

/// A place in a list of steps.
pub(super) struct Sequence {
    steps: Rc<[Numbered]>,
    next: usize,
    current: Option<(StepNo, Running)>,
}

/// How a sequence ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All steps were performed.
    Whole,
    /// One step's outcome ended it.
    At(StepOutcome),
}

enum Running {
    Wait { signal: Signal, began: Instant, within: Duration, seen: bool },
    Pause { until: Instant },
    Ask(Box<Ask>),
    Repeat { left: u32, inner: Rc<[Numbered]>, round: Box<Sequence> },
    Strike(Box<Strike>),
    Do(Actions),
}

impl Sequence {
    pub(super) fn new(steps: Rc<[Numbered]>) -> Self {
        Self { steps, next: 0, current: None }
    }

    pub(super) fn see(&mut self, event: &Event, cx: &mut Cx) {
        match &mut self.current {
            Some((_, Running::Ask(ask))) => ask.see(event, cx),
            Some((_, Running::Repeat { round, .. })) => round.see(event, cx),
            Some((_, Running::Strike(strike))) => strike.see(event, cx),
            Some((_, Running::Do(actions))) => drop(actions.see(event)),
            Some((_, Running::Wait { .. } | Running::Pause { .. })) | None => {}
        }
    }

    /// Goes on as far as it can; `Some` when it is through.
    pub(super) fn poll(&mut self, cx: &mut Cx) -> Option<End> {
        loop {
            let Some((no, running)) = &mut self.current else {
                let Some(step) = self.steps.get(self.next) else { return Some(End::Whole) };
                self.next += 1;
                cx.log(What::Step { step: step.no, text: step.step.text() });
                self.current = Some((step.no, Running::start(step, cx)));
                continue;
            };
            let outcome = running.poll(cx)?;
            let step = *no;
            self.current = None;
            cx.log(What::StepEnded { step, outcome: outcome.clone() });
            match outcome {
                StepOutcome::Done | StepOutcome::Refused | StepOutcome::CutShort => {}
                StepOutcome::TimedOut { .. } | StepOutcome::Abandoned => {
                    // Nothing is begun after it, however often this is asked to go on.
                    self.next = self.steps.len();
                    return Some(End::At(outcome));
                }
            }
        }
    }

    /// Ends it here: what is under way gets this outcome, and nothing more is begun.
    pub(super) fn stop(&mut self, cx: &mut Cx, outcome: StepOutcome) {
        self.next = self.steps.len();
        if let Some((step, running)) = self.current.take() {
            match running {
                Running::Repeat { mut round, .. } => round.stop(cx, outcome.clone()),
                Running::Strike(mut strike) => strike.stop(cx, outcome.clone()),
                Running::Wait { .. } | Running::Pause { .. } | Running::Ask(_) | Running::Do(_) => {}
            }
            cx.log(What::StepEnded { step, outcome });
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.current {
            None => None,
            Some((_, Running::Wait { began, within, .. })) => Some(*began + *within),
            Some((_, Running::Pause { until })) => Some(*until),
            Some((_, Running::Ask(ask))) => Some(ask.deadline()),
            Some((_, Running::Repeat { round, .. })) => round.deadline(),
            Some((_, Running::Strike(strike))) => strike.deadline(),
            Some((_, Running::Do(actions))) => actions.deadline(),
        }
    }
}

impl Running {
    fn start(numbered: &Numbered, cx: &mut Cx) -> Self {
        match &numbered.step {
            Step::Wait(w) => {
                Self::Wait { signal: w.signal.clone(), began: cx.now, within: w.within, seen: false }
            }
            Step::Pause(p) => Self::Pause { until: cx.now + p.time },
            Step::Set(s) => Self::Ask(Box::new(Ask::set(s, cx))),
            Step::Get(g) => Self::Ask(Box::new(Ask::get(g, cx))),
            Step::Send(s) => Self::Ask(Box::new(Ask::send(s, cx))),
            Step::Repeat(r) => Self::Repeat {
                left: r.times.saturating_sub(1),
                inner: Rc::clone(&numbered.inner),
                round: Box::new(Sequence::new(if r.times == 0 {
                    Rc::from([])
                } else {
                    Rc::clone(&numbered.inner)
                })),
            },
            Step::Press(press) => {
                let state = |down| stimulate(&press.input, InputKind::Button, InputState::Pressed(down));
                cx.promise_release(&press.input, InputKind::Button);
                Self::Do(Actions::new([
                    Move::Do(state(true)),
                    Move::Pause(press.time),
                    Move::Do(state(false)),
                ]))
            }
            Step::Sense(sense) => {
                let value = InputState::Value(sense.value.0);
                cx.promise_release(&sense.input, InputKind::Temperature);
                Self::Do(Actions::new([stimulate(&sense.input, InputKind::Temperature, value)]))
            }
            Step::Publish(publish) => {
                let topic = cx.matcher.topic(&publish.topic.0);
                let (payload, qos, retain) = (publish.payload.clone(), publish.qos.level(), publish.retain);
                Self::Do(Actions::new([Action::Publish(Publication { topic, payload, qos, retain })]))
            }
            Step::Fault(fault) => {
                let inner =
                    [&numbered.inner, &numbered.meanwhile].map(|steps| Sequence::new(Rc::clone(steps)));
                Self::Strike(Box::new(Strike::new(fault.clone(), numbered.no, inner, cx)))
            }
        }
    }

    fn poll(&mut self, cx: &mut Cx) -> Option<StepOutcome> {
        match self {
            Self::Wait { signal, began, within, seen } => {
                let dut = cx.dut();
                let found = cx.since_mark().iter().find(
                    |e| matches!(&e.what, What::Signal { dut: of, name, .. } if *of == dut && name == signal),
                );
                if let Some(n) = found.map(|event| event.n).filter(|_| !cx.bite_is_due()) {
                    cx.mark_after(n);
                    *seen = true;
                }
                if *seen { Some(StepOutcome::Done) } else { timed_out(*began, *within, cx.now) }
            }
            Self::Pause { until } => (cx.now >= *until).then_some(StepOutcome::Done),
            Self::Ask(ask) => ask.poll(cx),
            Self::Repeat { left, inner, round } => loop {
                match round.poll(cx)? {
                    End::At(outcome) => return Some(outcome),
                    End::Whole if *left == 0 => return Some(StepOutcome::Done),
                    End::Whole => {
                        *left -= 1;
                        **round = Sequence::new(Rc::clone(inner));
                    }
                }
            },
            Self::Strike(strike) => strike.poll(cx),
            Self::Do(actions) => actions.poll(cx).then_some(StepOutcome::Done),
        }
    }
}

fn stimulate(input: &Input, kind: InputKind, state: InputState) -> Action {
    Action::Stimulate { input: input.clone(), kind, state }
}

/// The outcome of a wait that began at `began`, if its time is over.
pub(super) fn timed_out(began: Instant, within: Duration, now: Instant) -> Option<StepOutcome> {
    (now.since(began) >= within).then_some(StepOutcome::TimedOut { waited: within })
}

impl Step {
    /// In words, for timelines and plans.
    pub fn text(&self) -> String {
        match self {
            Self::Wait(w) => format!("wait for `{}` within {}", w.signal, w.within),
            Self::Pause(p) => format!("pause {}", p.time),
            Self::Set(s) => format!("set `{}` to `{}`", s.setting, s.to),
            Self::Get(g) => format!("get `{}`", g.setting),
            Self::Send(s) => format!("send `{}`", s.command),
            Self::Repeat(r) => format!("repeat {} times", r.times),
            Self::Press(p) => format!("press `{}` for {}", p.input, p.time),
            Self::Sense(s) => format!("let `{}` sense {}", s.input, s.value),
            Self::Publish(p) => format!("publish to `{}`", p.topic.0),
            Self::Fault(fault) => {
                let timing = fault.timing();
                let hold = timing.hold.map(|hold| format!(" for {hold}")).unwrap_or_default();
                let trigger = timing.when.map_or_else(|| "at once".to_owned(), crate::trigger::Trigger::text);
                format!("{}{hold} {trigger}", fault.kind())
            }
        }
    }
}

//! What goes wrong. One file a kind, and its line in the table below.
//!
//! A fault says in its parameters when it strikes and how long it lasts, and lowers to actions: what does it, what
//! shows that it bit, what undoes it.

/// A fault's record: its own fields, and those that every fault has. `lasting <default>` is one that is held and then
/// reverted, `at_once` one that is done when it is done.
macro_rules! fault {
    ($(#[doc = $doc:literal])+ pub struct $type:ident { $($own:tt)* } lasting $hold:expr) => {
        crate::record! {
            $(#[doc = $doc])+
            pub struct $type {
                $($own)*
                /// How long it lasts.
                hold: crate::time::Duration = "for" or $hold,
                /// When it strikes; at once if left out.
                when: Option<crate::trigger::Trigger> = "when" optional,
                /// Steps to perform while the trigger is awaited.
                during: Vec<crate::step::Step> = "while" or Vec::new(),
                /// How long to wait for the trigger.
                within: crate::time::Duration = "within" (Positive) or crate::time::Duration::from_secs(30),
            }
        }
        fault!(@timed $type, |fault| Some(fault.hold));
    };
    ($(#[doc = $doc:literal])+ pub struct $type:ident { $($own:tt)* } at_once) => {
        crate::record! {
            $(#[doc = $doc])+
            pub struct $type {
                $($own)*
                /// When it strikes; at once if left out.
                when: Option<crate::trigger::Trigger> = "when" optional,
                /// Steps to perform while the trigger is awaited.
                during: Vec<crate::step::Step> = "while" or Vec::new(),
                /// How long to wait for the trigger.
                within: crate::time::Duration = "within" (Positive) or crate::time::Duration::from_secs(30),
            }
        }
        fault!(@timed $type, |_| None);
    };
    (@timed $type:ident, |$fault:pat_param| $hold:expr) => {
        impl crate::fault::Timed for $type {
            fn timing(&self) -> crate::fault::Timing<'_> {
                let $fault = self;
                crate::fault::Timing {
                    when: self.when.as_ref(),
                    within: self.within,
                    hold: $hold,
                    during: &self.during,
                }
            }

            fn timing_mut(&mut self) -> crate::fault::TimingMut<'_> {
                crate::fault::TimingMut { when: &mut self.when, during: &mut self.during }
            }
        }
    };
}

mod power_cut;
mod reset;

pub use power_cut::PowerCut;
pub use reset::ResetFault;

use crate::action::{Action, FlashCut};
use crate::event::What;
use crate::names::Dut;
use crate::plan::BoardPlan;
use crate::port::Port;
use crate::step::Step;
use crate::time::Duration;
use crate::trigger::Trigger;
use std::rc::Rc;

crate::kinds! {
    /// Something that goes wrong.
    pub enum Fault("fault", "faults") as dyn FaultKind {
        "power_cut" => PowerCut(PowerCut),
        "reset" => Reset(ResetFault),
    }
}

/// When a fault strikes and how long it lasts.
#[derive(Clone, Copy, Debug)]
pub struct Timing<'a> {
    /// Its trigger; `None` strikes at once.
    pub when: Option<&'a Trigger>,
    /// How long to wait for the trigger.
    pub within: Duration,
    /// How long to hold it before it is reverted; `None` for a fault that is done when it is done.
    pub hold: Option<Duration>,
    /// Steps performed while the trigger is awaited.
    pub during: &'a [Step],
}

/// The parts of a fault's timing that a sweep moves.
#[derive(Debug)]
pub struct TimingMut<'a> {
    /// Its trigger.
    pub when: &'a mut Option<Trigger>,
    /// Steps performed while the trigger is awaited.
    pub during: &'a mut Vec<Step>,
}

/// What a fault does, in actions.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// Hands the whole injection to an instrument beforehand, because only it is fast enough. The instrument strikes
    /// by itself; `inject` is then not performed.
    pub arm: Option<FlashCut>,
    /// Does it.
    pub inject: Vec<Move>,
    /// Shows that it bit.
    pub confirm: Confirm,
    /// Undoes it.
    pub revert: Vec<Action>,
    /// What becomes of a core that stands at the breakpoint or watchpoint that triggered it.
    pub at_breakpoint: AtBreakpoint,
}

/// What becomes of a core that was halted by the trigger of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtBreakpoint {
    /// The fault is done while the core stands; then it goes on.
    InjectThenResume,
    /// The core goes on, then the fault is done: one that only a running core can feel.
    ResumeThenInject,
    /// It stays halted: the fault takes its power, resets it, or is the halt.
    StayHalted,
}

/// One move of an injection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Performs an action and waits for its end.
    Do(Action),
    /// Lets time pass.
    Pause(Duration),
}

impl From<Action> for Move {
    fn from(action: Action) -> Self {
        Self::Do(action)
    }
}

/// Evidence that a fault bit: the first of these events since the injection began, within the time.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// Whether an event is evidence.
    pub evidence: Evidence,
    /// In words, for the report of a fault that never bit.
    pub text: &'static str,
    /// How long after injection it may come.
    pub within: Duration,
}

/// Whether an event shows that a fault bit.
#[derive(Clone)]
pub struct Evidence(Rc<EvidenceTest>);

type EvidenceTest = dyn Fn(&Dut, &What) -> bool;

impl Evidence {
    /// The events for which this says so.
    pub fn of(test: impl Fn(&Dut, &What) -> bool + 'static) -> Self {
        Self(Rc::new(test))
    }

    /// Whether this event of the run is evidence.
    pub fn shows(&self, dut: &Dut, what: &What) -> bool {
        (self.0)(dut, what)
    }
}

impl std::fmt::Debug for Evidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Evidence")
    }
}

/// What every fault says of its timing; [`fault!`] makes it.
pub trait Timed {
    /// When it strikes and how long it lasts.
    fn timing(&self) -> Timing<'_>;

    /// The parts of that which a sweep moves.
    fn timing_mut(&mut self) -> TimingMut<'_>;
}

/// What every fault can be asked.
pub trait FaultKind: Timed {
    /// What it does.
    fn lower(&self, cx: &Lowering<'_>) -> Lowered;

    /// The ports it cannot do without; those of its trigger are the trigger's business.
    fn needs(&self) -> &'static [Port];
}

/// What a fault may draw upon while it is lowered.
#[derive(Clone, Copy, Debug)]
pub struct Lowering<'a> {
    /// Feeds whatever is random about it.
    pub seed: u64,
    /// What is known of the device: its symbols, its inputs.
    pub board: &'a BoardPlan,
}

impl Fault {
    /// When it strikes and how long it lasts.
    pub fn timing(&self) -> Timing<'_> {
        self.as_kind().timing()
    }

    /// The parts of its timing that a sweep moves.
    pub fn timing_mut(&mut self) -> TimingMut<'_> {
        self.as_kind_mut().timing_mut()
    }

    /// What it does.
    pub fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        self.as_kind().lower(cx)
    }

    /// The ports it cannot do without, its trigger's too.
    pub fn needs(&self) -> Vec<Port> {
        let trigger = self.timing().when.map(Trigger::needs).unwrap_or_default();
        self.as_kind().needs().iter().copied().chain(trigger).collect()
    }
}

//! What goes wrong. One file a kind, and its line in the table below.
//!
//! A fault says in its parameters when it strikes and how long it lasts, and lowers to actions: what does it, what
//! shows that it bit, what undoes it.

mod power_cut;
mod reset;

pub use power_cut::PowerCut;
pub use reset::ResetFault;

use crate::action::{Action, FlashCut};
use crate::event::What;
use crate::names::Dut;
use crate::port::Port;
use crate::step::Step;
use crate::time::Duration;
use crate::trigger::Trigger;

crate::kinds! {
    /// Something that goes wrong.
    pub enum Fault("fault", "faults") {
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
    /// How long to hold it before it is reverted.
    pub hold: Duration,
    /// Steps performed while the trigger is awaited.
    pub during: &'a [Step],
}

/// What a fault does, in actions.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// Hands the whole injection to an instrument beforehand, because only it is fast enough. The instrument strikes
    /// by itself; `inject` is then not performed.
    pub arm: Option<FlashCut>,
    /// Does it.
    pub inject: Vec<Action>,
    /// Shows that it bit.
    pub confirm: Confirm,
    /// Undoes it.
    pub revert: Vec<Action>,
}

/// Evidence that a fault bit: the first of these events after injection, within the time.
#[derive(Clone, Copy, Debug)]
pub struct Confirm {
    /// Whether an event is evidence.
    pub evidence: fn(&Dut, &What) -> bool,
    /// In words, for the report of a fault that never bit.
    pub text: &'static str,
    /// How long after injection it may come.
    pub within: Duration,
}

impl Fault {
    /// When it strikes and how long it lasts.
    pub fn timing(&self) -> Timing<'_> {
        match self {
            Self::PowerCut(f) => f.timing(),
            Self::Reset(f) => f.timing(),
        }
    }

    /// What it does. `seed` feeds whatever is random about it.
    pub fn lower(&self, seed: u64) -> Lowered {
        match self {
            Self::PowerCut(f) => f.lower(seed),
            Self::Reset(f) => f.lower(),
        }
    }

    /// The ports it cannot do without.
    pub fn needs(&self) -> Vec<Port> {
        let mut ports: Vec<Port> = match self {
            Self::PowerCut(_) => vec![Port::Power],
            Self::Reset(_) => vec![Port::Debug],
        };
        if matches!(self.timing().when, Some(Trigger::FlashOp(_))) {
            ports.push(Port::FlashTrace);
        }
        ports
    }
}

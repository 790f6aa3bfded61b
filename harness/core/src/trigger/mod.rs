//! When a fault strikes. One file a kind, and its line in the table below.

mod after;
mod boot;
mod flash_op;
mod signal;

pub use after::{After, Milestone};
pub(crate) use boot::BOOT;
pub use boot::OnBoot;
pub use flash_op::OnFlashOp;
pub use signal::OnSignal;

use crate::action::Action;
use crate::event::{Event, What};
use crate::names::Dut;
use crate::plan::BoardPlan;
use crate::port::Port;
use crate::time::{Duration, Instant};

crate::kinds! {
    /// When a fault strikes, counted from the moment it is armed.
    pub enum Trigger("trigger", "triggers") as dyn TriggerKind {
        "after" => After(After),
        "signal" => Signal(OnSignal),
        "boot" => Boot(OnBoot),
        "flash_op" => FlashOp(OnFlashOp),
    }
}

/// What a trigger makes of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pull {
    /// Not yet.
    No,
    /// Strike this long after the event.
    In(Duration),
}

/// What every trigger can be asked.
pub trait TriggerKind {
    /// Looks at one event that came after arming, the arming itself included.
    fn pull(&self, dut: &Dut, event: &Event, memory: &mut Memory) -> Pull;

    /// In words, for timelines and plans.
    fn text(&self) -> String;

    /// The ports it cannot do without, beside those of the signals that it names.
    fn needs(&self) -> Vec<Port> {
        Vec::new()
    }

    /// What an instrument must be told so that the event comes at all.
    fn arms(&self, board: &BoardPlan) -> Vec<Action> {
        let _ = board;
        Vec::new()
    }

    /// The triggers that it is made of.
    fn parts(&self) -> &[Trigger] {
        &[]
    }
}

/// What a trigger remembers between events, from its arming on.
#[derive(Clone, Debug)]
pub struct Memory {
    /// What it counts.
    pub count: u64,
    /// When it was pulled to strike, for a trigger that is made of others.
    pub due: Option<Instant>,
    /// Feeds whatever is random about it.
    pub seed: u64,
    /// The memories of the triggers that it is made of, in their order.
    pub parts: Vec<Self>,
}

impl Memory {
    /// The memory of a trigger at its arming. `seed` feeds whatever is random about it.
    pub fn at_arming(trigger: &Trigger, seed: u64) -> Self {
        let inner = |(part, n): (&Trigger, u64)| Self::at_arming(part, seed.wrapping_add(n).rotate_left(17));
        let parts = trigger.as_kind().parts().iter().zip(1..).map(inner).collect();
        Self { count: 0, due: None, seed, parts }
    }
}

impl Trigger {
    /// Looks at one event that came after arming.
    pub fn pull(&self, dut: &Dut, event: &Event, memory: &mut Memory) -> Pull {
        self.as_kind().pull(dut, event, memory)
    }

    /// In words, for timelines and plans.
    pub fn text(&self) -> String {
        self.as_kind().text()
    }

    /// The ports it cannot do without.
    pub fn needs(&self) -> Vec<Port> {
        let kind = self.as_kind();
        kind.needs().into_iter().chain(kind.parts().iter().flat_map(Self::needs)).collect()
    }

    /// What instruments must be told so that it can come.
    pub fn arms(&self, board: &BoardPlan) -> Vec<Action> {
        let kind = self.as_kind();
        kind.arms(board).into_iter().chain(kind.parts().iter().flat_map(|part| part.arms(board))).collect()
    }
}

/// Pulls `by` after the `nth` time that the device shows a signal.
fn nth_signal(dut: &Dut, event: &Event, signal: &str, memory: &mut Memory, nth: u64, by: Duration) -> Pull {
    match &event.what {
        What::Signal { dut: of, name, .. } if of == dut && name.as_str() == signal => {
            memory.count += 1;
            if memory.count == nth { Pull::In(by) } else { Pull::No }
        }
        _ => Pull::No,
    }
}

/// `{by} after ` where there is any.
fn delay_text(by: Duration) -> String {
    if by == Duration::ZERO { String::new() } else { format!("{by} after ") }
}

//! When a fault strikes. One file a kind, and its line in the table below.

mod after;
mod all;
mod any;
mod boot;
mod count;
mod flash_op;
mod log;
mod reached;
mod signal;
#[cfg(test)]
mod tests;
mod watchpoint;
mod window;

pub use after::{After, Milestone};
pub use all::AllOf;
pub use any::AnyOf;
pub(crate) use boot::BOOT;
pub use boot::OnBoot;
pub use count::Count;
pub use flash_op::OnFlashOp;
pub use log::OnLog;
pub use reached::Reached;
pub use signal::OnSignal;
pub use watchpoint::Watchpoint;
pub use window::Window;

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
        "log" => Log(OnLog),
        "reached" => Reached(Reached),
        "watchpoint" => Watchpoint(Watchpoint),
        "window" => Window(Window),
        "any" => Any(AnyOf),
        "all" => All(AllOf),
        "count" => Count(Count),
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
    /// The addresses at which an instrument stops the core for it.
    pub stops: Vec<u32>,
    /// The memories of the triggers that it is made of, in their order.
    pub parts: Vec<Self>,
}

impl Memory {
    /// The memory of a trigger at its arming. `seed` feeds whatever is random about it.
    pub fn at_arming(trigger: &Trigger, seed: u64, board: &BoardPlan) -> Self {
        let kind = trigger.as_kind();
        let inner =
            |(part, n): (&Trigger, u64)| Self::at_arming(part, seed.wrapping_add(n).rotate_left(17), board);
        let parts = kind.parts().iter().zip(1..).map(inner).collect();
        let stops = kind.arms(board).iter().filter_map(Action::stop_address).collect();
        Self { count: 0, due: None, seed, stops, parts }
    }

    /// The memory of the same trigger, armed anew.
    fn anew(&self, seed: u64) -> Self {
        let parts = self.parts.iter().map(|part| part.anew(part.seed ^ seed)).collect();
        Self { count: 0, due: None, seed, stops: self.stops.clone(), parts }
    }

    /// Whether the core was stopped for this trigger.
    fn watches(&self, address: u32) -> bool {
        self.stops.contains(&address)
    }
}

impl Trigger {
    /// Looks at one event that came after arming.
    pub fn pull(&self, dut: &Dut, event: &Event, memory: &mut Memory) -> Pull {
        self.as_kind().pull(dut, event, memory)
    }

    /// How many of those that it waits for the n-th of came among these events; `None` where it does not count.
    pub fn seen<'a>(
        &self,
        dut: &Dut,
        board: &BoardPlan,
        events: impl Iterator<Item = &'a Event>,
    ) -> Option<u64> {
        match self {
            Self::Signal(_) | Self::Boot(_) | Self::Log(_) => {
                let mut memory = Memory::at_arming(self, 0, board);
                for event in events {
                    self.pull(dut, event, &mut memory);
                }
                Some(memory.count)
            }
            Self::FlashOp(_) => {
                let ours = |event: &&Event| matches!(&event.what, What::FlashOp { dut: of, .. } if of == dut);
                Some(events.filter(ours).count() as u64)
            }
            _ => None,
        }
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

/// Whether the core was halted at what this trigger armed; the first halt after arming is.
fn halted_at(dut: &Dut, event: &Event, memory: &mut Memory) -> bool {
    let halted =
        matches!(&event.what, What::Halted { dut: of, address, .. } if of == dut && memory.watches(*address));
    memory.count += u64::from(halted);
    halted && memory.count == 1
}

/// ` (number {n})` where it is not the first.
fn nth_text(nth: u64) -> String {
    if nth == 1 { String::new() } else { format!(" (number {nth})") }
}

/// The texts of several triggers.
fn joined(parts: &[Trigger], between: &str) -> String {
    parts.iter().map(Trigger::text).collect::<Vec<_>>().join(between)
}

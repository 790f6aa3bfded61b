//! `reached: {at: settings_write, nth: 2}`: the device is about to execute a place in its program.

use super::{Memory, Pull, TriggerKind, delay_text, halted_at, nth_text};
use crate::action::Action;
use crate::event::Event;
use crate::location::Location;
use crate::names::Dut;
use crate::plan::BoardPlan;
use crate::port::Port;
use crate::time::Duration;

crate::record! {
    /// The device is about to execute a place in its program for the n-th time since arming: a hardware breakpoint,
    /// which stops the core there. The fault is done while it stands, or it goes on first, as the fault wants it. A
    /// probe looks once a millisecond whether a breakpoint was met.
    ///
    /// `reached: {at: settings_write, nth: 2}`
    pub struct Reached {
        /// The place: a function's symbol, or an address.
        at: Location = "at",
        /// The how-manieth time since arming.
        nth: u64 = "nth" (Positive) or 1,
        /// How long after it.
        by: Duration = "by" or Duration::ZERO,
    }
}

impl TriggerKind for Reached {
    fn pull(&self, dut: &Dut, event: &Event, memory: &mut Memory) -> Pull {
        if halted_at(dut, event, memory) { Pull::In(self.by) } else { Pull::No }
    }

    fn text(&self) -> String {
        format!("{}`{}` is reached{}", delay_text(self.by), self.at, nth_text(self.nth))
    }

    fn needs(&self) -> Vec<Port> {
        vec![Port::Debug]
    }

    fn arms(&self, board: &BoardPlan) -> Vec<Action> {
        let place = self.at.on(board).map(|symbol| symbol.address & !1);
        place.map(|address| Action::BreakAt { address, nth: self.nth }).into_iter().collect()
    }
}

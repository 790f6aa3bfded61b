//! `watchpoint: {at: TARGET_TENTHS, access: write}`: the device accesses a variable.

use super::{Memory, Pull, TriggerKind, delay_text, halted_at, nth_text};
use crate::action::{Access, Action, MemoryWord};
use crate::event::Event;
use crate::location::Location;
use crate::names::Dut;
use crate::plan::BoardPlan;
use crate::port::Port;
use crate::time::Duration;

crate::record! {
    /// The device accesses a variable for the n-th time since arming: a data watchpoint, which stops the core after the
    /// access (Armv7-M: DWT comparators, of which most chips have four).
    ///
    /// `watchpoint: {at: TARGET_TENTHS, access: write}`
    pub struct Watchpoint {
        /// The variable: a symbol, or an address.
        at: Location = "at",
        /// Which accesses.
        access: Access = "access" or Access::Write,
        /// How many bytes, 1, 2 or 4, from an address that is a multiple of it. A symbol brings its own size.
        bytes: Option<u32> = "bytes" optional,
        /// The how-manieth access since arming.
        nth: u64 = "nth" (Positive) or 1,
        /// How long after it.
        by: Duration = "by" or Duration::ZERO,
    }
}

crate::words!(Access { Read = "read", Write = "write", Any = "any" });

impl Watchpoint {
    /// The word that is watched.
    fn word(&self, board: &BoardPlan) -> Option<MemoryWord> {
        let place = self.at.on(board)?;
        let length = match self.bytes.unwrap_or(place.size) {
            1 => 1,
            2 | 3 => 2,
            _ => 4,
        };
        Some(MemoryWord { name: self.at.to_string(), address: place.address, length })
    }
}

impl TriggerKind for Watchpoint {
    fn pull(&self, dut: &Dut, event: &Event, memory: &mut Memory) -> Pull {
        if halted_at(dut, event, memory) { Pull::In(self.by) } else { Pull::No }
    }

    fn text(&self) -> String {
        let access = match self.access {
            Access::Any => "access",
            access => access.word(),
        };
        format!("{}{access} of `{}`{}", delay_text(self.by), self.at, nth_text(self.nth))
    }

    fn needs(&self) -> Vec<Port> {
        vec![Port::Debug]
    }

    fn arms(&self, board: &BoardPlan) -> Vec<Action> {
        let arm = |word| Action::WatchAt { word, access: self.access, nth: self.nth };
        self.word(board).map(arm).into_iter().collect()
    }
}

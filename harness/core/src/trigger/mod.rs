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

use crate::event::What;
use crate::names::Dut;
use crate::time::Duration;

crate::kinds! {
    /// When a fault strikes, counted from the moment it is armed.
    pub enum Trigger("trigger", "triggers") {
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

impl Trigger {
    /// Looks at one event that came after arming; `count` is the trigger's own memory, 0 at arming.
    pub fn pull(&self, dut: &Dut, what: &What, count: &mut u64) -> Pull {
        match self {
            Self::After(t) => t.pull(dut, what),
            Self::Signal(t) => t.pull(dut, what, count),
            Self::Boot(t) => t.pull(dut, what, count),
            Self::FlashOp(t) => t.pull(dut, what),
        }
    }

    /// How many of those that it waits for the n-th of came among these events; `None` where it does not count.
    pub fn seen<'a>(&self, dut: &Dut, events: impl Iterator<Item = &'a What>) -> Option<u64> {
        let mut count = 0;
        match self {
            Self::After(_) => return None,
            Self::Signal(_) | Self::Boot(_) => {
                for what in events {
                    self.pull(dut, what, &mut count);
                }
            }
            Self::FlashOp(_) => {
                let ours = |what: &&What| matches!(what, What::FlashOp { dut: of, .. } if of == dut);
                count = events.filter(ours).count() as u64;
            }
        }
        Some(count)
    }

    /// In words, for timelines and plans.
    pub fn text(&self) -> String {
        match self {
            Self::After(t) => t.text(),
            Self::Signal(t) => t.text(),
            Self::Boot(t) => t.text(),
            Self::FlashOp(t) => t.text(),
        }
    }
}

/// Pulls `by` after the `nth` time that the device shows a signal.
fn nth_signal(dut: &Dut, what: &What, signal: &str, count: &mut u64, nth: u64, by: Duration) -> Pull {
    match what {
        What::Signal { dut: of, name, .. } if of == dut && name.as_str() == signal => {
            *count += 1;
            if *count == nth { Pull::In(by) } else { Pull::No }
        }
        _ => Pull::No,
    }
}

/// `{by} after ` where there is any.
fn delay_text(by: Duration) -> String {
    if by == Duration::ZERO { String::new() } else { format!("{by} after ") }
}

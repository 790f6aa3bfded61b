//! The pump between the pure run machine and the ports.
//!
//! [`run`] hands the machine what the ports saw, performs what it asks for, and writes down every event. What must be
//! undone stands in the heal [`Ledger`] before it is done.

mod fork;
mod interrupt;
mod journal;
mod ledger;
mod lines;
mod pump;
mod record;

pub use fork::{Fork, Forked, run_and_fork};
pub use interrupt::{Interrupt, Interrupter};
pub use journal::{Journal, JournalError, Manifest};
pub use ledger::{Ledger, LedgerError, Owed};
pub use pump::{Finished, Onlooker, PumpError, RunOrder, heal, run};
pub use record::{BrokenOff, ReadError, Record};

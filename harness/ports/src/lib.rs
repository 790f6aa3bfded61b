//! The contracts between brownout and the doors of a device.
//!
//! A port does what it is asked ([`Power::switch`]) and reports what it sees by itself to a [`Watch`]. All ports of a
//! bench are used from one thread; a driver that blocks (a debug probe, a serial port) owns a thread of its own behind
//! the trait. Every call is bounded in time by the driver.

mod bench;
mod checkpoint;
mod watch;

pub use bench::{Bench, Doors};
pub use checkpoint::{Checkpoint, Saved};
pub use watch::{Observed, Report, Reports, Watch};

use async_trait::async_trait;
use brownout_core::action::{
    Access, Done, FlashCorruption, FlashCut, InputState, MemoryWord, Noise, Reset, SupplyCourse,
};
use brownout_core::names::Input;
use brownout_core::network::{Impairment, Misbehaviour, Publication};
use brownout_core::plan::InputKind;
use brownout_core::port::PortError;
use brownout_core::time::{Duration, Instant};
use std::path::PathBuf;

/// The mains of a device.
#[async_trait(?Send)]
pub trait Power {
    /// Switches on or off and returns when that is done. Switching to the present state is not an error.
    async fn switch(&self, on: bool) -> Result<(), PortError>;

    /// Looks whether it could switch, without switching.
    async fn check(&self) -> Result<(), PortError> {
        Ok(())
    }
}

/// The serial console of a device.
#[async_trait(?Send)]
pub trait Console {
    /// Opens it; what was received before is dropped. Opening twice is not an error.
    async fn open(&self) -> Result<(), PortError>;

    /// Sends bytes.
    async fn send(&self, bytes: &[u8]) -> Result<(), PortError>;

    /// Sends what no sane peer would. Answers [`Done::Sent`].
    async fn noise(&self, noise: &Noise) -> Result<Done, PortError>;

    /// Begins to send the same bytes over and over, without pause, for a time; returns when that has begun.
    async fn flood(&self, bytes: &[u8], time: Duration) -> Result<(), PortError>;

    /// Ends [`Self::flood`], if it has not ended. Answers [`Done::Sent`].
    async fn end_flood(&self) -> Result<Done, PortError>;

    /// Pulls the cable or plugs it in again: meanwhile nothing is sent and nothing is reported. Unplugging twice is
    /// not an error.
    async fn unplug(&self, unplugged: bool) -> Result<(), PortError>;
}

/// The debug probe of a device.
#[async_trait(?Send)]
pub trait Debug {
    /// Attaches; after a power cut, attaches again. The device goes on running. Attaching twice is not an error.
    async fn attach(&self) -> Result<(), PortError>;

    /// Lets go; the device goes on running.
    async fn detach(&self) -> Result<(), PortError>;

    /// Writes an image, clears ranges, sets words, and verifies. The device is left halted at reset.
    async fn program(&self, order: &ProgramOrder) -> Result<Done, PortError>;

    /// Resets the device and lets it run.
    async fn reset(&self, how: Reset) -> Result<(), PortError>;

    /// Halts the core.
    async fn halt(&self) -> Result<(), PortError>;

    /// Lets a halted core go on. Not an error if it runs.
    async fn resume(&self) -> Result<(), PortError>;

    /// Reads a word of memory; a running core goes on running. Answers [`Done::Value`].
    async fn read(&self, word: &MemoryWord) -> Result<Done, PortError>;

    /// Inverts bits of memory and reads back; the core stands still meanwhile. Answers [`Done::Changed`].
    async fn flip_memory(&self, address: u32, mask: &[u8]) -> Result<Done, PortError>;

    /// Inverts bits of a core register and reads back; the core stands still meanwhile. Answers [`Done::Changed`].
    async fn flip_register(&self, register: &str, mask: u32) -> Result<Done, PortError>;

    /// Changes the contents of flash, verifies, and starts the device anew. Answers [`Done::Changed`].
    async fn corrupt_flash(&self, corruption: &FlashCorruption) -> Result<Done, PortError>;

    /// Stops the core when it is about to execute an address for the `nth` time; reports [`Observed::Halted`].
    async fn break_at(&self, address: u32, nth: u64) -> Result<(), PortError>;

    /// Stops the core after the `nth` access to a word of memory; reports [`Observed::Halted`].
    async fn watch_at(&self, word: &MemoryWord, access: Access, nth: u64) -> Result<(), PortError>;

    /// Takes back what [`Self::break_at`] and [`Self::watch_at`] set; a halted core stays halted. Not an error if
    /// nothing is set, or if the device is without power.
    async fn clear_breaks(&self) -> Result<(), PortError>;

    /// Goes away without a word to the device, as when the cable is pulled; `halted` leaves the core standing.
    async fn lose(&self, halted: bool) -> Result<(), PortError>;
}

/// An adjustable supply.
#[async_trait(?Send)]
pub trait Supply {
    /// Lets the voltage run through a course; returns when that has begun and reports [`Observed::Voltage`] at each
    /// point.
    async fn course(&self, course: &SupplyCourse) -> Result<(), PortError>;

    /// Sets it back to what it is normally; ends a course under way.
    async fn nominal(&self) -> Result<(), PortError>;

    /// Looks whether it answers, without changing anything.
    async fn check(&self) -> Result<(), PortError> {
        Ok(())
    }
}

/// What a device senses.
#[async_trait(?Send)]
pub trait Stimulus {
    /// Puts an input into a state. Answers [`Done::Stimulated`], and reports [`Observed::Touched`] if it said that it
    /// would.
    async fn apply(&self, input: &Input, kind: InputKind, state: &InputState) -> Result<Done, PortError>;

    /// Takes back the faults of an input; with `everything`, also what it was given to sense.
    async fn release(&self, input: &Input, kind: InputKind, everything: bool) -> Result<(), PortError>;

    /// Looks whether it answers, without changing anything.
    async fn check(&self) -> Result<(), PortError> {
        Ok(())
    }
}

/// The network cable of a device, and what frames meet on their way through it.
#[async_trait(?Send)]
pub trait Link {
    /// Plugs the cable. Nothing goes wrong on it. Plugging twice is not an error.
    async fn connect(&self) -> Result<(), PortError>;

    /// Pulls the cable, takes back every impairment, and reports what was counted.
    async fn disconnect(&self) -> Result<(), PortError>;

    /// Impairs it; reports [`Observed::Met`] when a frame meets that. The same name again replaces what it named.
    async fn impair(&self, impairment: &Impairment) -> Result<(), PortError>;

    /// Takes an impairment back. Answers [`Done::Counted`]; none if it is not in force.
    async fn mend(&self, name: &str) -> Result<Done, PortError>;

    /// Looks whether it could do all this, without changing anything.
    async fn check(&self) -> Result<(), PortError> {
        Ok(())
    }
}

/// The services at the other end of a device's link.
#[async_trait(?Send)]
pub trait Services {
    /// Starts them anew, with nothing in their memory and certificates of their own.
    async fn start(&self) -> Result<(), PortError>;

    /// Stops them.
    async fn stop(&self) -> Result<(), PortError>;

    /// What the device is to be provisioned with: the contents of its page. It holds a private key: it must not reach
    /// a report. `None` before [`Self::start`], and where the services are not ours to make certificates for.
    fn provision(&self) -> Option<Vec<u8>>;

    /// Lets a service misbehave; reports [`Observed::Met`] when the device meets it. The same name again replaces what
    /// it named.
    async fn misbehave(&self, misbehaviour: &Misbehaviour) -> Result<(), PortError>;

    /// Takes a misbehaviour back. Answers [`Done::Counted`]; none if it is not in force.
    async fn behave(&self, name: &str) -> Result<Done, PortError>;

    /// Publishes a message; it is the broker's from then on.
    async fn publish(&self, message: &Publication) -> Result<(), PortError>;

    /// Looks whether it could do all this, without changing anything.
    async fn check(&self) -> Result<(), PortError> {
        Ok(())
    }
}

/// What to write into a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramOrder {
    /// An ELF file.
    pub image: PathBuf,
    /// Ranges to clear, as (first address, length in bytes).
    pub fresh: Vec<(u32, u32)>,
    /// Words to set, as (address, value), after the rest.
    pub words: Vec<(u32, u32)>,
    /// Pages of 4 KiB to write, as (address, contents); what is behind the contents is erased.
    pub pages: Vec<(u32, Vec<u8>)>,
}

/// An instrument that sees flash operations and can cut the power at one of them.
#[async_trait(?Send)]
pub trait FlashTrace {
    /// Begins or ends reporting; beginning starts the count at 1.
    async fn trace(&self, on: bool) -> Result<(), PortError>;

    /// Arms a power cut at an operation counted from now. On a bench that can be saved the debug probe lets go of the
    /// device before and attaches again, always, so that runs with and without a fork are the same ([`Checkpoint`]).
    async fn arm(&self, cut: &FlashCut) -> Result<(), PortError>;

    /// Takes back what [`Self::arm`] armed. Not an error if nothing is armed or it has struck.
    async fn disarm(&self) -> Result<(), PortError>;
}

/// The time of a bench. All of the harness's time comes from here.
#[async_trait(?Send)]
pub trait Clock {
    /// Nanoseconds since the bench was opened.
    fn now(&self) -> Instant;

    /// Lets time pass until `deadline`. On a virtual bench this is what makes the devices run; it may be dropped
    /// before the deadline, when something was reported.
    async fn sleep_until(&self, deadline: Instant);
}

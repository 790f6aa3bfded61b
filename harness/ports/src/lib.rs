//! The contracts between brownout and the doors of a device.
//!
//! A port does what it is asked ([`Power::switch`]) and reports what it sees by itself to a [`Watch`]. All ports of a
//! bench are used from one thread; a driver that blocks (a debug probe, a serial port) owns a thread of its own behind
//! the trait. Every call is bounded in time by the driver.

mod bench;
mod watch;

pub use bench::{Bench, Doors};
pub use watch::{Observed, Report, Reports, Watch};

use async_trait::async_trait;
use brownout_core::action::{Done, FlashCut, Reset};
use brownout_core::port::PortError;
use brownout_core::time::Instant;
use std::path::PathBuf;

/// The mains of a device.
#[async_trait(?Send)]
pub trait Power {
    /// Switches on or off and returns when that is done. Switching to the present state is not an error.
    async fn switch(&self, on: bool) -> Result<(), PortError>;
}

/// The serial console of a device.
#[async_trait(?Send)]
pub trait Console {
    /// Opens it; what was received before is dropped. Opening twice is not an error.
    async fn open(&self) -> Result<(), PortError>;

    /// Sends bytes.
    async fn send(&self, bytes: &[u8]) -> Result<(), PortError>;
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
}

/// An instrument that sees flash operations and can cut the power at one of them.
#[async_trait(?Send)]
pub trait FlashTrace {
    /// Begins or ends reporting; beginning starts the count at 1.
    async fn trace(&self, on: bool) -> Result<(), PortError>;

    /// Arms a power cut at an operation counted from now.
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

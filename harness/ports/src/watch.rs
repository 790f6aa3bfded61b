//! How ports report what they see by themselves.

use brownout_core::action::FlashOp;
use brownout_core::names::{Dut, Input};
use brownout_core::network::Traffic;
use brownout_core::port::PortError;
use brownout_core::time::Instant;
use tokio::sync::mpsc;

/// Something a port saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// When.
    pub at: Instant,
    /// Of which device.
    pub dut: Dut,
    /// What.
    pub what: Observed,
}

/// The kinds of report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// Bytes from the console, as they came.
    Bytes(Vec<u8>),
    /// A log message of the firmware.
    Log {
        /// Its level, if it has one.
        level: Option<String>,
        /// Its text.
        text: String,
    },
    /// The supply rail changed.
    Rail {
        /// Powered now?
        on: bool,
    },
    /// A flash operation.
    Flash(FlashOp),
    /// The core was halted by a breakpoint or watchpoint that was set.
    Halted {
        /// The address that was set.
        address: u32,
        /// The program counter.
        pc: u32,
    },
    /// The supply voltage reached a point of its course, or was measured.
    Voltage {
        /// In millivolts.
        millivolts: u32,
    },
    /// The device took notice of an input that was put into a state.
    Touched {
        /// Which.
        input: Input,
        /// How often since then.
        times: u64,
    },
    /// Something of the device's traffic.
    Traffic(Traffic),
    /// The device met an impairment or a misbehaviour; told at the first time and at each tenfold.
    Met {
        /// Its name.
        name: String,
        /// How often since it was set.
        times: u64,
    },
    /// A piece of the link's capture, in pcapng. It begins with its section header, and goes on where the last one ended.
    Capture(Vec<u8>),
    /// The instrument, or the device behind it, went away.
    Lost(PortError),
}

/// The sending end: each driver has one for its device.
#[derive(Clone, Debug)]
pub struct Watch {
    dut: Dut,
    to: mpsc::UnboundedSender<Report>,
}

/// The receiving end: the engine has it.
pub type Reports = mpsc::UnboundedReceiver<Report>;

impl Watch {
    /// A channel for reports; make a [`Watch`] for each device with [`Watch::on`].
    pub fn channel() -> (mpsc::UnboundedSender<Report>, Reports) {
        mpsc::unbounded_channel()
    }

    /// A sending end for one device.
    pub fn on(dut: Dut, to: mpsc::UnboundedSender<Report>) -> Self {
        Self { dut, to }
    }

    /// Reports. If nobody listens any more the run is over, and the report is dropped.
    pub fn report(&self, at: Instant, what: Observed) {
        let _ = self.to.send(Report { at, dut: self.dut.clone(), what });
    }
}

//! What the run machine asks of the ports, and what the ports let it see.

use crate::names::Dut;
use crate::port::{Port, PortError};
use crate::time::Instant;
use serde::{Deserialize, Serialize};

/// Numbers the actions of one run, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActionId(pub u32);

/// A primitive effect on one port of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Switches the mains on or off.
    Power {
        /// On or off.
        on: bool,
    },
    /// Attaches the debug probe (again, after a power cut).
    Attach,
    /// Lets go of the debug probe.
    Detach,
    /// Writes the plan's image, clears the plan's fresh regions and sets the words that the plan asks for.
    Program,
    /// Resets the device through the debug probe.
    Reset {
        /// Which reset.
        how: Reset,
    },
    /// Opens the console.
    OpenConsole,
    /// Sends one line to the console (the line end is the port's business).
    Send {
        /// The line.
        line: String,
    },
    /// Begins or ends reporting flash operations; beginning starts the count at 1.
    TraceFlash {
        /// Begin or end.
        on: bool,
    },
    /// Arms a power cut at a flash operation counted from now.
    ArmCut(FlashCut),
    /// Takes back [`Action::ArmCut`].
    DisarmCut,
}

impl Action {
    /// The port that performs it.
    pub const fn port(&self) -> Port {
        match self {
            Self::Power { .. } => Port::Power,
            Self::Attach | Self::Detach | Self::Program | Self::Reset { .. } => Port::Debug,
            Self::OpenConsole | Self::Send { .. } => Port::Console,
            Self::TraceFlash { .. } | Self::ArmCut(_) | Self::DisarmCut => Port::FlashTrace,
        }
    }
}

/// Ways to reset a device without touching its power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// The reset pin, driven by the probe.
    Pin,
    /// A system reset by the debugger (AIRCR.SYSRESETREQ).
    Soft,
}

/// A power cut at an exact flash operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlashCut {
    /// Which operation: 1 is the next one.
    pub nth: u64,
    /// Where in the operation.
    pub moment: Moment,
    /// What an interrupted operation leaves behind.
    pub tear: Tear,
    /// Seed of a random tear.
    pub seed: u64,
}

/// A moment of a flash operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Nothing of it has happened.
    Before,
    /// Half-way through.
    During,
    /// It is complete.
    After,
}

/// What an interrupted flash operation leaves in the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tear {
    /// The old content, untouched.
    Nothing,
    /// A seeded random part of the bits that were to change.
    Random,
    /// The first half of the bits or words that were to change.
    Half,
    /// The new content, complete.
    Full,
}

/// What a port reports after it did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// Nothing more to say.
    Plain,
    /// The image is in flash and was verified.
    Programmed {
        /// Bytes in the image.
        bytes: u64,
        /// True if flash held it already.
        unchanged: bool,
    },
}

/// Something seen on a port, on its own initiative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When.
    pub at: Instant,
    /// Of which device.
    pub dut: Dut,
    /// What.
    pub what: Seen,
}

/// The kinds of sighting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A line on the console, without its line end; hostile text.
    Line {
        /// The text, lossily decoded, at most 4 KiB.
        text: String,
        /// Where it begins in the console artifact, in bytes.
        offset: u64,
    },
    /// A log message of the firmware (defmt over RTT).
    Log {
        /// Level name, if the firmware gave one.
        level: Option<String>,
        /// The text.
        text: String,
    },
    /// The supply rail was seen to change.
    Rail {
        /// Powered now?
        on: bool,
    },
    /// A flash operation was seen.
    Flash(FlashOp),
    /// An instrument went away, or the device behind it, without our doing.
    Lost(PortError),
}

/// A flash operation that the device performed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlashOp {
    /// Counted from 1 since tracing began.
    pub nth: u64,
    /// What it was.
    pub op: FlashOpKind,
    /// First address it touched.
    pub address: u32,
    /// False when power went while it was done.
    pub complete: bool,
}

/// Kinds of flash operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlashOpKind {
    /// A word was programmed.
    Write,
    /// A page was erased.
    Erase,
    /// The whole flash was erased.
    EraseAll,
}

/// What the world tells the run machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The run may begin.
    Begin,
    /// A port saw something.
    Sighting(Sighting),
    /// An action ended.
    Acted {
        /// Which.
        id: ActionId,
        /// How.
        result: Result<Done, PortError>,
    },
    /// Time has come to what `Machine::deadline` asked for, or past it.
    Tick,
    /// A person or a signal asks to stop: revert everything, then end.
    Interrupt,
}

/// What the run machine wants from the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Perform this action; answer with [`Input::Acted`].
    Do {
        /// Which.
        id: ActionId,
        /// On which device.
        dut: Dut,
        /// What.
        action: Action,
    },
    /// Before going on, put on disk that this must be undone if we die (`revert` = what undoes it).
    Promise {
        /// Names the promise.
        key: u32,
        /// On which device.
        dut: Dut,
        /// What undoes it.
        revert: Action,
    },
    /// The promise was kept.
    Kept {
        /// Which promise.
        key: u32,
    },
    /// Append this to the timeline.
    Log(crate::event::Event),
    /// The run is over; nothing more will come.
    Finished,
}

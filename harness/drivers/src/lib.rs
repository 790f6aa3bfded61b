//! What implements the ports of brownout, and how a rig file becomes an opened bench.

mod clock;
mod console;
mod debug;
mod open;
mod parameters;
mod power;
#[cfg(feature = "virtual")]
pub mod r#virtual;

pub use console::SerialParams;
pub use debug::{ProbeRsParams, WireSpeed};
pub use open::{BoardFacts, ConsoleDriver, DebugDriver, FlashTraceDriver, PowerDriver, Rig, RigDut};
pub use parameters::VirtualParams;
pub use power::CommandParams;

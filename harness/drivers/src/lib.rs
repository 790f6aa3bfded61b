//! What implements the ports of brownout, and how a rig file becomes an opened bench.

mod clock;
mod console;
mod debug;
mod open;
mod parameters;
mod power;
mod program;
mod stimulus;
mod supply;
#[cfg(feature = "virtual")]
pub mod r#virtual;

pub use console::SerialParams;
pub use debug::{ProbeRsParams, WireSpeed, image_fits, region_fits, symbols};
pub use open::{
    BoardFacts, ConsoleDriver, DebugDriver, FlashTraceDriver, PowerDriver, Rig, RigDut, StimulusDriver,
    SupplyDriver, tables,
};
pub use parameters::VirtualParams;
pub use power::CommandParams;
pub use stimulus::StimulusCommandParams;
pub use supply::ScpiParams;

/// The instruments that this computer has, one line each, for somebody who looks for a missing one.
pub fn present() -> Vec<String> {
    let mut lines: Vec<String> = probe_rs::probe::list::Lister::new()
        .list_all()
        .iter()
        .map(|probe| format!("debug probe here: {probe}"))
        .collect();
    // No list is no trouble here: the port itself says what is wrong.
    let ports = serialport::available_ports().unwrap_or_default();
    lines.extend(ports.iter().map(|port| format!("serial port here: {}", port.port_name)));
    lines
}

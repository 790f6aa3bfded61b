//! What implements the ports of brownout, and how a rig file becomes an opened bench.

mod clock;
mod console;
mod debug;
mod link;
mod network;
mod open;
mod parameters;
mod power;
mod program;
mod services;
mod stimulus;
mod supply;
#[cfg(feature = "virtual")]
pub mod r#virtual;

pub use console::SerialParams;
pub use debug::{Looks, ProbeRsParams, WireSpeed, image_fits, looks, region_fits, symbols};
pub use link::{InlineParams, NetemParams};
pub use open::{
    BoardFacts, ConsoleDriver, DebugDriver, FlashTraceDriver, LinkDriver, PowerDriver, Rig, RigDut,
    ServicesDriver, StimulusDriver, SupplyDriver, tables,
};
pub use parameters::VirtualParams;
pub use power::CommandParams;
pub use services::{BrokerParams, BrokerUrl, GatewayParams, InlineServicesParams};
pub use stimulus::StimulusCommandParams;
pub use supply::ScpiParams;

/// The debug probes of this computer: the selector of each as a rig file has it, and its name.
pub fn probes() -> Vec<(String, String)> {
    let selector = |probe: &probe_rs::probe::DebugProbeInfo| {
        let serial = probe.serial_number.as_ref().map(|serial| format!(":{serial}")).unwrap_or_default();
        format!("{:04x}:{:04x}{serial}", probe.vendor_id, probe.product_id)
    };
    let probes = probe_rs::probe::list::Lister::new().list_all();
    probes.iter().map(|probe| (selector(probe), probe.identifier.clone())).collect()
}

/// The serial ports of this computer, those on USB first.
pub fn serial_ports() -> Vec<String> {
    let mut ports = serialport::available_ports().unwrap_or_default();
    ports.sort_by_key(|port| !matches!(port.port_type, serialport::SerialPortType::UsbPort(_)));
    ports.into_iter().map(|port| port.port_name).collect()
}

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

//! The services at the other end of a device's link: the lab's, or somebody's own.

#[cfg(target_os = "linux")]
mod addresses;
mod broker;
mod client;
#[cfg(target_os = "linux")]
mod host;
#[cfg(target_os = "linux")]
mod stream;
#[cfg(test)]
mod tests;
mod url;

pub(crate) use broker::Broker;
pub use broker::BrokerParams;
#[cfg(target_os = "linux")]
pub(crate) use host::Host;
pub use url::BrokerUrl;

use brownout_core::port::{Port, PortError, Trouble};

brownout_core::record! {
    /// The lab's services on ordinary sockets of this computer, behind a network interface with the device at the other
    /// end of its cable. The interface is moved into a network namespace of its own, in which this computer is the
    /// device's gateway (10.77.0.1/24) and has the services' addresses (198.18.0.10 and others), so that no port of the
    /// computer's own is taken; it comes back by itself, however brownout ends. Linux, as root.
    ///
    /// `gateway: {interface: eth1}`
    pub struct GatewayParams {
        /// The interface.
        interface: String = "interface",
        /// A network namespace that is there already, as `ip netns` names it, with the interface in it. Its addresses are
        /// added to, and stay.
        namespace: Option<String> = "namespace" optional,
    }
}

brownout_core::record! {
    /// The lab's services behind the link of the driver `inline`, which takes no port of this computer's. It takes no
    /// parameters.
    ///
    /// `inline: {}`
    pub struct InlineServicesParams {}
}

/// What is wrong with a device for which no certificates can be made.
pub(crate) fn no_certificates(why: String) -> PortError {
    services_trouble(
        Trouble::Failed,
        format!("no certificates could be made for this device: {why}"),
        "give it a shorter name in the rig file, of letters, digits and `-`",
    )
}

/// What is wrong with a misbehaviour for which no certificates can be made.
pub(crate) fn cannot(name: &str, why: &str) -> PortError {
    PortError {
        port: Port::Services,
        trouble: Trouble::Failed,
        message: format!("cannot `{name}`: {why}"),
        help: None,
    }
}

pub(crate) fn services_trouble(trouble: Trouble, message: String, help: &str) -> PortError {
    PortError { port: Port::Services, trouble, message, help: Some(help.to_owned()) }
}

//! Links: the network cable between the harness and a device.

#[cfg(target_os = "linux")]
pub(crate) mod ground;
#[cfg(target_os = "linux")]
mod inline;
#[cfg(target_os = "linux")]
pub(crate) mod interface;
#[cfg(target_os = "linux")]
pub(crate) mod namespace;
#[cfg(target_os = "linux")]
mod netem;
#[cfg(target_os = "linux")]
pub(crate) mod netlink;
#[cfg(target_os = "linux")]
pub(crate) mod wire;

#[cfg(target_os = "linux")]
pub(crate) use inline::Inline;
#[cfg(target_os = "linux")]
pub(crate) use netem::Netem;

use brownout_core::port::{Port, PortError, Trouble};

brownout_core::record! {
    /// A network interface of this computer with the device at the other end of its cable, impaired by the kernel's own
    /// netem. Linux, as root or with CAP_NET_ADMIN; nothing else should use the interface.
    ///
    /// netem is set on what this computer sends. What the device sends passes an intermediate device (ifb) for that,
    /// which needs the kernel modules `ifb`, `sch_ingress`, `cls_matchall` and `act_mirred`. netem knows no rules for
    /// chosen packets and no MTU black hole; the driver `inline` does.
    ///
    /// `netem: {interface: eth1}`
    pub struct NetemParams {
        /// The interface.
        interface: String = "interface",
        /// The network namespace that it is in, as `ip netns` names it. Left out, it is this computer's own, or that
        /// which the services make.
        namespace: Option<String> = "namespace" optional,
    }
}

brownout_core::record! {
    /// A network interface of this computer with the device at the other end of its cable, and the lab's own link,
    /// gateway and services behind it: frames are taken from the interface and put onto it, and pass the same
    /// user-space link as those of a virtual board. Linux, as root or with CAP_NET_RAW (pulling the cable: CAP_NET_ADMIN);
    /// no help of the kernel is needed, and the interface should have no address.
    ///
    /// `inline: {interface: eth1}`
    pub struct InlineParams {
        /// The interface.
        interface: String = "interface",
        /// The network namespace that it is in, as `ip netns` names it.
        namespace: Option<String> = "namespace" optional,
    }
}

#[cfg(target_os = "linux")]
const NO_RIGHT_TO_PLUG: &str = "run brownout as root, or give it the right: sudo setcap cap_net_admin,cap_net_raw+ep \"$(command -v brownout)\"";
#[cfg(target_os = "linux")]
const NO_RIGHT_TO_FRAMES: &str =
    "run brownout as root, or give it the right: sudo setcap cap_net_raw+ep \"$(command -v brownout)\"";

pub(crate) fn link_trouble(trouble: Trouble, message: String, help: &str) -> PortError {
    PortError { port: Port::Link, trouble, message, help: Some(help.to_owned()) }
}

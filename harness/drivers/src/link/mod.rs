//! Links: the network cable between the harness and a device.

#[cfg(target_os = "linux")]
mod interface;
#[cfg(target_os = "linux")]
pub(crate) mod namespace;
#[cfg(target_os = "linux")]
mod netem;
#[cfg(target_os = "linux")]
mod netlink;

use crate::clock::Stopwatch;
use brownout_core::port::{Port, PortError, Trouble};
use brownout_ports::{Link, Watch};
use std::rc::Rc;
use std::sync::Arc;

brownout_core::record! {
    /// A network interface of this computer with the device at the other end of its cable, impaired by the kernel's own
    /// netem. Linux, as root or with CAP_NET_ADMIN.
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
        /// of the services where they have the same interface.
        namespace: Option<String> = "namespace" optional,
    }
}

/// Opens the driver `netem`.
///
/// # Errors
/// There is no thread for it. What is wrong with the interface is said when the port is asked for something.
#[cfg(target_os = "linux")]
pub(crate) fn netem(
    params: &NetemParams,
    seed: u64,
    watch: Watch,
    clock: Arc<Stopwatch>,
) -> Result<Rc<dyn Link>, PortError> {
    let place = params.namespace.clone().map_or(netem::Place::Here, netem::Place::Named);
    let port = netem::Netem::start(params.clone(), place, seed, watch, clock).map_err(|error| PortError {
        port: Port::Link,
        trouble: Trouble::Failed,
        message: format!("no thread for the link: {error}"),
        help: None,
    })?;
    Ok(Rc::new(port))
}

/// There is no netem outside Linux.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub(crate) fn netem(_: &NetemParams, _: u64, _: Watch, _: Arc<Stopwatch>) -> Result<Rc<dyn Link>, PortError> {
    Err(PortError {
        port: Port::Link,
        trouble: Trouble::Absent,
        message: "netem is a part of Linux".to_owned(),
        help: Some("run brownout on Linux for this port".to_owned()),
    })
}

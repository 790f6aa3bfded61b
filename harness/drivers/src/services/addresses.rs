//! The addresses of the plan: the gateway's on the interface of the device, those of the services on the loopback.

use super::services_trouble;
use crate::link::interface;
use crate::link::netlink::{Netlink, Refusal};
use brownout_core::port::{Port, PortError, Trouble};
use brownout_lab::plan::{GATEWAY, NAMES, PREFIX};
use nix::errno::Errno;
use std::net::Ipv4Addr;

/// Gives the interface, and this thread's namespace, the addresses of the plan. What is there already stays.
pub(super) fn take(name: &str) -> Result<(), PortError> {
    let mut netlink = open()?;
    let device = interface::find(&mut netlink, name).map_err(of_services)?;
    let here = interface::find(&mut netlink, "lo").map_err(of_services)?;
    let mut add = |index, address, prefix| match interface::add_address(&mut netlink, index, address, prefix)
    {
        Err(refusal) if !refusal.is(Errno::EEXIST) => {
            let (kind, help) = if refusal.is(Errno::EPERM) {
                (Trouble::Denied, "run brownout as root")
            } else {
                (Trouble::Failed, "`ip address` shows what there is")
            };
            Err(services_trouble(kind, format!("cannot have the address {address}: {refusal}"), help))
        }
        _ => Ok(()),
    };
    for (_, address, _) in NAMES {
        add(here.index, *address, 32)?;
    }
    add(device.index, GATEWAY, PREFIX)?;
    interface::set_up(&mut netlink, here.index, true).map_err(|refusal| not_up(&refusal))
}

/// An address of a service is there, or is not.
pub(super) fn set(address: Ipv4Addr, there: bool) -> Result<(), PortError> {
    let mut netlink = open()?;
    let here = interface::find(&mut netlink, "lo").map_err(of_services)?;
    let set = if there {
        interface::add_address(&mut netlink, here.index, address, 32)
    } else {
        interface::remove_address(&mut netlink, here.index, address, 32)
    };
    match set {
        Err(refusal) if !refusal.is(Errno::EEXIST) && !refusal.is(Errno::EADDRNOTAVAIL) => {
            Err(services_trouble(
                Trouble::Failed,
                format!("cannot change the address {address}: {refusal}"),
                "`ip address` shows what there is",
            ))
        }
        _ => Ok(()),
    }
}

fn open() -> Result<Netlink, PortError> {
    Netlink::open().map_err(|error| {
        let message = format!("no routing socket: {error}");
        services_trouble(Trouble::Failed, message, "is this a Linux kernel with networking?")
    })
}

fn of_services(error: PortError) -> PortError {
    PortError { port: Port::Services, ..error }
}

fn not_up(refusal: &Refusal) -> PortError {
    let kind = if refusal.is(Errno::EPERM) { Trouble::Denied } else { Trouble::Failed };
    services_trouble(
        kind,
        format!("the loopback of the network namespace stays down: {refusal}"),
        "run brownout as root",
    )
}

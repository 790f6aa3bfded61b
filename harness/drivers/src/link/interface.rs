//! Network interfaces of a namespace (ip-link(8), ip-address(8)), by routing messages.

use super::link_trouble;
use super::netlink::{Attributes, Message, Netlink, Refusal, Request, attribute, flag, native, u32_at};
use brownout_core::port::{PortError, Trouble};
use nix::errno::Errno;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, BorrowedFd};

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_DELADDR: u16 = 21;
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_INFO_KIND: u16 = 1;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_BROADCAST: u16 = 4;
const RTA_OIF: u16 = 4;
const IFF_UP: u32 = 1;
const IFF_LOWER_UP: u32 = 1 << 16;

/// `struct ifinfomsg`.
const IFINFOMSG: usize = 16;

/// An interface as the kernel tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) index: u32,
    pub(crate) name: String,
    /// Its Ethernet address, if it has one.
    pub(crate) address: Option<[u8; 6]>,
    /// It was told to be up.
    pub(crate) up: bool,
    /// Something answers at the other end of its cable.
    pub(crate) carrier: bool,
}

impl Interface {
    fn of(message: &Message) -> Option<Self> {
        if message.kind != RTM_NEWLINK {
            return None;
        }
        let flags = u32_at(&message.body, 8)?;
        let attributes = message.body.get(IFINFOMSG..)?;
        let name = attribute(attributes, IFLA_IFNAME)?;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        Some(Self {
            index: u32_at(&message.body, 4)?,
            name: String::from_utf8_lossy(name).into_owned(),
            address: attribute(attributes, IFLA_ADDRESS).and_then(|address| address.try_into().ok()),
            up: flags & IFF_UP != 0,
            carrier: flags & IFF_LOWER_UP != 0,
        })
    }
}

/// `struct ifinfomsg`, with the flags to change.
fn ifinfomsg(index: u32, flags: u32, change: u32) -> Vec<u8> {
    native(&[0, index, flags, change])
}

/// All interfaces.
pub(crate) fn all(netlink: &mut Netlink) -> Result<Vec<Interface>, Refusal> {
    let head = ifinfomsg(0, 0, 0);
    let attributes = Attributes::default();
    let told = netlink.ask(&Request {
        kind: RTM_GETLINK,
        flags: flag::DUMP,
        head: &head,
        attributes: &attributes,
    })?;
    Ok(told.iter().filter_map(Interface::of).collect())
}

/// The interface of that name; none if there is none.
pub(crate) fn named(netlink: &mut Netlink, name: &str) -> Result<Option<Interface>, Refusal> {
    let head = ifinfomsg(0, 0, 0);
    let attributes = Attributes::default().text(IFLA_IFNAME, name);
    match netlink.ask(&Request { kind: RTM_GETLINK, flags: 0, head: &head, attributes: &attributes }) {
        Ok(told) => Ok(told.iter().find_map(Interface::of)),
        // A name that is too long cannot be that of an interface.
        Err(refusal)
            if refusal.is(Errno::ENODEV) || refusal.is(Errno::ERANGE) || refusal.is(Errno::EINVAL) =>
        {
            Ok(None)
        }
        Err(refusal) => Err(refusal),
    }
}

/// Puts an interface up or down.
pub(crate) fn set_up(netlink: &mut Netlink, index: u32, up: bool) -> Result<(), Refusal> {
    change(netlink, &ifinfomsg(index, if up { IFF_UP } else { 0 }, IFF_UP), &Attributes::default())
}

/// Moves an interface to another network namespace; it is down there, and has no addresses.
pub(crate) fn move_to(netlink: &mut Netlink, index: u32, namespace: BorrowedFd<'_>) -> Result<(), Refusal> {
    let namespace = namespace.as_raw_fd().cast_unsigned();
    change(netlink, &ifinfomsg(index, 0, 0), &Attributes::default().words(IFLA_NET_NS_FD, &[namespace]))
}

/// Makes an interface of a kind that needs nothing else: `dummy`, `ifb`.
pub(crate) fn create(netlink: &mut Netlink, name: &str, kind: &str) -> Result<(), Refusal> {
    let info = Attributes::default().text(IFLA_INFO_KIND, kind);
    make(netlink, &Attributes::default().text(IFLA_IFNAME, name).nest(IFLA_LINKINFO, &info))
}

/// Takes away an interface that was made.
pub(crate) fn remove(netlink: &mut Netlink, index: u32) -> Result<(), Refusal> {
    let head = ifinfomsg(index, 0, 0);
    let attributes = Attributes::default();
    netlink.ask(&Request { kind: RTM_DELLINK, flags: 0, head: &head, attributes: &attributes }).map(drop)
}

/// Gives an interface an address.
pub(crate) fn add_address(
    netlink: &mut Netlink,
    index: u32,
    address: Ipv4Addr,
    prefix: u8,
) -> Result<(), Refusal> {
    let network = u32::MAX.checked_shr(u32::from(prefix)).unwrap_or(0);
    let broadcast = Ipv4Addr::from_bits(address.to_bits() | network);
    let mut attributes = addresses(address);
    if prefix < 31 {
        attributes = attributes.bytes(IFA_BROADCAST, &broadcast.octets());
    }
    let (head, flags) = (ifaddrmsg(index, prefix), flag::CREATE | flag::EXCL);
    netlink.ask(&Request { kind: RTM_NEWADDR, flags, head: &head, attributes: &attributes }).map(drop)
}

/// Takes an address away from an interface.
pub(crate) fn remove_address(
    netlink: &mut Netlink,
    index: u32,
    address: Ipv4Addr,
    prefix: u8,
) -> Result<(), Refusal> {
    let (head, attributes) = (ifaddrmsg(index, prefix), addresses(address));
    netlink.ask(&Request { kind: RTM_DELADDR, flags: 0, head: &head, attributes: &attributes }).map(drop)
}

/// `struct ifaddrmsg`: family, length of the prefix, flags, scope, interface.
fn ifaddrmsg(index: u32, prefix: u8) -> Vec<u8> {
    let mut head = vec![nix::libc::AF_INET as u8, prefix, 0, 0];
    head.extend(index.to_ne_bytes());
    head
}

fn addresses(address: Ipv4Addr) -> Attributes {
    Attributes::default().bytes(IFA_LOCAL, &address.octets()).bytes(IFA_ADDRESS, &address.octets())
}

/// The interfaces through which default routes go (IPv4).
pub(crate) fn of_default_routes(netlink: &mut Netlink) -> Result<Vec<u32>, Refusal> {
    /// `struct rtmsg`: family, length of the destination's prefix, and others of no interest.
    const RTMSG: usize = 12;
    let mut head = [0; RTMSG];
    head[0] = nix::libc::AF_INET as u8;
    let attributes = Attributes::default();
    let told = netlink.ask(&Request {
        kind: RTM_GETROUTE,
        flags: flag::DUMP,
        head: &head,
        attributes: &attributes,
    })?;
    let through =
        told.iter().filter(|message| message.kind == RTM_NEWROUTE && message.body.get(1) == Some(&0));
    Ok(through.filter_map(|message| u32_at(attribute(message.body.get(RTMSG..)?, RTA_OIF)?, 0)).collect())
}

fn change(netlink: &mut Netlink, head: &[u8], attributes: &Attributes) -> Result<(), Refusal> {
    netlink.ask(&Request { kind: RTM_NEWLINK, flags: 0, head, attributes }).map(drop)
}

fn make(netlink: &mut Netlink, attributes: &Attributes) -> Result<(), Refusal> {
    let head = ifinfomsg(0, 0, 0);
    let flags = flag::CREATE | flag::EXCL;
    netlink.ask(&Request { kind: RTM_NEWLINK, flags, head: &head, attributes }).map(drop)
}

/// The interface of that name.
pub(crate) fn find(netlink: &mut Netlink, name: &str) -> Result<Interface, PortError> {
    let broken = |refusal: Refusal| {
        link_trouble(
            Trouble::Failed,
            format!("cannot list network interfaces: {refusal}"),
            "`ip link` lists them",
        )
    };
    if let Some(found) = named(netlink, name).map_err(broken)? {
        return Ok(found);
    }
    let all = all(netlink).map_err(broken)?;
    let others: Vec<_> =
        all.iter().filter(|other| other.name != "lo").map(|other| format!("`{}`", other.name)).collect();
    let there = if others.is_empty() { "none but `lo`".to_owned() } else { others.join(", ") };
    Err(link_trouble(
        Trouble::Absent,
        format!("there is no network interface `{name}`"),
        &format!("is the adapter plugged in? There is {there}"),
    ))
}

/// Refuses an interface whose loss would cut this computer off.
pub(crate) fn is_not_the_way_out(netlink: &mut Netlink, interface: &Interface) -> Result<(), PortError> {
    let name = &interface.name;
    let through = of_default_routes(netlink).map_err(|refusal| {
        link_trouble(Trouble::Failed, format!("cannot list routes: {refusal}"), "`ip route` lists them")
    })?;
    if through.contains(&interface.index) || name == "lo" {
        return Err(link_trouble(
            Trouble::Mismatch,
            format!("`{name}` is this computer's own: its traffic goes there"),
            "name the interface that the device is plugged into",
        ));
    }
    Ok(())
}

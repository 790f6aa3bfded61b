//! Wires: what carries Ethernet frames between the lab and a device, whatever it is made of.

use super::interface::{self, Interface};
use super::netlink::Netlink;
use super::{NO_RIGHT_TO_FRAMES, NO_RIGHT_TO_PLUG, link_trouble};
use brownout_core::port::{PortError, Trouble};
use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socket};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// The longest that may come: with several frames put together, as the kernel does with what arrives at once.
pub(crate) const LONGEST: usize = 65_536;

/// Carries frames, from their destination address on, without preamble and check sequence. Nothing of it blocks.
pub(crate) trait Wire: Send {
    /// Gives the device a link, or takes it away.
    fn plug(&mut self, plugged: bool) -> io::Result<()>;

    /// Sends a frame. One for which there is no room is lost, as on any wire.
    fn send(&mut self, frame: &[u8]) -> io::Result<()>;

    /// A frame from the device: its length in the buffer; none for now.
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>>;

    /// What becomes readable when a frame arrives; none while the cable is out.
    fn fd(&self) -> Option<BorrowedFd<'_>>;

    /// Looks whether the cable could be pulled.
    fn can_be_pulled(&mut self) -> Result<(), PortError> {
        Ok(())
    }
}

/// All frames of a network interface of this computer (packet(7)). Needs CAP_NET_RAW; pulling its cable needs
/// CAP_NET_ADMIN.
pub(crate) struct PacketSocket {
    socket: OwnedFd,
    netlink: Netlink,
    interface: Interface,
    was_up: bool,
}

impl PacketSocket {
    /// Opens it on the interface of that name, in this thread's network namespace.
    pub(crate) fn open(name: &str) -> Result<Self, PortError> {
        let mut netlink = Netlink::open().map_err(|error| {
            let message = format!("no routing socket: {error}");
            link_trouble(Trouble::Failed, message, "is this a Linux kernel with networking?")
        })?;
        let interface = interface::find(&mut netlink, name)?;
        interface::is_not_the_way_out(&mut netlink, &interface)?;
        let socket =
            raw(interface.index).map_err(|error| match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EPERM | Errno::EACCES) => {
                    let message = format!("no right to the frames of `{name}`: {error}");
                    link_trouble(Trouble::Denied, message, NO_RIGHT_TO_FRAMES)
                }
                _ => link_trouble(
                    Trouble::Failed,
                    format!("the frames of `{name}` cannot be had: {error}"),
                    "`ip -details link` shows how it stands",
                ),
            })?;
        let was_up = interface.up;
        Ok(Self { socket, netlink, interface, was_up })
    }
}

/// A socket for all frames that arrive at an interface, whoever they are for.
fn raw(interface: u32) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    // Without a protocol it receives nothing yet, so nothing of other interfaces.
    let socket = socket(AddressFamily::Packet, SockType::Raw, flags, None)?;
    let index = interface.cast_signed();
    option(&socket, libc::PACKET_IGNORE_OUTGOING, &1_i32)?;
    // The gateway has an address of its own, which is not that of the interface.
    let everything = libc::packet_mreq {
        mr_ifindex: index,
        mr_type: libc::PACKET_MR_PROMISC as u16,
        mr_alen: 0,
        mr_address: [0; 8],
    };
    option(&socket, libc::PACKET_ADD_MEMBERSHIP, &everything)?;
    let address = libc::sockaddr_ll {
        sll_family: libc::AF_PACKET as u16,
        sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
        sll_ifindex: index,
        sll_hatype: 0,
        sll_pkttype: 0,
        sll_halen: 0,
        sll_addr: [0; 8],
    };
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the pointer is to a structure of that length, which is only read.
    let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    if bound == 0 { Ok(socket) } else { Err(io::Error::last_os_error()) }
}

/// Sets an option of a packet socket.
fn option<T>(socket: &OwnedFd, name: libc::c_int, value: &T) -> io::Result<()> {
    let length = size_of::<T>() as libc::socklen_t;
    // SAFETY: the pointer is to a value of that length, which is only read.
    let set = unsafe {
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_PACKET, name, (&raw const *value).cast(), length)
    };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

impl Wire for PacketSocket {
    fn plug(&mut self, plugged: bool) -> io::Result<()> {
        if self.interface.up != plugged {
            match interface::set_up(&mut self.netlink, self.interface.index, plugged) {
                Ok(()) => self.interface.up = plugged,
                // One that is up for good can be used all the same: nothing passes it while the cable is said to be out.
                Err(refusal) if refusal.is(Errno::EPERM) && !plugged => {}
                Err(refusal) => return Err(io::Error::other(refusal.to_string())),
            }
        }
        Ok(())
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        match send(self.socket.as_raw_fd(), frame, MsgFlags::empty()) {
            // Down, or full.
            Ok(_) | Err(Errno::ENETDOWN | Errno::EAGAIN | Errno::ENOBUFS) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match recv(self.socket.as_raw_fd(), buffer, MsgFlags::empty()) {
            Ok(length) => Ok(Some(length)),
            Err(Errno::EAGAIN | Errno::ENETDOWN | Errno::EINTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.socket.as_fd())
    }

    fn can_be_pulled(&mut self) -> Result<(), PortError> {
        // Setting it to what it is needs the same right as setting it to something else.
        interface::set_up(&mut self.netlink, self.interface.index, self.interface.up).map_err(|refusal| {
            let message = format!("no right to pull the cable of `{}`: {refusal}", self.interface.name);
            link_trouble(Trouble::Denied, message, NO_RIGHT_TO_PLUG)
        })
    }
}

impl Drop for PacketSocket {
    fn drop(&mut self) {
        let _ = self.plug(self.was_up);
    }
}

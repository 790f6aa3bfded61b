//! A network namespace of our own, with an interface of this computer in it.

use super::interface::{self, Interface};
use super::link_trouble;
use super::namespace::Namespace;
use super::netlink::{Netlink, Refusal};
use brownout_core::port::{PortError, Trouble};
use nix::errno::Errno;
use std::io;
use std::time::Duration;

/// How long it is waited for an interface that is on its way back from a namespace that has just ended.
const COMING_BACK: u32 = 100;
const GLANCE: Duration = Duration::from_millis(20);

/// A namespace with an interface that was moved into it. Dropping it moves the interface back.
#[derive(Debug)]
pub(crate) struct Ground {
    namespace: Namespace,
    home: Namespace,
    interface: String,
}

impl Ground {
    /// Makes a namespace of our own and moves the interface into it.
    ///
    /// The kernel ends a namespace that nobody holds, and gives a physical interface back to the computer, so nothing has to
    /// be undone if this process is killed.
    pub(crate) fn make(name: &str) -> Result<Self, PortError> {
        let denied = |error: io::Error| {
            link_trouble(
                Trouble::Denied,
                format!("cannot make a network namespace: {error}"),
                "run brownout as root; the driver `inline` for link and services needs CAP_NET_RAW only",
            )
        };
        let home = Namespace::own().map_err(denied)?;
        let namespace = Namespace::anonymous().map_err(denied)?;
        let mut netlink = Netlink::open().map_err(|error| {
            let message = format!("no routing socket: {error}");
            link_trouble(Trouble::Failed, message, "is this a Linux kernel with networking?")
        })?;
        let found = coming(&mut netlink, name)?;
        interface::is_not_the_way_out(&mut netlink, &found)?;
        interface::move_to(&mut netlink, found.index, namespace.fd())
            .map_err(|refusal| not_moved(name, &refusal))?;
        Ok(Self { namespace, home, interface: name.to_owned() })
    }

    /// Brings this thread there.
    pub(super) fn enter(&self) -> io::Result<()> {
        self.namespace.enter()
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let (home, name) = (&self.home, &self.interface);
        // Whatever fails here, the kernel moves it back when the namespace ends.
        let _ = self.namespace.within(|| {
            let mut netlink = Netlink::open()?;
            let found = interface::named(&mut netlink, name).map_err(|refusal| refusal.error)?;
            let Some(found) = found else { return Ok(()) };
            interface::move_to(&mut netlink, found.index, home.fd()).map_err(|refusal| refusal.error)
        });
    }
}

/// The interface, or what is wrong if it does not come.
fn coming(netlink: &mut Netlink, name: &str) -> Result<Interface, PortError> {
    for _ in 0..COMING_BACK {
        if let Ok(Some(found)) = interface::named(netlink, name) {
            return Ok(found);
        }
        std::thread::sleep(GLANCE);
    }
    interface::find(netlink, name)
}

fn not_moved(name: &str, refusal: &Refusal) -> PortError {
    let (kind, help) = if refusal.is(Errno::EPERM) {
        (Trouble::Denied, "run brownout as root")
    } else {
        (
            Trouble::Failed,
            "an interface of wireless hardware stays where it is; `ip link` shows what there is",
        )
    };
    link_trouble(kind, format!("cannot use `{name}` in a network namespace: {refusal}"), help)
}

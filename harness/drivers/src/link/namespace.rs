//! Network namespaces (network_namespaces(7)): where an interface and the sockets beside it live.

use super::ground::Ground;
use super::link_trouble;
use brownout_core::port::{PortError, Trouble};
use nix::sched::{CloneFlags, setns, unshare};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::thread;

/// Where `ip netns` keeps the namespaces that it names.
const NAMED: &str = "/run/netns";
/// The namespace of the thread that asks.
const OWN: &str = "/proc/thread-self/ns/net";

/// A network namespace, kept alive by this. The kernel takes one away that nobody holds, and gives physical interfaces
/// back to the computer; so nothing is left behind however this process ends.
#[derive(Clone, Debug)]
pub(crate) struct Namespace(Arc<OwnedFd>);

impl Namespace {
    /// The one in which this thread is.
    pub(crate) fn own() -> io::Result<Self> {
        open(Path::new(OWN))
    }

    /// The one that `ip netns` knows by this name.
    pub(crate) fn named(name: &str) -> io::Result<Self> {
        if name.is_empty() || name.contains('/') || name.starts_with('.') {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "this cannot be the name of a network namespace",
            ));
        }
        open(&Path::new(NAMED).join(name))
    }

    /// A new one, empty and without a name.
    pub(crate) fn anonymous() -> io::Result<Self> {
        let make = || {
            unshare(CloneFlags::CLONE_NEWNET)?;
            Self::own()
        };
        // On a thread of its own, for whoever makes it stays where it is.
        in_a_thread(make)
    }

    /// Brings this thread into it, for good.
    pub(crate) fn enter(&self) -> io::Result<()> {
        Ok(setns(&*self.0, CloneFlags::CLONE_NEWNET)?)
    }

    /// Does something inside it.
    pub(crate) fn within<T: Send>(&self, work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        in_a_thread(|| {
            self.enter()?;
            work()
        })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Where the interface is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// Where this process is.
    Here,
    /// In a namespace that `ip netns` knows.
    Named(String),
    /// In one that is ours.
    In(Arc<Ground>),
}

impl Place {
    /// Brings this thread there.
    pub(crate) fn enter(&self) -> Result<(), PortError> {
        match self {
            Self::Here => Ok(()),
            Self::Named(name) => {
                Namespace::named(name).and_then(|namespace| namespace.enter()).map_err(|error| {
                    link_trouble(
                        if error.kind() == io::ErrorKind::NotFound {
                            Trouble::Absent
                        } else {
                            Trouble::Denied
                        },
                        format!("cannot enter the network namespace `{name}`: {error}"),
                        "`ip netns` lists those that there are; entering one needs root or CAP_SYS_ADMIN",
                    )
                })
            }
            Self::In(ground) => ground.enter().map_err(|error| {
                link_trouble(
                    Trouble::Denied,
                    format!("cannot enter the network namespace of the rig: {error}"),
                    "run brownout as root",
                )
            }),
        }
    }
}

fn open(path: &Path) -> io::Result<Namespace> {
    #[allow(clippy::disallowed_methods, reason = "a namespace is opened by its path")]
    let file = File::open(path)?;
    Ok(Namespace(Arc::new(file.into())))
}

fn in_a_thread<T: Send>(work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("namespace".to_owned()).spawn_scoped(scope, work)?;
        thread.join().unwrap_or_else(|_| Err(io::Error::other("the thread in the namespace has panicked")))
    })
}

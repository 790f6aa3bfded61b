//! What a server does wrong at present, and what that means for a connection.

use super::config::Tickets;
use crate::pki::{Identity, Pki, PkiError};
use brownout_core::network::{AlertDescription, HandshakeState, TlsFault};

/// A fault, and what the server shows because of it.
#[derive(Clone, Debug)]
pub(super) struct Wrong {
    pub(super) fault: TlsFault,
    shown: Option<Identity>,
}

impl Wrong {
    pub(super) fn new(fault: TlsFault, pki: &Pki) -> Result<Self, PkiError> {
        let shown = match &fault {
            TlsFault::Certificate(how) => Some(pki.bad(*how)?),
            TlsFault::OversizedChain { bytes } => Some(pki.oversized(*bytes)?),
            TlsFault::CaRotated { cross_signed } => Some(pki.rotated(*cross_signed)?),
            _ => None,
        };
        Ok(Self { fault, shown })
    }

    /// What the server shows.
    pub(super) fn shown(&self) -> Option<Identity> {
        self.shown.clone()
    }

    /// Whether it shows something else than it should.
    pub(super) fn shows(&self) -> Option<()> {
        self.shown.as_ref().map(|_| ())
    }

    /// Where the server stops in a handshake.
    pub(super) const fn stop(&self) -> Option<Stop> {
        match self.fault {
            TlsFault::Stall { at } => Some(Stop { at, reset: false }),
            TlsFault::Reset { at } => Some(Stop { at, reset: true }),
            _ => None,
        }
    }

    /// With what the server refuses a device.
    pub(super) const fn refuses(&self) -> Option<AlertDescription> {
        match self.fault {
            TlsFault::ClientRefused { alert } => Some(alert),
            _ => None,
        }
    }

    /// Behind how many bytes of application data the server breaks off.
    pub(super) const fn breaks_off(&self) -> Option<BreakOff> {
        match self.fault {
            TlsFault::Alert { description, after } => Some(BreakOff { alert: Some(description), after }),
            TlsFault::TruncatedClose { after } => Some(BreakOff { alert: None, after }),
            _ => None,
        }
    }

    /// Whether the server speaks no version that the device speaks.
    pub(super) fn no_version(&self) -> Option<()> {
        (self.fault == TlsFault::NoCommonVersion).then_some(())
    }

    /// Whether the server takes no ticket back.
    pub(super) fn refuses_tickets(&self) -> Option<()> {
        (self.fault == TlsFault::TicketRefused).then_some(())
    }
}

/// Where a server stops in a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    /// Behind which of its messages.
    pub(super) at: HandshakeState,
    /// And resets the connection.
    pub(super) reset: bool,
}

/// How a server breaks off a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BreakOff {
    /// With an alert; without one the connection is just closed.
    pub(super) alert: Option<AlertDescription>,
    /// Behind so many bytes.
    pub(super) after: u64,
}

/// Tickets, as the settings and the faults want them.
pub(super) fn tickets(given: bool, refused: bool, key: [u8; 32]) -> Option<Tickets> {
    (given || refused).then_some(Tickets { key, refused })
}

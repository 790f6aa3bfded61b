//! DHCP (RFC 2131, options of RFC 2132): what is seen of it and how a server goes wrong.

use crate::time::Duration;
use serde::{Deserialize, Serialize};

/// How the DHCP server misbehaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DhcpFault {
    /// It says nothing.
    Silent,
    /// It refuses every request (DHCPNAK).
    Nak,
    /// Its leases are this short.
    ShortLease(Duration),
    /// It gives another address than before.
    NewAddress,
    /// It names no router.
    NoRouter,
}

/// What is seen of DHCP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DhcpSeen {
    /// A message of the device: `discover`, `request`, `decline`, `release`, `inform`.
    Asked {
        /// Its type.
        message: String,
    },
    /// An answer: `offer`, `ack`, `nak`.
    Answered {
        /// Its type.
        message: String,
        /// The address in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<String>,
        /// The lease time in it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lease: Option<Duration>,
    },
}

//! What is seen of TCP connections.

use super::Service;
use serde::{Deserialize, Serialize};

/// Numbers the connections of a device in a run, from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conn(pub u32);

/// What is seen of TCP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TcpSeen {
    /// The device asks for a connection; an attempt, whatever becomes of it.
    Asked {
        /// Of which service.
        service: Service,
        /// Address and port.
        to: String,
    },
    /// It stands.
    Opened {
        /// Which.
        conn: Conn,
        /// To which service.
        service: Service,
        /// Address and port.
        to: String,
    },
    /// It ended.
    Closed {
        /// Which.
        conn: Conn,
        /// Who ended it, and how.
        end: End,
    },
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// The device closed it (FIN).
    ByDevice,
    /// The device reset it (RST).
    ResetByDevice,
    /// The service closed it.
    ByService,
    /// The service reset it.
    ResetByService,
    /// The device did not answer any more.
    TimedOut,
}

crate::words!(End {
    ByDevice = "by_device",
    ResetByDevice = "reset_by_device",
    ByService = "by_service",
    ResetByService = "reset_by_service",
    TimedOut = "timed_out",
});

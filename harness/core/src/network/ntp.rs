//! NTP (RFC 5905): what is seen of it and how a server goes wrong.

use crate::quantity::Offset;
use serde::{Deserialize, Serialize};

/// How the NTP server misbehaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NtpFault {
    /// It says nothing.
    Silent,
    /// It tells the device off with a kiss-o'-death packet of this code.
    KissOfDeath(Kiss),
    /// Its clock is off by this.
    Off(Offset),
    /// It is not synchronised: stratum 16.
    Unsynchronised,
    /// Its time is in the next era: behind 2036-02-07T06:28:16Z.
    NextEra,
}

/// A code of a kiss-o'-death packet (RFC 5905 section 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kiss {
    /// Access denied: the client must stop asking this server.
    Deny,
    /// Access denied by policy: the client must stop asking this server.
    Rstr,
    /// Asked too often: the client must ask less often.
    Rate,
}

crate::words!(Kiss { Deny = "DENY", Rstr = "RSTR", Rate = "RATE" });

/// What is seen of NTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NtpSeen {
    /// A question.
    Asked,
    /// An answer.
    Answered {
        /// Its stratum.
        stratum: u8,
        /// Its transmit time, in seconds since 1970.
        unix: i64,
    },
}

//! NTP (RFC 5905): what is seen of it and how a server goes wrong.

use crate::quantity::Offset;
use serde::{Deserialize, Serialize};

/// How the NTP server misbehaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NtpFault {
    /// It says nothing.
    Silent,
    /// Kiss-o'-death (RFC 5905 section 7.4) with this code: `DENY`, `RSTR`, `RATE`.
    KissOfDeath(String),
    /// Its clock is off by this.
    Off(Offset),
    /// It is not synchronised: stratum 16.
    Unsynchronised,
    /// Its time is in the next era: behind 2036-02-07T06:28:16Z.
    NextEra,
}

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

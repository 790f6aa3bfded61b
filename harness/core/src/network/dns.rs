//! DNS (RFC 1035): what is seen of it and how a server goes wrong.

use crate::time::Duration;
use serde::{Deserialize, Serialize};

/// How the DNS server misbehaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsFault {
    /// There is no such name.
    NxDomain,
    /// It failed.
    ServFail,
    /// It refuses.
    Refused,
    /// It says nothing.
    Silent,
    /// It answers late.
    Slow(Duration),
    /// It gives another address.
    WrongAddress(core::net::Ipv4Addr),
    /// Answers over UDP are cut short: the name must be asked for over TCP (RFC 7766).
    Truncated,
    /// Answers live this long.
    Ttl(Duration),
    /// Answers carry another id than the question.
    WrongId,
    /// Names are aliases of one another.
    CnameLoop,
}

/// What is seen of DNS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsSeen {
    /// A question.
    Asked {
        /// The name.
        name: String,
        /// `A`, `AAAA`, …
        kind: String,
        /// Over TCP.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        tcp: bool,
    },
    /// An answer.
    Answered {
        /// The name.
        name: String,
        /// `noerror`, `nxdomain`, `servfail`, `refused`.
        code: String,
        /// The addresses in it.
        addresses: Vec<String>,
        /// How long it lives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl: Option<Duration>,
    },
}

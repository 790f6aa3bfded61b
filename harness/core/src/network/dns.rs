//! DNS (RFC 1035): what is seen of it and how a server goes wrong.

use super::Service;
use crate::time::Duration;
use serde::{Deserialize, Serialize};

/// How the DNS server misbehaves, and when it is asked for what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsFault {
    /// Only when this name is asked for; any if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Host>,
    /// What it does.
    pub how: DnsMisbehaviour,
}

/// What a DNS server can do wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DnsMisbehaviour {
    /// It answers with an error.
    Error(Rcode),
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

/// An error that a DNS server answers with (RFC 1035 section 4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rcode {
    /// There is no such name.
    NxDomain,
    /// The server failed.
    ServFail,
    /// The server refuses.
    Refused,
}

crate::words!(Rcode { NxDomain = "nxdomain", ServFail = "servfail", Refused = "refused" });

/// A service that has a name to be resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Host {
    /// The MQTT broker.
    Broker,
    /// The time server.
    Ntp,
    /// The cloud's HTTP interface.
    Api,
    /// The identity provider.
    Identity,
}

crate::words!(Host { Broker = "broker", Ntp = "ntp", Api = "api", Identity = "identity" });

impl Host {
    /// The service whose name it is.
    pub const fn service(self) -> Service {
        match self {
            Self::Broker => Service::Broker,
            Self::Ntp => Service::Ntp,
            Self::Api => Service::Api,
            Self::Identity => Service::Identity,
        }
    }
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

//! Rules for chosen packets: the n-th one that matches is dropped, delayed or duplicated.

use super::{Direction, Service};
use crate::time::Duration;
use serde::{Deserialize, Serialize};

/// What happens to chosen packets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketRule {
    /// Which packets are counted.
    pub of: Predicate,
    /// The first of them that meets its fate, from 1, counted since the rule was set.
    pub nth: u64,
    /// How many of them, from there on.
    pub count: u64,
    /// What happens to them.
    pub fate: Fate,
}

/// Which packets. What is left out does not matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predicate {
    /// Which way.
    pub direction: Direction,
    /// `arp`, `icmp`, `tcp`, `udp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// To or from one of the harness's services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// To or from this port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// TCP segments with these flags set, of `syn ack fin rst psh`; others are not asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<TcpFlag>,
    /// With at least so many bytes of payload above TCP or UDP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_at_least: Option<u32>,
}

/// Protocols that a predicate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// RFC 826.
    Arp,
    /// RFC 792.
    Icmp,
    /// RFC 9293.
    Tcp,
    /// RFC 768.
    Udp,
}

crate::words!(Protocol { Arp = "arp", Icmp = "icmp", Tcp = "tcp", Udp = "udp" });

/// Flags of a TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TcpFlag {
    /// SYN.
    Syn,
    /// ACK.
    Ack,
    /// FIN.
    Fin,
    /// RST.
    Rst,
    /// PSH.
    Psh,
}

crate::words!(TcpFlag { Syn = "syn", Ack = "ack", Fin = "fin", Rst = "rst", Psh = "psh" });

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is dropped.
    Drop,
    /// It comes so much later; others overtake it.
    Delay(Duration),
    /// It comes twice.
    Duplicate,
}

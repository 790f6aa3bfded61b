//! `packet`: something happens to chosen packets.

use super::{FaultKind, Lowered, Lowering, Objection, impair};
use crate::network::{Direction, Fate, Impair, PacketRule, Predicate, Protocol, Service, TcpFlag};
use crate::port::Port;
use crate::quantity::Size;
use crate::time::Duration;
use serde::{Deserialize, Serialize};

fault! {
    /// The n-th packet that matches is dropped, delayed or duplicated, and as many behind it as `count` says. What is left
    /// out matches any packet.
    ///
    /// `packet: {fate: drop, service: broker, flags: [syn], nth: 1, count: 3, for: 60s}`
    pub struct ChosenPacket {
        /// What happens to it.
        fate: PacketFate = "fate",
        /// How much later it comes, if it is delayed; others overtake it.
        by: Option<Duration> = "by" (Positive) optional,
        /// Its protocol.
        protocol: Option<Protocol> = "protocol" optional,
        /// The service that it goes to or comes from.
        service: Option<Service> = "service" optional,
        /// The port that it goes to or comes from, of TCP or UDP.
        port: Option<u16> = "port" optional,
        /// Flags that a TCP segment has set, of `syn`, `ack`, `fin`, `rst` and `psh`; others it may have or not.
        flags: Vec<TcpFlag> = "flags" or Vec::new(),
        /// The least payload that it has above TCP or UDP: `1B` leaves out mere acknowledgements.
        payload: Option<Size> = "payload" optional,
        /// The first of those that match to which it happens, counted from 1 since the fault struck.
        nth: u32 = "nth" (Positive) or 1,
        /// To how many of those that match, from there on.
        count: u32 = "count" (Positive) or 1,
        /// Which way.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(60)
}

/// What happens to a chosen packet, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PacketFate {
    /// It is dropped.
    Drop,
    /// It comes later.
    Delay,
    /// It comes twice.
    Duplicate,
}

crate::words!(PacketFate { Drop = "drop", Delay = "delay", Duplicate = "duplicate" });

/// How much later a delayed packet comes, where nothing is said.
const LATER: Duration = Duration::from_secs(1);

impl FaultKind for ChosenPacket {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("packet", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }

    fn objection(&self) -> Option<Objection> {
        if self.by.is_some() && self.fate != PacketFate::Delay {
            return Some(Objection::to(
                "by",
                format!("`by` says how much later a packet comes; this one meets `{}`", self.fate.word()),
                "write `fate: delay`, or leave `by` out",
            ));
        }
        let protocol = self.protocol?;
        let has_ports = matches!(protocol, Protocol::Tcp | Protocol::Udp);
        let asked = [
            ("flags", !self.flags.is_empty() && protocol != Protocol::Tcp, "flags"),
            ("port", self.port.is_some() && !has_ports, "ports"),
            ("service", self.service.is_some() && !has_ports, "ports to tell services by"),
            ("payload", self.payload.is_some() && !has_ports, "payload above it"),
        ];
        let (field, _, what) = asked.into_iter().find(|(_, in_vain, _)| *in_vain)?;
        let which = if field == "flags" { "TCP has" } else { "TCP and UDP have" };
        Some(Objection::to(
            field,
            format!("no packet matches: `{}` has no {what}", protocol.word()),
            format!("only {which}; choose that, or leave `{field}` out"),
        ))
    }
}

impl ChosenPacket {
    fn how(&self) -> Impair {
        let fate = match self.fate {
            PacketFate::Drop => Fate::Drop,
            PacketFate::Delay => Fate::Delay(self.by.unwrap_or(LATER)),
            PacketFate::Duplicate => Fate::Duplicate,
        };
        let of = Predicate {
            direction: self.direction,
            protocol: self.protocol,
            service: self.service,
            port: self.port,
            flags: self.flags.clone(),
            payload_at_least: self.payload.map(Size::bytes),
        };
        Impair::Packet(PacketRule { of, nth: u64::from(self.nth), count: u64::from(self.count), fate })
    }
}

//! Rules for chosen packets.

use super::Way;
use super::headers::Headers;
use crate::plan::service_at;
use brownout_core::network::{Fate, PacketRule, Predicate, Protocol};

/// A rule, and how many packets it chose from.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    rule: PacketRule,
    matched: u64,
}

impl Counted {
    pub(super) const fn new(rule: PacketRule) -> Self {
        Self { rule, matched: 0 }
    }

    /// How many packets matched.
    pub(super) const fn matched(&self) -> u64 {
        self.matched
    }

    /// What it has in mind for a packet, which it counts if it matches.
    pub(super) fn fate(&mut self, way: Way, packet: &Headers) -> Option<Fate> {
        if !matches(&self.rule.of, way, packet) {
            return None;
        }
        self.matched += 1;
        let after_first = self.matched.checked_sub(self.rule.nth.max(1))?;
        (after_first < self.rule.count).then_some(self.rule.fate)
    }
}

fn matches(of: &Predicate, way: Way, packet: &Headers) -> bool {
    way.is_of(of.direction)
        && of.protocol.is_none_or(|protocol| packet.protocol == Some(protocol))
        && of.port.is_none_or(|port| packet.ports().contains(&Some(port)))
        && of.service.is_none_or(|service| {
            packet
                .ends()
                .into_iter()
                .flatten()
                .any(|(address, port)| service_at(address, port) == Some(service))
        })
        && (of.flags.is_empty()
            || packet.protocol == Some(Protocol::Tcp) && of.flags.iter().all(|flag| packet.has(*flag)))
        && of.payload_at_least.is_none_or(|least| packet.payload.is_some_and(|payload| payload >= least))
}

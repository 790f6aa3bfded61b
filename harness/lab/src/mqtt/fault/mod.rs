//! What becomes of packets while a fault is in force. One small file a fault.

mod duplicate;
mod invalid_utf8;
mod late;
mod malformed;
mod oversized;
mod reason;
mod withhold;
mod wrong_id;

pub(super) use duplicate::twice;
pub(super) use invalid_utf8::invalid_utf8;
pub(super) use late::late;
pub(super) use malformed::malformed;
pub(super) use oversized::oversized;
pub(super) use reason::connack_code;
pub(super) use withhold::withheld;
pub(super) use wrong_id::wrong_id;

use super::frame::Frame;
use brownout_core::network::{Conn, MqttFault, MqttSeen};
use brownout_core::time::Instant;

/// A misbehaviour in force.
#[derive(Clone, Debug)]
pub(super) struct InForce {
    /// Its name.
    pub(super) name: String,
    /// Since when.
    pub(super) since: Instant,
    /// What it is.
    pub(super) fault: MqttFault,
    /// Of one that is done once and not once for each connection: it is done.
    pub(super) done: bool,
    /// Of one that comes again and again: when next.
    pub(super) next: Instant,
    /// The topic that was found for it.
    pub(super) topic: Option<String>,
    /// How many of its messages were larger than a client takes.
    pub(super) too_large: u64,
}

impl InForce {
    pub(super) fn new(name: &str, since: Instant, fault: MqttFault) -> Self {
        Self { name: name.to_owned(), since, fault, done: false, next: since, topic: None, too_large: 0 }
    }
}

impl Frame {
    /// The connection it is for.
    fn conn(&self) -> Conn {
        match &self.seen {
            MqttSeen::Connack { conn, .. }
            | MqttSeen::Delivered { conn, .. }
            | MqttSeen::Withheld { conn, .. }
            | MqttSeen::Sent { conn, .. }
            | MqttSeen::Connect { conn, .. }
            | MqttSeen::Publish { conn, .. }
            | MqttSeen::Packet { conn, .. }
            | MqttSeen::Violation { conn, .. } => *conn,
        }
    }

    /// The same with other bytes, which are not what they should be.
    fn spoilt(&self, bytes: Vec<u8>, how: &str) -> Self {
        let packet = format!("{} ({how})", self.kind.standard_name());
        Self { kind: self.kind, bytes, seen: MqttSeen::Sent { conn: self.conn(), packet, code: None } }
    }

    /// Where its body begins.
    fn body_at(&self) -> usize {
        let continued = self.bytes.iter().skip(1).take(3).take_while(|byte| **byte & 0x80 != 0).count();
        (2 + continued).min(self.bytes.len())
    }

    fn first(&self) -> u8 {
        self.bytes.first().copied().unwrap_or(0)
    }

    fn body(&self) -> &[u8] {
        self.bytes.get(self.body_at()..).unwrap_or_default()
    }
}

//! `mqtt_malformed`: packets of the broker are malformed.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{BrokerPacket, Damage, Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Packets of the broker are malformed. A PUBLISH or a DISCONNECT it sends of its own accord, once to each connection.
    ///
    /// `mqtt_malformed: {packet: suback, how: truncated, for: 60s}`
    pub struct MqttMalformed {
        /// Which packets.
        packet: BrokerPacket = "packet",
        /// What is wrong with them.
        how: Damage = "how" or Damage::Truncated,
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttMalformed {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_malformed",
            Misbehave::Mqtt(MqttFault::Malformed { packet: self.packet, damage: self.how }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `mqtt_duplicate_puback`: messages are acknowledged twice.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{BrokerPacket, Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker acknowledges messages of QoS 1 twice. The second may be taken for that of the next message.
    ///
    /// `mqtt_duplicate_puback: {for: 60s}`
    pub struct MqttDuplicatePuback {
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttDuplicatePuback {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_duplicate_puback",
            Misbehave::Mqtt(MqttFault::Duplicate { packet: BrokerPacket::Puback }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `mqtt_no_puback`: messages are never acknowledged.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{BrokerPacket, Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker takes messages of QoS 1 and never acknowledges them.
    ///
    /// `mqtt_no_puback: {for: 60s}`
    pub struct MqttNoPuback {
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttNoPuback {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_no_puback",
            Misbehave::Mqtt(MqttFault::Withhold { packet: BrokerPacket::Puback }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

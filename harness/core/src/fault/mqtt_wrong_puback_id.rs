//! `mqtt_wrong_puback_id`: another message is acknowledged.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{BrokerPacket, Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker acknowledges messages of QoS 1 under a packet identifier that the device never used.
    ///
    /// `mqtt_wrong_puback_id: {for: 60s}`
    pub struct MqttWrongPubackId {
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttWrongPubackId {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_wrong_puback_id",
            Misbehave::Mqtt(MqttFault::WrongId { packet: BrokerPacket::Puback }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

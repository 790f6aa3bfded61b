//! `mqtt_no_connack`: the broker never lets in.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{BrokerPacket, Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker takes connections and never answers CONNECT; nor does it say anything else.
    ///
    /// `mqtt_no_connack: {for: 60s}`
    pub struct MqttNoConnack {
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttNoConnack {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_no_connack",
            Misbehave::Mqtt(MqttFault::Withhold { packet: BrokerPacket::Connack }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

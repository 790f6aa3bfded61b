//! `mqtt_no_suback`: subscriptions are never acknowledged.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{BrokerPacket, Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker takes subscriptions and never acknowledges them.
    ///
    /// `mqtt_no_suback: {for: 60s}`
    pub struct MqttNoSuback {
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttNoSuback {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_no_suback",
            Misbehave::Mqtt(MqttFault::Withhold { packet: BrokerPacket::Suback }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `mqtt_late_puback`: messages are acknowledged late.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{BrokerPacket, Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker acknowledges messages of QoS 1 late.
    ///
    /// `mqtt_late_puback: {by: 15s, for: 60s}`
    pub struct MqttLatePuback {
        /// By how much.
        by: Duration = "by" (Positive) or Duration::from_secs(15),
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttLatePuback {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_late_puback",
            Misbehave::Mqtt(MqttFault::Late { packet: Some(BrokerPacket::Puback), by: self.by }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `mqtt_no_pingresp`: pings are never answered.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{BrokerPacket, Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker does not answer pings. All else works.
    ///
    /// `mqtt_no_pingresp: {for: 60s}`
    pub struct MqttNoPingresp {
    } lasting Duration::from_secs(120)
}

impl FaultKind for MqttNoPingresp {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_no_pingresp",
            Misbehave::Mqtt(MqttFault::Withhold { packet: BrokerPacket::Pingresp }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

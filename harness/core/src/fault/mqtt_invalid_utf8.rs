//! `mqtt_invalid_utf8`: a topic is not UTF-8.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker sends each connection one PUBLISH whose topic is not UTF-8 (MQTT 5.0 section 1.5.4: the receiver closes the
    /// connection).
    ///
    /// `mqtt_invalid_utf8: {for: 60s}`
    pub struct MqttInvalidUtf8 {
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttInvalidUtf8 {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("mqtt_invalid_utf8", Misbehave::Mqtt(MqttFault::InvalidUtf8), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

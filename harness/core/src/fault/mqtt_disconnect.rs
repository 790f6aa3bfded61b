//! `mqtt_disconnect`: the broker ends the connection.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Farewell, Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker ends the device's connection once.
    ///
    /// `mqtt_disconnect: {reason: server_shutting_down}`
    pub struct MqttDisconnect {
        /// The reason that a DISCONNECT gives, by name or number (only a client of MQTT 5.0 is told); the connection is
        /// just closed if left out.
        reason: Option<Farewell> = "reason" optional,
    } lasting Duration::from_secs(10)
}

impl FaultKind for MqttDisconnect {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_disconnect",
            Misbehave::Mqtt(MqttFault::Disconnect { code: self.reason.map(Farewell::code) }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `mqtt_kicked`: the broker puts out whom it let in.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Farewell, Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker lets the client in and puts it out soon after, again and again. A device that resets its backoff at
    /// CONNACK knocks without end.
    ///
    /// `mqtt_kicked: {after: 1s, reason: quota_exceeded, for: 60s}`
    pub struct MqttKicked {
        /// How soon.
        after: Duration = "after" or Duration::from_secs(1),
        /// The reason that a DISCONNECT gives, by name or number (only a client of MQTT 5.0 is told); the connection is
        /// just closed if left out.
        reason: Option<Farewell> = "reason" optional,
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttKicked {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_kicked",
            Misbehave::Mqtt(MqttFault::Kick { after: self.after, code: self.reason.map(Farewell::code) }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

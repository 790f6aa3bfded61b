//! `mqtt_refused`: the broker refuses the client.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, MqttFault, Refusal};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker takes connections and refuses each client that asks to be let in.
    ///
    /// `mqtt_refused: {code: server_busy, for: 60s}`
    pub struct MqttRefused {
        /// Why: a reason of CONNACK (MQTT 5.0 section 3.2.2.2, 3.1.1 table 3.1), by name or number.
        code: Refusal = "code" or Refusal::BUSY,
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttRefused {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("mqtt_refused", Misbehave::Mqtt(MqttFault::Refuse { code: self.code.code() }), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

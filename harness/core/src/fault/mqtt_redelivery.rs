//! `mqtt_redelivery`: acknowledged messages come again.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker does not take note of acknowledgements, and sends each message of QoS 1 again, with DUP and the same packet
    /// identifier.
    ///
    /// `mqtt_redelivery: {times: 2, for: 60s}`
    pub struct MqttRedelivery {
        /// How often.
        times: u32 = "times" (Positive) or 1,
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttRedelivery {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("mqtt_redelivery", Misbehave::Mqtt(MqttFault::Redeliver { times: self.times }), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

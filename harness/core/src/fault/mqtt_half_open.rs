//! `mqtt_half_open`: the connection is dead and stays open.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The device's connection is dead and stays open: what it sends is taken by TCP and has no effect, and nothing comes back.
    /// It stays dead when the fault is over; a new connection works.
    ///
    /// `mqtt_half_open: {for: 120s}`
    pub struct MqttHalfOpen {
    } lasting Duration::from_secs(120)
}

impl FaultKind for MqttHalfOpen {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("mqtt_half_open", Misbehave::Mqtt(MqttFault::HalfOpen), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

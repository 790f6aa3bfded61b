//! `mqtt_session_lost`: the broker has lost its sessions.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The broker has lost its sessions, with what waited in them, and the connections. While this is in force no client finds
    /// its session again, so that one that relies on its subscriptions hears nothing any more.
    ///
    /// `mqtt_session_lost: {for: 60s}`
    pub struct MqttSessionLost {
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttSessionLost {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("mqtt_session_lost", Misbehave::Mqtt(MqttFault::SessionLost), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

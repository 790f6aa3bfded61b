//! `mqtt_takeover`: another client has the same identifier.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Another client connects with the device's identifier and takes its session over: the device is put out (0x8e).
    ///
    /// `mqtt_takeover: {again: true, for: 60s}`
    pub struct MqttTakeover {
        /// How long after the device was let in.
        after: Duration = "after" or Duration::from_secs(1),
        /// Again and again, whenever the device is back; or once.
        again: bool = "again" or false,
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttTakeover {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_takeover",
            Misbehave::Mqtt(MqttFault::Takeover { after: self.after, again: self.again }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

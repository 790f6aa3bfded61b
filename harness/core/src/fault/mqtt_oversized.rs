//! `mqtt_oversized`: a message is larger than anybody takes.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, MqttFault};
use crate::port::Port;
use crate::quantity::Size;
use crate::time::Duration;

fault! {
    /// The broker sends each connection one PUBLISH that says it is that large. No more than 1 MiB of it is sent; then the broker
    /// stays in the middle of the packet, and nothing else comes.
    ///
    /// `mqtt_oversized: {length: 1MiB, for: 60s}`
    pub struct MqttOversized {
        /// Its remaining length. The default is the most that the protocol can say.
        length: Size = "length" (Positive) or Size(268_435_455),
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttOversized {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_oversized",
            Misbehave::Mqtt(MqttFault::Oversized { length: self.length.bytes() }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `mqtt_will_storm`: the wills of many clients are published.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The wills of other clients are published one right after the other, as when a whole site goes down.
    ///
    /// `mqtt_will_storm: {count: 500}`
    pub struct MqttWillStorm {
        /// How many. A broker keeps at most 1000 waiting for a client.
        count: u32 = "count" (Positive) or 200,
        /// Where to; the name of the other client stands in the place of wildcards. Where the device listens if left out.
        topic: Option<String> = "topic" optional,
    } lasting Duration::from_secs(10)
}

impl FaultKind for MqttWillStorm {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_will_storm",
            Misbehave::Mqtt(MqttFault::WillStorm { count: self.count, topic: self.topic.clone() }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `mqtt_will_storm`: the wills of many clients are published.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The wills of other clients are published one right after the other, as when a whole site goes down. They hold what the
    /// device's own will holds, or `{"online":false}` if it has none.
    ///
    /// `mqtt_will_storm: {count: 500}`
    pub struct MqttWillStorm {
        /// How many. A broker keeps at most 1000 waiting for a client.
        count: u32 = "count" (Positive) or 200,
        /// Where to. One with wildcards is any that it takes in and the device listens to; left out, any that the device listens
        /// to. The name of the other client stands for what the device's filter leaves open.
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

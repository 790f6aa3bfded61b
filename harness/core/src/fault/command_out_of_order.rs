//! `command_out_of_order`: commands come in another order.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Content, Misbehave, MqttFault, Payload, Quality};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Commands come in the reverse of the order in which they are written.
    ///
    /// `command_out_of_order: {}`
    pub struct CommandOutOfOrder {
        /// The commands as they were meant, in JSON. `{n}` in them is a number that no other message of the run has.
        commands: Vec<String> = "commands" (NotEmpty) or vec![FIRST.to_owned(), SECOND.to_owned()],
        /// Where to; where the device listens if left out: its first filter, with something in the place of wildcards.
        topic: Option<String> = "topic" optional,
        /// Its quality of service.
        qos: Quality = "qos" or Quality::AtLeastOnce,
    } lasting Duration::from_secs(10)
}

const FIRST: &str = r#"{"id":"brownout-1","set":{"target":20.5}}"#;
const SECOND: &str = r#"{"id":"brownout-2","set":{"target":22.5}}"#;

impl FaultKind for CommandOutOfOrder {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "command_out_of_order",
            Misbehave::Mqtt(MqttFault::Messages {
                topic: self.topic.clone(),
                contents: self
                    .commands
                    .iter()
                    .rev()
                    .map(|one| Content::Literal(Payload::from(one.as_str())))
                    .collect(),
                qos: self.qos.number(),
            }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `command_out_of_order`: commands come in another order.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::command::Qos;
use crate::network::{Content, Misbehave, MqttFault, Payload};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Commands come in the reverse of the order in which they are written.
    ///
    /// `command_out_of_order: {commands: ['{"id":"1","set":{"target":20.5}}', '{"id":"2","set":{"target":22.5}}']}`
    pub struct CommandOutOfOrder {
        /// The commands in the order in which they were meant. `{n}` in them is a number that no other message of the run has.
        commands: Vec<String> = "commands" (NotEmpty),
        /// Where to. One with wildcards is any that it takes in and the device listens to; left out, any that the device listens
        /// to.
        topic: Option<String> = "topic" optional,
        /// Its quality of service.
        qos: Qos = "qos" or Qos::AtLeastOnce,
    } lasting Duration::from_secs(10)
}

impl CommandOutOfOrder {
    fn contents(&self) -> Vec<Content> {
        self.commands.iter().rev().map(|text| Content::Literal(Payload::from(text.as_str()))).collect()
    }
}

impl FaultKind for CommandOutOfOrder {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "command_out_of_order",
            Misbehave::Mqtt(MqttFault::Messages {
                topic: self.topic.clone(),
                contents: self.contents(),
                qos: self.qos.level(),
            }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

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
        /// The commands as they were meant, in JSON; two set points if left out. `{n}` in them is a number that no other message
        /// of the run has.
        commands: Option<Vec<String>> = "commands" optional,
        /// Where to; where the device listens if left out: its first filter, with something in the place of wildcards.
        topic: Option<String> = "topic" optional,
        /// Its quality of service.
        qos: Quality = "qos" or Quality::AtLeastOnce,
    } lasting Duration::from_secs(10)
}

/// Two set points; the second is what is wanted in the end.
const SET_POINTS: [&str; 2] =
    [r#"{"id":"brownout-1","set":{"target":20.5}}"#, r#"{"id":"brownout-2","set":{"target":22.5}}"#];

impl CommandOutOfOrder {
    fn contents(&self) -> Vec<Content> {
        let content = |text: &str| Content::Literal(Payload::from(text));
        match &self.commands {
            Some(commands) => commands.iter().rev().map(|text| content(text)).collect(),
            None => SET_POINTS.iter().rev().map(|text| content(text)).collect(),
        }
    }
}

impl FaultKind for CommandOutOfOrder {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "command_out_of_order",
            Misbehave::Mqtt(MqttFault::Messages {
                topic: self.topic.clone(),
                contents: self.contents(),
                qos: self.qos.number(),
            }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `command_duplicated`: a command comes more than once.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{COMMAND, Content, Misbehave, MqttFault, Payload, Quality};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A command is published more than once, each time as a message of its own, word for word the same.
    ///
    /// `command_duplicated: {times: 3}`
    pub struct CommandDuplicated {
        /// The command, in JSON. `{n}` in it is a number, the same each time.
        command: String = "command" (OneLine) or COMMAND.to_owned(),
        /// How often it comes in all.
        times: u32 = "times" (Positive) or 2,
        /// Where to; where the device listens if left out: its first filter, with something in the place of wildcards.
        topic: Option<String> = "topic" optional,
        /// Its quality of service.
        qos: Quality = "qos" or Quality::AtLeastOnce,
    } lasting Duration::from_secs(10)
}

impl CommandDuplicated {
    /// Word for word the same: numbered here, and not when it is sent.
    fn same(&self, seed: u64) -> Payload {
        Payload::from(self.command.replace("{n}", &format!("{:x}", seed >> 40)).as_str())
    }
}

impl FaultKind for CommandDuplicated {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        misbehave(
            "command_duplicated",
            Misbehave::Mqtt(MqttFault::Messages {
                topic: self.topic.clone(),
                contents: vec![Content::Literal(self.same(cx.seed)); self.times as usize],
                qos: self.qos.number(),
            }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

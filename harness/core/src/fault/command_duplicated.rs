//! `command_duplicated`: a command comes more than once.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::command::Qos;
use crate::network::{Content, Misbehave, MqttFault, Payload};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A command is published more than once, each time as a message of its own, word for word the same.
    ///
    /// `command_duplicated: {times: 3}`
    pub struct CommandDuplicated {
        /// The command; the `example` of the board file if left out. `{n}` in it is a number, the same each time.
        command: Option<String> = "command" (OneLine) optional,
        /// How often it comes in all.
        times: u32 = "times" (Positive) or 2,
        /// Where to. One with wildcards is any that it takes in and the device listens to; left out, any that the device listens
        /// to.
        topic: Option<String> = "topic" optional,
        /// Its quality of service.
        qos: Qos = "qos" or Qos::AtLeastOnce,
    } lasting Duration::from_secs(10)
}

impl CommandDuplicated {
    /// Word for word the same: numbered here, and not when it is sent.
    fn same(&self, cx: &Lowering<'_>) -> Payload {
        let command = cx.sound(self.command.as_ref());
        Payload::from(command.replace("{n}", &format!("{:x}", cx.seed >> 40)).as_str())
    }
}

impl FaultKind for CommandDuplicated {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        misbehave(
            "command_duplicated",
            Misbehave::Mqtt(MqttFault::Messages {
                topic: self.topic.clone(),
                contents: vec![Content::Literal(self.same(cx)); self.times as usize],
                qos: self.qos.level(),
            }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

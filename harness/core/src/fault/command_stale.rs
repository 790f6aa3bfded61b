//! `command_stale`: a command comes after it has expired.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::command::Qos;
use crate::network::{Content, Misbehave, MqttFault, Payload};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A command comes that has expired long ago.
    ///
    /// `command_stale: {command: '{"id":"late-{n}","set":{"target":23.5},"expires":1577836800}'}`
    pub struct CommandStale {
        /// The command, which says in the device's own way that it has expired. `{n}` in it is a number that no other message of
        /// the run has.
        command: Payload = "command",
        /// Where to. One with wildcards is any that it takes in and the device listens to; left out, any that the device listens
        /// to.
        topic: Option<String> = "topic" optional,
        /// Its quality of service.
        qos: Qos = "qos" or Qos::AtLeastOnce,
    } lasting Duration::from_secs(10)
}

impl FaultKind for CommandStale {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "command_stale",
            Misbehave::Mqtt(MqttFault::Messages {
                topic: self.topic.clone(),
                contents: vec![Content::Literal(self.command.clone())],
                qos: self.qos.level(),
            }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `command_stale`: a command comes after it has expired.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Content, Misbehave, MqttFault, Payload, Quality};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// A command comes that has expired long ago.
    ///
    /// `command_stale: {}`
    pub struct CommandStale {
        /// The command, in JSON; one that expired when 2020 began if left out. `{n}` in it is a number that no other message of
        /// the run has.
        command: Option<Payload> = "command" optional,
        /// Where to; where the device listens if left out: its first filter, with something in the place of wildcards.
        topic: Option<String> = "topic" optional,
        /// Its quality of service.
        qos: Quality = "qos" or Quality::AtLeastOnce,
    } lasting Duration::from_secs(10)
}

const STALE: &str = r#"{"id":"brownout-{n}","set":{"target":30.0},"expires":1577836800}"#;

impl FaultKind for CommandStale {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "command_stale",
            Misbehave::Mqtt(MqttFault::Messages {
                topic: self.topic.clone(),
                contents: vec![Content::Literal(
                    self.command.clone().unwrap_or_else(|| Payload::from(STALE)),
                )],
                qos: self.qos.number(),
            }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

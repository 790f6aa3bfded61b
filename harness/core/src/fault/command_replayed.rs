//! `command_replayed`: an old command is sent again.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, MqttFault};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The last command that the device took is published anew, as by somebody who recorded it. It waits until there is one.
    ///
    /// `command_replayed: {times: 3}`
    pub struct CommandReplayed {
        /// How often.
        times: u32 = "times" (Positive) or 1,
    } lasting Duration::from_secs(10)
}

impl FaultKind for CommandReplayed {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave("command_replayed", Misbehave::Mqtt(MqttFault::Replay { times: self.times }), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

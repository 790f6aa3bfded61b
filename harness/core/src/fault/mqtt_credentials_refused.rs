//! `mqtt_credentials_refused`: credentials that were good are refused.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, MqttFault, Refusal};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Credentials that were good are so no more: the token has expired while the device was asleep, or the account was
    /// closed. Who connects is refused.
    ///
    /// `mqtt_credentials_refused: {code: not_authorized, for: 60s}`
    pub struct MqttCredentialsRefused {
        /// Why: a reason of CONNACK, by name or number.
        code: Refusal = "code" or Refusal::NOT_AUTHORIZED,
        /// Whether a connection that stands is ended too (DISCONNECT with 0x87).
        kick: bool = "kick" or true,
    } lasting Duration::from_secs(60)
}

impl FaultKind for MqttCredentialsRefused {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "mqtt_credentials_refused",
            Misbehave::Mqtt(MqttFault::CredentialsRefused { code: self.code.code(), kick: self.kick }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

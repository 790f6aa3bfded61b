//! `dns_wrong_id`: answers carry a wrong id.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{DnsFault, DnsMisbehaviour, Host, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Answers of the name server carry another id than the question, as those of a forger would (RFC 5452).
    ///
    /// `dns_wrong_id: {for: 60s}`
    pub struct DnsWrongId {
        /// Only when this host is asked for; any if left out.
        of: Option<Host> = "of" optional,
    } lasting Duration::from_secs(60)
}

impl FaultKind for DnsWrongId {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        misbehave(
            "dns_wrong_id",
            Misbehave::Dns(DnsFault { of: self.of, how: DnsMisbehaviour::WrongId }),
            self.hold,
        )
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `service_down`: a service is not there.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Absence, Misbehave, Service};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Services are not there. Connections that stand are reset if they `refuses`, and stay as they are, half-open, if they are
    /// `silent`.
    ///
    /// `service_down: {services: [broker], how: refuses, for: 60s}`
    pub struct ServiceDown {
        /// Which; all of them if left out.
        services: Vec<Service> = "services" or Service::ALL.to_vec(),
        /// How it shows.
        how: Absence = "how" or Absence::Refuses,
    } lasting Duration::from_secs(60)
}

impl FaultKind for ServiceDown {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let how = Misbehave::Down { services: self.services.clone(), how: self.how };
        misbehave("service_down", how, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `service_restart`: services are stopped and started again.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, Service};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Services are stopped and, after the time of the fault, started again. Their connections are reset.
    ///
    /// `service_restart: {services: [broker], forgets: true, for: 5s}`
    pub struct ServiceRestart {
        /// Which; all of them if left out.
        services: Vec<Service> = "services" or Service::ALL.to_vec(),
        /// Whether they forget what they should keep: sessions, retained messages, leases.
        forgets: bool = "forgets" or false,
    } lasting Duration::from_secs(5)
}

impl FaultKind for ServiceRestart {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let how =
            Misbehave::Restart { services: self.services.clone(), away: self.hold, forgets: self.forgets };
        misbehave("service_restart", how, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

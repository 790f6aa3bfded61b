//! `service_slow`: services answer late.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{Misbehave, Service};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Every answer of the services comes late, though the link is as fast as ever.
    ///
    /// `service_slow: {services: [broker], by: 3s, for: 60s}`
    pub struct ServiceSlow {
        /// Which; all of them if left out.
        services: Vec<Service> = "services" or Service::ALL.to_vec(),
        /// How late.
        by: Duration = "by" (Positive) or Duration::from_secs(3),
    } lasting Duration::from_secs(60)
}

impl FaultKind for ServiceSlow {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let how = Misbehave::Slow { services: self.services.clone(), by: self.by };
        misbehave("service_slow", how, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

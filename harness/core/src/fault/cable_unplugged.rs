//! `cable_unplugged`: the cable is pulled.

use super::{FaultKind, Lowered, Lowering, pull};
use crate::network::Impair;
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The cable is pulled: the device's PHY loses its link. For a link that stays up and carries nothing, see `blackout`.
    ///
    /// `cable_unplugged: {for: 30s}`
    pub struct CableUnplugged {

    } lasting Duration::from_secs(30)
}

impl FaultKind for CableUnplugged {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        pull("cable_unplugged", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }
}

impl CableUnplugged {
    fn how(&self) -> Impair {
        Impair::Unplug
    }
}

//! `link_flap`: the cable comes and goes.

use super::{FaultKind, Lowered, Lowering, pull};
use crate::network::Impair;
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// The cable comes and goes, as with a bad plug: the device's PHY loses its link and finds it again. It goes first.
    ///
    /// `link_flap: {down: 2s, up: 5s, for: 30s}`
    pub struct LinkFlap {
        /// How long it is away each time.
        down: Duration = "down" (Positive) or Duration::from_secs(2),
        /// How long it is there each time.
        up: Duration = "up" (Positive) or Duration::from_secs(5),
    } lasting Duration::from_secs(30)
}

impl FaultKind for LinkFlap {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        pull("link_flap", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }
}

impl LinkFlap {
    fn how(&self) -> Impair {
        Impair::Flap { up: self.up, down: self.down }
    }
}

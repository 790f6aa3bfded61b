//! `mtu_black_hole`: long packets vanish.

use super::{FaultKind, Lowered, Lowering, impair};
use crate::network::{Direction, Impair};
use crate::port::Port;
use crate::quantity::Size;
use crate::time::Duration;

fault! {
    /// IP packets longer than this vanish, and nobody says so (RFC 2923): a tunnel on the way, and a firewall that drops ICMP. Short
    /// ones pass, so that connections come about and then hang.
    ///
    /// `mtu_black_hole: {mtu: 576B, for: 60s}`
    pub struct MtuBlackHole {
        /// The longest IP packet that passes, its header included.
        mtu: Size = "mtu" (Positive) or Size(1280),
        /// Which way.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(60)
}

impl FaultKind for MtuBlackHole {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("mtu_black_hole", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }
}

impl MtuBlackHole {
    fn how(&self) -> Impair {
        Impair::MtuBlackHole { mtu: self.mtu.bytes(), direction: self.direction }
    }
}

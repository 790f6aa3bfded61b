//! `memory_flip`: bits of memory turn over.

use super::{AtBreakpoint, Confirm, Evidence, FaultKind, Lowered, Lowering, changed};
use crate::action::Action;
use crate::chance::scattered_bits;
use crate::location::Location;
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// Bits of RAM turn over, as radiation, noise or a stray pointer turn them: seen by reading back through the probe.
    ///
    /// `memory_flip: {at: TARGET_TENTHS, bit: 4}`
    pub struct MemoryFlip {
        /// Where: a variable's symbol, or an address.
        at: Location = "at",
        /// Which bit, counted from bit 0 of the first byte. Left out, the seed decides.
        bit: Option<u32> = "bit" optional,
        /// How many bits the seed decides upon, where `bit` does not.
        bits: u32 = "bits" (Positive) or 1,
        /// How many bytes belong to it. A symbol brings its own size.
        bytes: Option<u32> = "bytes" optional,
    } at_once
}

impl MemoryFlip {
    /// The bits to turn over, from the first byte on.
    fn mask(&self, size: u32, seed: u64) -> Vec<u8> {
        let bytes = self.bytes.unwrap_or(size).clamp(1, LONGEST);
        match self.bit {
            Some(bit) => {
                let mut mask = vec![0; (bit / 8 + 1).min(LONGEST) as usize];
                if let Some(byte) = mask.last_mut() {
                    *byte = 1 << (bit % 8);
                }
                mask
            }
            None => scattered_bits(bytes, self.bits, seed),
        }
    }
}

/// More bytes are not turned over at once.
const LONGEST: u32 = 4096;

impl FaultKind for MemoryFlip {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        let place = self.at.on(cx.board);
        let flip = place.map(|place| Action::FlipMemory {
            address: place.address,
            mask: self.mask(place.size.max(1), cx.seed),
        });
        Lowered {
            arm: None,
            inject: flip.into_iter().map(Into::into).collect(),
            confirm: Confirm {
                evidence: Evidence::of(|_, what| changed(what)),
                text: "memory read back as it was before",
                within: Duration::from_secs(5),
            },
            revert: Vec::new(),
            at_breakpoint: AtBreakpoint::InjectThenResume,
        }
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Debug]
    }
}

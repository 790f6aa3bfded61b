//! `flash_corrupt`: flash does not hold what was written to it.

use super::{AtBreakpoint, Confirm, Evidence, FaultKind, Lowered, Lowering, changed};
use crate::action::{Action, Corruption, FlashCorruption};
use crate::location::Location;
use crate::names::Region;
use crate::plan::Symbol;
use crate::port::Port;
use crate::quantity::Size;
use crate::time::Duration;
use serde::{Deserialize, Serialize};

fault! {
    /// Flash does not hold what was written to it: bits turned over, a page erased, or one torn in the middle. The device
    /// starts anew with it, because the loader that writes flash works in the device's RAM.
    ///
    /// `flash_corrupt: {in: settings, how: bits, bits: 3}`
    pub struct FlashCorrupt {
        /// Which region of the board file.
        region: Option<Region> = "in" optional,
        /// Or where: a symbol, or an address.
        at: Option<Location> = "at" optional,
        /// How much from there on. A region or a symbol brings its own size; otherwise one page of 4 KiB.
        bytes: Option<Size> = "bytes" optional,
        /// How.
        how: FlashHow = "how" or FlashHow::Bits,
        /// How many bits turn over, for `how: bits`; at places that the seed decides upon, among what is not erased.
        bits: u32 = "bits" (Positive) or 1,
    } at_once
}

/// Ways in which flash goes bad, as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlashHow {
    /// Bits turn over.
    Bits,
    /// All of it reads erased.
    Erased,
    /// The second half reads erased.
    Torn,
    /// Noise.
    Noise,
}

crate::words!(FlashHow { Bits = "bits", Erased = "erased", Torn = "torn", Noise = "noise" });

const PAGE: u32 = 4096;

impl FlashCorrupt {
    fn place(&self, cx: &Lowering<'_>) -> Option<Symbol> {
        let place = match (&self.region, &self.at) {
            (Some(region), _) => {
                let (address, size) = *cx.board.regions.get(region)?;
                Symbol { address, size }
            }
            (None, Some(at)) => at.on(cx.board)?,
            (None, None) => return None,
        };
        let size = self.bytes.map_or(place.size, Size::bytes);
        Some(Symbol { size: if size == 0 { PAGE } else { size }, ..place })
    }
}

impl FaultKind for FlashCorrupt {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        let how = match self.how {
            FlashHow::Bits => Corruption::Bits(self.bits),
            FlashHow::Erased => Corruption::Erased,
            FlashHow::Torn => Corruption::Torn,
            FlashHow::Noise => Corruption::Noise,
        };
        let corrupt = self.place(cx).map(|place| {
            let (address, length) = (place.address, place.size);
            Action::CorruptFlash(FlashCorruption { address, length, how, seed: cx.seed })
        });
        Lowered {
            arm: None,
            inject: corrupt.into_iter().map(Into::into).collect(),
            confirm: Confirm {
                evidence: Evidence::of(|_, what| changed(what)),
                text: "flash read back as it was before",
                within: Duration::from_secs(30),
            },
            revert: Vec::new(),
            at_breakpoint: AtBreakpoint::StayHalted,
        }
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Debug]
    }
}

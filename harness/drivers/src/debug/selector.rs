//! `probe_rs`: a debug probe that probe-rs knows.

use super::target::Opener;
use brownout_core::language::{Decode, Diagnostics, Node, Shape, scalar::from_str};
use brownout_core::port::{Port, PortError, Trouble};
use probe_rs::probe::DebugProbeSelector;
use probe_rs::probe::list::Lister;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

brownout_core::record! {
    /// A debug probe that probe-rs knows: CMSIS-DAP, ST-Link, J-Link, Glasgow and others.
    ///
    /// `probe_rs: {selector: "1366:1061", speed: 4MHz}`
    pub struct ProbeRsParams {
        /// USB vendor and product in hex, and `:serial` if several are alike: `1366:1061:000683012345`.
        selector: String = "selector",
        /// Clock of the debug wire; what the probe does by itself if left out.
        speed: Option<WireSpeed> = "speed" optional,
        /// Lets probe-rs unlock a locked chip, which erases all it holds.
        allow_erase_all: bool = "allow_erase_all" or false,
    }
}

/// Clock of a debug wire, 1 kHz to 50 MHz: `4MHz`, `500kHz`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WireSpeed(u32);

impl WireSpeed {
    /// In kHz.
    pub const fn khz(self) -> u32 {
        self.0
    }
}

impl FromStr for WireSpeed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not a clock from 1kHz to 50MHz; write it like `4MHz` or `500kHz`");
        let (number, factor) = match (text.strip_suffix("MHz"), text.strip_suffix("kHz")) {
            (Some(number), _) => (number, 1000),
            (None, Some(number)) => (number, 1),
            (None, None) => return Err(wrong()),
        };
        let khz = number.trim().parse::<u32>().ok().and_then(|n| n.checked_mul(factor)).ok_or_else(wrong)?;
        if (1..=50_000).contains(&khz) { Ok(Self(khz)) } else { Err(wrong()) }
    }
}

impl fmt::Display for WireSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}kHz", self.0)
    }
}

impl Decode for WireSpeed {
    fn shape() -> Shape {
        Shape::Scalar("a clock with its unit", "4MHz")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "a clock with its unit", out)
    }
}

/// Opens the probe that a selector names.
pub(crate) fn opener(selector: &str) -> Result<Opener, PortError> {
    let parsed: DebugProbeSelector = selector.parse().map_err(|error| PortError {
        port: Port::Debug,
        trouble: Trouble::Absent,
        message: format!("`{selector}` is not a debug probe selector: {error}"),
        help: Some(
            "write USB vendor and product in hex, as in `1366:1061`, with `:serial` if several are alike"
                .into(),
        ),
    })?;
    Ok(Box::new(move || Lister::new().open(parsed.clone())))
}

//! `register_flip`: bits of a core register turn over.

use super::{AtBreakpoint, Confirm, Evidence, FaultKind, Lowered, Lowering, changed};
use crate::action::Action;
use crate::chance::scattered_bits;
use crate::language::decode::{Ruled, Shape};
use crate::language::diagnostic::did_you_mean;
use crate::language::scalar::scalar;
use crate::language::{Decode, Diagnostics, Node};
use crate::port::Port;
use crate::time::Duration;
use serde::{Deserialize, Serialize};

fault! {
    /// Bits of a core register turn over while the core stands for a moment: the program goes on with a wrong value, or
    /// in a wrong place.
    ///
    /// `register_flip: {register: r4, bit: 31, when: {reached: {at: control_round}}}`
    pub struct RegisterFlip {
        /// Which register: `r0` to `r12`, `sp`, `lr`, `pc`, `xpsr`, or `s0` to `s31` of a core with floating point.
        register: Register = "register",
        /// Which bit, 0 to 31. Left out, the seed decides.
        bit: Option<u32> = "bit" optional,
    } at_once
}

/// The name of a core register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Register(pub String);

impl Ruled for Register {}

impl Decode for Register {
    fn shape() -> Shape {
        Shape::Scalar("a core register", "r4")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        let text = scalar(node, "a core register", out)?;
        let known: Vec<String> = (0..=12)
            .map(|n| format!("r{n}"))
            .chain(["sp", "lr", "pc", "xpsr"].map(str::to_owned))
            .chain((0..=31).map(|n| format!("s{n}")))
            .collect();
        if known.iter().any(|name| name == text) {
            return Some(Self(text.to_owned()));
        }
        let help = match did_you_mean(text, known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "it is one of r0 to r12, sp, lr, pc, xpsr, s0 to s31".to_owned(),
        };
        out.error(node.span, format!("`{text}` is no core register"), "not a register", Some(help));
        None
    }
}

impl FaultKind for RegisterFlip {
    fn lower(&self, cx: &Lowering<'_>) -> Lowered {
        let mask = match self.bit {
            Some(bit) => 1_u32.checked_shl(bit).unwrap_or(0),
            None => {
                scattered_bits(4, 1, cx.seed).iter().rev().fold(0, |mask, byte| mask << 8 | u32::from(*byte))
            }
        };
        Lowered {
            arm: None,
            inject: vec![Action::FlipRegister { register: self.register.0.clone(), mask }.into()],
            confirm: Confirm {
                evidence: Evidence::of(|_, what| changed(what)),
                text: "the register read back as it was before",
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

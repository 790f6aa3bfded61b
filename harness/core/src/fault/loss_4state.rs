//! `loss_4state`: frames are lost by a chain of four states.

use super::{FaultKind, Lowered, Lowering, Objection, impair};
use crate::network::{Conditions, Direction, Impair, Loss};
use crate::port::Port;
use crate::quantity::Share;
use crate::time::Duration;

fault! {
    /// Frames are lost by netem's chain of four states: good periods, in which frames are lost one at a time, and bursts, in
    /// which some come through (Salsano, Ludovici, Ordine 2012). Each share is asked once a frame, in the state in which it can happen.
    ///
    /// `loss_4state: {p13: 2%, p31: 20%, p32: 10%, p23: 50%, p14: 1%, for: 60s}`
    pub struct FourStateLoss {
        /// From a good period to a loss that begins a burst.
        p13: Share = "p13" (Positive) or Share(20_000),
        /// From a loss within a burst back to a good period.
        p31: Share = "p31" or Share(200_000),
        /// From a loss within a burst to a frame that comes through within it.
        p32: Share = "p32" or Share(100_000),
        /// From a frame that comes through within a burst to a loss.
        p23: Share = "p23" or Share(500_000),
        /// From a good period to a loss on its own.
        p14: Share = "p14" or Share(0),
        /// Which way.
        direction: Direction = "direction" or Direction::Both,
    } lasting Duration::from_secs(60)
}

impl FaultKind for FourStateLoss {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        impair("loss_4state", self.how(), self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link]
    }

    fn impairs(&self) -> Option<Impair> {
        Some(self.how())
    }

    fn objection(&self) -> Option<Objection> {
        let outgoing = [
            ("p14", "a good period", [("p13", self.p13), ("p14", self.p14)]),
            ("p32", "a loss within a burst", [("p31", self.p31), ("p32", self.p32)]),
        ];
        outgoing.into_iter().find_map(|(field, state, [one, two])| {
            let sum = Share(one.1.0 + two.1.0);
            (sum.0 > 1_000_000).then(|| {
                Objection::to(
                    field,
                    format!("`{}` and `{}` lead out of {state}, and are {sum} together", one.0, two.0),
                    "a frame goes one way only; make them 100% at most",
                )
            })
        })
    }
}

impl FourStateLoss {
    fn how(&self) -> Impair {
        let conditions = Conditions {
            loss: Some(Loss::FourState {
                p13: self.p13,
                p31: self.p31,
                p23: self.p23,
                p32: self.p32,
                p14: self.p14,
            }),
            ..Conditions::default()
        };
        Impair::Conditions { direction: self.direction, conditions }
    }
}

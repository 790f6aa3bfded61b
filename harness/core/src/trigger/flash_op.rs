//! `flash_op: {nth: 4, moment: during}`: the device writes or erases flash.

use super::{Memory, Pull, TriggerKind};
use crate::action::{Action, Moment, Tear};
use crate::event::{Event, What};
use crate::names::Dut;
use crate::plan::BoardPlan;
use crate::port::Port;
use crate::time::Duration;

crate::record! {
    /// The device does its n-th flash operation since arming. Needs the `flash_trace` port.
    ///
    /// `flash_op: {nth: 4, moment: during, tear: random}`
    pub struct OnFlashOp {
        /// The how-manieth operation since arming.
        nth: u64 = "nth" (Positive),
        /// Where in the operation a power cut strikes. Other faults strike after it.
        moment: Moment = "moment" or Moment::During,
        /// What a power cut in the middle of it leaves in the cells.
        tear: Tear = "tear" or Tear::Random,
        /// Which of the random tears; another number tears other bits.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seed: Option<u64> = "seed" optional,
    }
}

crate::words!(Moment { Before = "before", During = "during", After = "after" });
crate::words!(Tear { Nothing = "nothing", Random = "random", Half = "half", Full = "full" });

impl TriggerKind for OnFlashOp {
    /// Operations are counted by the port since the trace began, which is when the fault was armed.
    fn pull(&self, dut: &Dut, event: &Event, _: &mut Memory) -> Pull {
        match &event.what {
            What::FlashOp { dut: of, op } if of == dut && op.nth >= self.nth => Pull::In(Duration::ZERO),
            _ => Pull::No,
        }
    }

    fn needs(&self) -> Vec<Port> {
        vec![Port::FlashTrace]
    }

    fn arms(&self, _: &BoardPlan) -> Vec<Action> {
        vec![Action::TraceFlash { on: true }]
    }

    fn text(&self) -> String {
        let seed = self.seed.map(|seed| format!(", seed: {seed}")).unwrap_or_default();
        format!("{} flash operation {} (tear: {}{seed})", self.moment.word(), self.nth, self.tear.word())
    }
}

//! `after: {event: power_on, by: 20ms}`: a time after something that the harness did or saw.

use super::{Memory, Pull, TriggerKind, delay_text};
use crate::event::{Event, What};
use crate::names::Dut;
use crate::time::Duration;
use serde::{Deserialize, Serialize};

crate::record! {
    /// A time after something that the harness did or saw happen to the device.
    ///
    /// `after: {event: power_on, by: 20ms}`
    pub struct After {
        /// What to wait for.
        event: Milestone = "event",
        /// How long after it.
        by: Duration = "by" or Duration::ZERO,
    }
}

/// Things that the harness does to a device, or sees of it, without help from its firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// The fault is armed (the step begins).
    Armed,
    /// The mains came back.
    PowerOn,
    /// A command or setting was sent.
    Sent,
    /// A setting was acknowledged.
    Acknowledged,
}

crate::words!(Milestone { Armed = "armed", PowerOn = "power_on", Sent = "sent", Acknowledged = "acknowledged" });

impl TriggerKind for After {
    fn pull(&self, dut: &Dut, event: &Event, _: &mut Memory) -> Pull {
        let came = match (self.event, &event.what) {
            (Milestone::Armed, What::Armed { .. }) => true,
            (Milestone::PowerOn, What::Rail { dut: of, on: true })
            | (Milestone::Sent, What::Sent { dut: of, .. })
            | (Milestone::Acknowledged, What::SettingAcknowledged { dut: of, .. }) => of == dut,
            _ => false,
        };
        if came { Pull::In(self.by) } else { Pull::No }
    }

    fn text(&self) -> String {
        format!("{}{}", delay_text(self.by), self.event.word())
    }
}

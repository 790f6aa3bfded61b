//! The timeline: one line of `events.jsonl` for each thing that happened.

use crate::action::{Action, ActionId, Done, FlashOp};
use crate::names::{Command, Dut, Input, Setting, Signal};
use crate::network::Traffic;
use crate::port::PortError;
use crate::time::{Duration, Instant};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the event format. Readers refuse a newer one.
pub const VERSION: u32 = 1;

/// Number of an event in its run, from 1; what verdicts point at as evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventNo(pub u64);

impl std::fmt::Display for EventNo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Its number.
    pub n: EventNo,
    /// When, in nanoseconds since the run began.
    pub at: Instant,
    /// What. In JSON the kind is the third key of the line: `{"n":7,"at":120,"signal":{…}}`.
    #[serde(flatten)]
    pub what: What,
}

/// Numbers the steps of a plan's method in reading order, from 1; inner steps too.
pub type StepNo = u32;

/// Numbers the faults of a run in the order in which they were armed, from 1 (a repeated step arms anew).
pub type FaultNo = u32;

/// The kinds of event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// The first event of every run.
    RunStarted {
        /// Format version, [`VERSION`].
        version: u32,
        /// Digest of the plan.
        plan: String,
        /// The scenario's name.
        scenario: String,
        /// The case (values of `vary`), empty if there is only one.
        case: String,
        /// Seed of everything random.
        seed: u64,
    },
    /// A phase begins; it ends where the next begins.
    Phase(Phase),
    /// A step of the method begins.
    Step {
        /// Which.
        step: StepNo,
        /// In words.
        text: String,
    },
    /// A step of the method ended.
    StepEnded {
        /// Which.
        step: StepNo,
        /// How.
        outcome: StepOutcome,
    },
    /// An action was handed to a port.
    Action {
        /// Which.
        id: ActionId,
        /// On which device.
        dut: Dut,
        /// What.
        action: Action,
    },
    /// The port did it.
    Acted {
        /// Which.
        id: ActionId,
        /// What the port said.
        done: Done,
    },
    /// The port could not do it.
    ActionFailed {
        /// Which.
        id: ActionId,
        /// Why.
        error: PortError,
    },
    /// A line on the console.
    Console {
        /// Of which device.
        dut: Dut,
        /// The line; hostile text.
        text: String,
        /// Where it begins in the console artifact.
        offset: u64,
    },
    /// A log message of the firmware.
    Log {
        /// Of which device.
        dut: Dut,
        /// Its level.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<String>,
        /// The text; hostile.
        text: String,
    },
    /// A signal of the board file was recognised.
    Signal {
        /// Of which device.
        dut: Dut,
        /// Which.
        name: Signal,
        /// How often it has been seen in this run, this time included.
        nth: u64,
        /// What its named groups caught.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        fields: BTreeMap<String, String>,
        /// The console line, log message or traffic it was recognised in.
        source: EventNo,
    },
    /// The supply rail was seen to change.
    Rail {
        /// Of which device.
        dut: Dut,
        /// Powered now?
        on: bool,
    },
    /// A flash operation was seen.
    FlashOp {
        /// Of which device.
        dut: Dut,
        /// What it was.
        #[serde(flatten)]
        op: FlashOp,
    },
    /// The core was halted by a breakpoint or watchpoint that was set.
    Halted {
        /// Of which device.
        dut: Dut,
        /// The address that was set.
        address: u32,
        /// The program counter.
        pc: u32,
    },
    /// The supply voltage reached a point of its course, or was measured.
    Voltage {
        /// Of which device.
        dut: Dut,
        /// In millivolts.
        millivolts: u32,
    },
    /// The device took notice of an input that was put into a state.
    Touched {
        /// Which device.
        dut: Dut,
        /// Which input.
        input: Input,
        /// How often since then.
        times: u64,
    },
    /// Something of the device's traffic was seen.
    Traffic {
        /// Of which device.
        dut: Dut,
        /// What.
        #[serde(flatten)]
        seen: Traffic,
    },
    /// The device met an impairment of the link, or a misbehaviour of a service.
    Met {
        /// Which device.
        dut: Dut,
        /// The name of what it met.
        name: String,
        /// How often since it was set; told at the first time and at each tenfold.
        times: u64,
    },
    /// A message was published to the device.
    Published {
        /// To which device.
        dut: Dut,
        /// What.
        #[serde(flatten)]
        message: crate::network::Publication,
    },
    /// A word of memory was read through the probe, because a check asks for it.
    Memory {
        /// Of which device.
        dut: Dut,
        /// As the check names it.
        name: String,
        /// What it held.
        value: u32,
    },
    /// A command was sent.
    Sent {
        /// To which device.
        dut: Dut,
        /// Which command of the board file.
        command: Command,
        /// As it was sent.
        line: String,
    },
    /// A setting is about to be asked for: from here on either value may be found.
    SettingSent {
        /// Of which device.
        dut: Dut,
        /// Which.
        setting: Setting,
        /// The value asked for.
        value: String,
    },
    /// The device said that it keeps the value.
    SettingAcknowledged {
        /// Of which device.
        dut: Dut,
        /// Which.
        setting: Setting,
        /// The value.
        value: String,
        /// The console line, or the message, that said so.
        source: EventNo,
    },
    /// The device said that it did what a command asks for.
    Answered {
        /// Which device.
        dut: Dut,
        /// Which command.
        command: Command,
        /// The console line, or the message, that said so.
        source: EventNo,
    },
    /// The device refused a value or a command.
    Refused {
        /// Which device.
        dut: Dut,
        /// Which command.
        command: Command,
        /// The console line, or the message, that said so.
        source: EventNo,
    },
    /// A value was read back from the device.
    SettingRead {
        /// Of which device.
        dut: Dut,
        /// Which.
        setting: Setting,
        /// What it answered; hostile text.
        value: String,
        /// The console line, or the message, that said so.
        source: EventNo,
    },
    /// A fault waits for its trigger.
    Armed {
        /// Which fault.
        fault: FaultNo,
        /// Its kind, as in scenario files.
        kind: String,
        /// The step it belongs to.
        step: StepNo,
        /// Its trigger in words.
        trigger: String,
    },
    /// The trigger came.
    Fired {
        /// Of which fault.
        fault: FaultNo,
        /// The event that brought it, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source: Option<EventNo>,
    },
    /// The trigger did not come in time; the fault was disarmed.
    NeverFired {
        /// Which fault.
        fault: FaultNo,
        /// How long it waited.
        waited: Duration,
    },
    /// The fault was done to the device.
    Injected {
        /// Which fault.
        fault: FaultNo,
    },
    /// The fault was seen to bite.
    Confirmed {
        /// Which fault.
        fault: FaultNo,
        /// What shows it.
        evidence: Vec<EventNo>,
    },
    /// The fault was undone.
    Reverted {
        /// Which fault.
        fault: FaultNo,
    },
    /// An instrument, or the device behind it, went away without our doing.
    Lost {
        /// Of which device.
        dut: Dut,
        /// What happened.
        error: PortError,
    },
    /// Somebody asked the run to stop.
    Interrupted,
    /// The last event of a whole run.
    RunEnded(Ended),
}

/// Phases of a run (DESIGN §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The device is brought to a known state.
    Arrange,
    /// The device is seen to work before anything is done to it.
    Steady,
    /// The scenario's method: inject, hold, revert, recover.
    Method,
    /// Everything is undone and let go.
    Teardown,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// It did what it says.
    Done,
    /// What it waited for did not come in time.
    TimedOut {
        /// How long it waited.
        waited: Duration,
    },
    /// The device refused.
    Refused,
    /// The device lost power or was reset before it answered.
    CutShort,
    /// The rig could not do it, or the run was stopped.
    Abandoned,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The whole method was walked.
    Completed,
    /// The device never reached its steady state.
    NotSteady {
        /// What was missing, in words.
        missing: String,
    },
    /// The rig could not do its part.
    RigFailed {
        /// What could not be done, in words.
        why: String,
    },
    /// Somebody stopped it.
    Interrupted,
}

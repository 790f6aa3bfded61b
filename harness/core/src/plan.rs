//! A plan: scenario × board × rig × seed, resolved. What will happen, before anything does.

pub use crate::command::CommandWords;
pub use crate::source::Source;

use crate::check::Check;
use crate::names::{Command, Defect, Dut, Input, Region, Signal};
use crate::port::Port;
use crate::step::{Steady, Step};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the plan format. Readers refuse a newer one.
pub const VERSION: u32 = 1;

/// Everything that decides a run. Stored as `plan.json`; its digest stands in the first event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Format version, [`VERSION`].
    pub version: u32,
    /// The scenario's name: its file without `scenarios/` and `.yaml` (`power/cut-while-writing`).
    pub scenario: String,
    /// Its title: the sentence after `scenario:`.
    pub title: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// The values of `vary` in this case, by name; empty if there is only one case.
    pub case: BTreeMap<String, String>,
    /// Whether it is the control of a run: the same without its faults. Its checks are asked what they say of that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub control: bool,
    /// Seed of everything random.
    pub seed: u64,
    /// The rig's name.
    pub rig: String,
    /// Which clock the rig has.
    pub clock: Clock,
    /// The device that the steps speak to.
    pub dut: Dut,
    /// What that device is.
    pub board: BoardPlan,
    /// The driver of each port the rig has, by name.
    pub drivers: BTreeMap<Port, String>,
    /// What must be seen first.
    pub steady: Vec<Steady>,
    /// What is done.
    pub method: Vec<Step>,
    /// What is expected.
    pub expect: Vec<Check>,
}

/// Which clock a rig has (DESIGN §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Real time.
    Wall,
    /// As fast as the processor, and deterministic.
    Virtual,
}

/// What a plan knows of its board: how it is programmed, how it shows what it does, what it understands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoardPlan {
    /// The board file's name.
    pub name: String,
    /// The probe-rs target name.
    pub chip: String,
    /// Baud rate of its console, in bit/s.
    pub baud: u32,
    /// The image to program.
    pub image: Image,
    /// Flash ranges that are cleared before each run, as (first address, length in bytes).
    pub fresh: Vec<(u32, u32)>,
    /// Where the page of flash stands that is written with what the device needs to know of its network and cloud.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provision: Option<u32>,
    /// The word that selects a defect, if the image has any: its address and its value.
    pub defect: Option<DefectPlan>,
    /// How the device shows its signals.
    pub signals: BTreeMap<Signal, Source>,
    /// What can be said to it.
    pub commands: BTreeMap<Command, CommandWords>,
    /// What it senses, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<Input, InputKind>,
    /// The flash regions that the scenario names, as (first address, length in bytes).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub regions: BTreeMap<Region, (u32, u32)>,
    /// Where the symbols stand that the scenario names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub symbols: BTreeMap<String, Symbol>,
}

impl BoardPlan {
    /// A sound command to such a device, from which faults make unsound ones. `{n}` in it is a number that no other message
    /// of the run has. Empty if the board file has no example of any.
    pub(crate) fn sample(&self, dut: &Dut) -> String {
        self.commands.values().find_map(|words| words.sample(dut)).unwrap_or_default()
    }
}

/// A kind of input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// A temperature sensor; values in °C.
    Temperature,
    /// A battery or supply that the device measures; values in V.
    Battery,
    /// A button.
    Button,
    /// The 32.768 kHz clock; values in ppm off.
    Clock,
}

/// A symbol of the firmware.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbol {
    /// Its address; of code, without the Thumb bit.
    pub address: u32,
    /// Its size in bytes; 0 if the image does not say.
    pub size: u32,
}

/// A firmware image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Path in the project, with `/`.
    pub path: String,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// The selection of a defect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefectPlan {
    /// Its name; `None` where the image can have defects but is to have none.
    pub name: Option<Defect>,
    /// Where the selecting word stands.
    pub address: u32,
    /// What to put there.
    pub value: u32,
}

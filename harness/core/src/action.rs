//! What the run machine asks of the ports, and what the ports let it see.

use crate::names::{Dut, Input as InputName};
use crate::network::{Impairment, Misbehaviour, Publication, Traffic};
use crate::plan::InputKind;
use crate::port::{Port, PortError};
use crate::time::{Duration, Instant};
use serde::{Deserialize, Serialize};

/// Numbers the actions of one run, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActionId(pub u32);

/// A primitive effect on one port of one device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Switches the mains on or off.
    Power {
        /// On or off.
        on: bool,
    },
    /// Attaches the debug probe (again, after a power cut).
    Attach,
    /// Lets go of the debug probe.
    Detach,
    /// Writes the plan's image, clears the plan's fresh regions and sets the words that the plan asks for.
    Program,
    /// Resets the device through the debug probe.
    Reset {
        /// Which reset.
        how: Reset,
    },
    /// Opens the console.
    OpenConsole,
    /// Sends one line to the console (the line end is the port's business).
    Send {
        /// The line.
        line: String,
    },
    /// Begins or ends reporting flash operations; beginning starts the count at 1.
    TraceFlash {
        /// Begin or end.
        on: bool,
    },
    /// Arms a power cut at a flash operation counted from now.
    ArmCut(FlashCut),
    /// Takes back [`Action::ArmCut`].
    DisarmCut,
    /// Halts the core; everything round it goes on. [`Action::Resume`] lets it go.
    Halt,
    /// Lets a halted core go on. Not an error if it runs.
    Resume,
    /// Reads a word of memory while the core runs; answered by [`Done::Value`].
    Read(MemoryWord),
    /// Inverts bits of memory while the core stands still; answered by [`Done::Changed`].
    FlipMemory {
        /// The first byte's address.
        address: u32,
        /// The bits to invert, from there on.
        mask: Vec<u8>,
    },
    /// Inverts bits of a core register while the core stands still; answered by [`Done::Changed`].
    FlipRegister {
        /// Which register, as the debugger names it (`r0` to `r12`, `sp`, `lr`, `pc`, `xpsr`, `s0` to `s31`).
        register: String,
        /// The bits to invert.
        mask: u32,
    },
    /// Changes the contents of flash, and starts the device anew: the loader that writes flash works in its RAM.
    /// Answered by [`Done::Changed`].
    CorruptFlash(FlashCorruption),
    /// Stops the core when it is about to execute an address for the n-th time; seen as [`Seen::Halted`].
    BreakAt {
        /// The address.
        address: u32,
        /// Which time, from 1. The core is let go on before.
        nth: u64,
    },
    /// Stops the core after it accessed memory for the n-th time; seen as [`Seen::Halted`].
    WatchAt {
        /// The word watched.
        word: MemoryWord,
        /// Which accesses.
        access: Access,
        /// Which time, from 1. The core is let go on before.
        nth: u64,
    },
    /// Takes back all of [`Action::BreakAt`] and [`Action::WatchAt`]. Leaves a halted core halted. Not an error if
    /// nothing is set, or if the device is without power.
    ClearBreaks,
    /// The debug probe goes away without a word, as when its cable is pulled. [`Action::Attach`] brings it back.
    LoseProbe {
        /// Whether it leaves the core halted.
        halted: bool,
    },
    /// Lets the supply voltage run through a course; [`Seen::Voltage`] tells how far it has come.
    Supply(SupplyCourse),
    /// Sets the supply voltage back to what the rig file calls nominal.
    SupplyNominal,
    /// Sends what no sane peer would; answered by [`Done::Sent`].
    Noise(Noise),
    /// Sends without pause for a time; returns when it has begun.
    Flood {
        /// What, over and over.
        bytes: Vec<u8>,
        /// For how long.
        time: Duration,
    },
    /// Ends [`Action::Flood`], if it has not ended; answered by [`Done::Sent`].
    EndFlood,
    /// Pulls the console's cable, or plugs it in again: nothing is sent and nothing is heard meanwhile.
    Unplug {
        /// Pulled?
        unplugged: bool,
    },
    /// Puts an input of the device into a state.
    Stimulate {
        /// Which input, as the board file calls it.
        input: InputName,
        /// Its kind.
        kind: InputKind,
        /// The state.
        state: InputState,
    },
    /// Gives an input back to the world it is normally in.
    Release {
        /// Which input.
        input: InputName,
        /// Its kind.
        kind: InputKind,
        /// Takes back too what a `sense` step made true, not only faults.
        everything: bool,
    },
    /// Starts the services anew, with nothing in their memory and certificates of their own; what the device is to be
    /// provisioned with is then known.
    StartServices,
    /// Stops the services.
    StopServices,
    /// Plugs the network cable, with a link on which nothing goes wrong.
    Connect,
    /// Pulls the network cable, and takes back every impairment.
    Disconnect,
    /// Impairs the link; [`Seen::Met`] tells when a frame meets it.
    Impair(Impairment),
    /// Takes back [`Action::Impair`]; answered by [`Done::Counted`]. Not an error if it is not in force.
    Mend {
        /// The impairment's name.
        name: String,
    },
    /// Lets a service misbehave; [`Seen::Met`] tells when the device meets it.
    Misbehave(Misbehaviour),
    /// Takes back [`Action::Misbehave`]; answered by [`Done::Counted`]. Not an error if it is not in force.
    Behave {
        /// The misbehaviour's name.
        name: String,
    },
    /// Publishes a message to the device.
    Publish(Publication),
}

/// A word of memory to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryWord {
    /// As the scenario names it: a symbol, or an address.
    pub name: String,
    /// Its address.
    pub address: u32,
    /// Its length in bytes: 1, 2 or 4.
    pub length: u8,
}

/// Accesses to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// Both.
    Any,
}

/// What becomes of a piece of flash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlashCorruption {
    /// First address.
    pub address: u32,
    /// Length in bytes.
    pub length: u32,
    /// How it is corrupted.
    pub how: Corruption,
    /// Seed of what is random about it.
    pub seed: u64,
}

/// Ways in which flash goes bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Corruption {
    /// So many bits, at random places, are inverted.
    Bits(u32),
    /// Everything reads erased (all ones).
    Erased,
    /// The second half reads erased, as after an interrupted write.
    Torn,
    /// Noise.
    Noise,
}

/// A course of the supply voltage: from where it is, through these points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplyCourse {
    /// The points, in order. A point at the voltage before it holds it.
    pub points: Vec<SupplyPoint>,
    /// How long the way back to the nominal voltage takes, behind the last point; `None` stays there.
    pub back: Option<Duration>,
}

impl SupplyCourse {
    /// How long all of it takes.
    pub fn length(&self) -> Duration {
        Duration(
            self.points.iter().map(|point| point.over.0).sum::<u64>() + self.back.map_or(0, |back| back.0),
        )
    }
}

/// A point of a course.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplyPoint {
    /// How long the way there takes; zero jumps.
    pub over: Duration,
    /// The voltage there, in millivolts.
    pub millivolts: u32,
}

/// What no sane peer sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noise {
    /// These bytes, well framed.
    Bytes(Vec<u8>),
    /// So many characters at a wrong speed, which arrive as framing errors.
    Framing {
        /// How many.
        characters: u32,
        /// Seed of what they are.
        seed: u64,
    },
    /// The line held low for longer than a character: a break.
    Break {
        /// How long.
        time: Duration,
    },
}

/// A state of an input of the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputState {
    /// It shows this value, in thousandths of its unit (m°C, mV, ppm); the world goes on behind it.
    Value(i64),
    /// It shows this value whatever the world does; `None`: the one it shows now.
    Stuck(Option<i64>),
    /// It shows the world's value with so much noise on it, either way.
    Noisy {
        /// The greatest deviation, in thousandths of its unit.
        amplitude: u32,
        /// Seed of the noise.
        seed: u64,
    },
    /// It does not answer: absent, unpowered, or refusing (NACK).
    Silent,
    /// It holds its bus so that nobody can use it.
    HoldsBus,
    /// It gives way under load: an ideal source of this value behind a resistance.
    Sags {
        /// Without load, in thousandths of its unit.
        value: i64,
        /// The resistance, in milliohms.
        milliohms: u32,
    },
    /// A button: pressed or not.
    Pressed(bool),
}

impl Action {
    /// The port that performs it.
    pub const fn port(&self) -> Port {
        match self {
            Self::Power { .. } => Port::Power,
            Self::Attach | Self::Detach | Self::Program | Self::Reset { .. } => Port::Debug,
            Self::OpenConsole | Self::Send { .. } => Port::Console,
            Self::TraceFlash { .. } | Self::ArmCut(_) | Self::DisarmCut => Port::FlashTrace,
            Self::Halt
            | Self::Resume
            | Self::Read(_)
            | Self::FlipMemory { .. }
            | Self::FlipRegister { .. }
            | Self::CorruptFlash(_)
            | Self::BreakAt { .. }
            | Self::WatchAt { .. }
            | Self::ClearBreaks
            | Self::LoseProbe { .. } => Port::Debug,
            Self::Supply(_) | Self::SupplyNominal => Port::Supply,
            Self::Noise(_) | Self::Flood { .. } | Self::EndFlood | Self::Unplug { .. } => Port::Console,
            Self::Stimulate { .. } | Self::Release { .. } => Port::Stimulus,
            Self::Connect | Self::Disconnect | Self::Impair(_) | Self::Mend { .. } => Port::Link,
            Self::StartServices
            | Self::StopServices
            | Self::Misbehave(_)
            | Self::Behave { .. }
            | Self::Publish(_) => Port::Services,
        }
    }

    /// Whether it makes an instrument stop the core at some moment.
    pub const fn stops_the_core(&self) -> bool {
        self.stop_address().is_some()
    }

    /// The address at which it makes an instrument stop the core.
    pub const fn stop_address(&self) -> Option<u32> {
        match self {
            Self::BreakAt { address, .. } => Some(*address),
            Self::WatchAt { word, .. } => Some(word.address),
            _ => None,
        }
    }
}

/// Ways to reset a device without touching its power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reset {
    /// The reset pin, driven by the probe.
    Pin,
    /// A system reset by the debugger (AIRCR.SYSRESETREQ).
    Soft,
}

/// A power cut at an exact flash operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlashCut {
    /// Which operation: 1 is the next one.
    pub nth: u64,
    /// Where in the operation.
    pub moment: Moment,
    /// What an interrupted operation leaves behind.
    pub tear: Tear,
    /// Seed of a random tear.
    pub seed: u64,
}

/// A moment of a flash operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// Nothing of it has happened.
    Before,
    /// Half-way through.
    During,
    /// It is complete.
    After,
}

/// What an interrupted flash operation leaves in the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tear {
    /// The old content, untouched.
    Nothing,
    /// A seeded random part of the bits that were to change.
    Random,
    /// The first half of the bits or words that were to change.
    Half,
    /// The new content, complete.
    Full,
}

/// What a port reports after it did something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// Nothing more to say.
    Plain,
    /// The image is in flash and was verified.
    Programmed {
        /// Bytes in the image.
        bytes: u64,
        /// True if flash held it already.
        unchanged: bool,
    },
    /// What a word of memory held.
    Value(u32),
    /// Something was changed and read back.
    Changed {
        /// What it held, in hex; a piece of flash by its digest.
        before: String,
        /// What it holds now.
        after: String,
    },
    /// Bytes left for the device.
    Sent {
        /// How many.
        bytes: u64,
    },
    /// An input is in its state.
    Stimulated {
        /// Whether the instrument will also say when the device takes notice ([`Seen::Touched`]).
        observes: bool,
    },
    /// What was taken back had been met.
    Counted {
        /// So often.
        times: u64,
    },
}

/// Something seen on a port, on its own initiative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When.
    pub at: Instant,
    /// Of which device.
    pub dut: Dut,
    /// What.
    pub what: Seen,
}

/// The kinds of sighting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A line on the console, without its line end; hostile text.
    Line {
        /// The text, lossily decoded, at most 4 KiB.
        text: String,
        /// Where it begins in the console artifact, in bytes.
        offset: u64,
    },
    /// A log message of the firmware (defmt over RTT).
    Log {
        /// Level name, if the firmware gave one.
        level: Option<String>,
        /// The text.
        text: String,
    },
    /// The supply rail was seen to change.
    Rail {
        /// Powered now?
        on: bool,
    },
    /// A flash operation was seen.
    Flash(FlashOp),
    /// The core was halted by a breakpoint or watchpoint that we set.
    Halted {
        /// The address that we set.
        address: u32,
        /// The program counter.
        pc: u32,
    },
    /// The supply voltage reached a point of its course, or was measured.
    Voltage {
        /// In millivolts.
        millivolts: u32,
    },
    /// The device took notice of an input that we put into a state: it read the sensor, felt the button.
    Touched {
        /// Which.
        input: InputName,
        /// How often since then.
        times: u64,
    },
    /// Something of the device's traffic.
    Traffic(Traffic),
    /// The device met an impairment of the link, or a misbehaviour of a service.
    Met {
        /// Its name.
        name: String,
        /// How often since it was set. It is told at the first time, and then each time that the count has grown
        /// tenfold.
        times: u64,
    },
    /// An instrument went away, or the device behind it, without our doing.
    Lost(PortError),
}

/// A flash operation that the device performed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlashOp {
    /// Counted from 1 since tracing began.
    pub nth: u64,
    /// What it was.
    pub op: FlashOpKind,
    /// First address it touched.
    pub address: u32,
    /// False when power went while it was done.
    pub complete: bool,
}

/// Kinds of flash operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlashOpKind {
    /// A word was programmed.
    Write,
    /// A page was erased.
    Erase,
    /// The whole flash was erased.
    EraseAll,
}

/// What the world tells the run machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The run may begin.
    Begin,
    /// A port saw something.
    Sighting(Sighting),
    /// An action ended.
    Acted {
        /// Which.
        id: ActionId,
        /// How.
        result: Result<Done, PortError>,
    },
    /// Time has come to what `Machine::deadline` asked for, or past it.
    Tick,
    /// A person or a signal asks to stop: revert everything, then end.
    Interrupt,
}

/// What the run machine wants from the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Perform this action; answer with [`Input::Acted`].
    Do {
        /// Which.
        id: ActionId,
        /// On which device.
        dut: Dut,
        /// What.
        action: Action,
    },
    /// Before going on, put on disk that this must be undone if we die (`revert` = what undoes it).
    Promise {
        /// Names the promise.
        key: u32,
        /// On which device.
        dut: Dut,
        /// What undoes it.
        revert: Action,
    },
    /// The promise was kept.
    Kept {
        /// Which promise.
        key: u32,
    },
    /// Append this to the timeline.
    Log(crate::event::Event),
    /// The run is over; nothing more will come.
    Finished,
}

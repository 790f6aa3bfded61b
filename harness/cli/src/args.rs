//! The command line.

use clap::{Parser, Subcommand, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Breaks connected devices on purpose, and judges whether they recover.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 pass, 1 a check failed, 2 the input is wrong, 3 inconclusive, \
4 the rig could not be restored, 130 interrupted, 70 a bug in brownout.";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run scenarios on a rig and judge them
    Run(Run),
    /// Show what would happen, with no rig present
    Plan(Plan),
    /// Judge a recorded run again
    Judge(Judge),
    /// Cut the power at every flash operation of a scenario
    Sweep(Sweep),
    /// Prove that scenarios can fail: each against the defect that it was made to catch
    Prove(Prove),
    /// Write board, rig and a first scenario for a new device
    Init(Init),
    /// List the scenarios
    List(List),
    /// Say which classes of failure the scenarios cover, and what proves it
    Coverage(Coverage),
    /// Explain what can be written: faults, triggers, checks, steps, files
    Kinds(Kinds),
    /// Look whether everything a rig file asks for is there
    Doctor(Doctor),
    /// Undo what a run that died left behind on a rig
    Heal(Heal),
    /// Start the virtual board alone, for probe-rs and a terminal program; compare a chip with what is expected of it
    Board(Board),
}

/// Which scenarios, on which rig.
#[derive(Clone, Debug, clap::Args)]
pub struct Selection {
    /// Scenario files or folders; all of scenarios/ if left out
    pub scenarios: Vec<PathBuf>,
    /// The rig: a file, or a name under rigs/
    #[arg(long, default_value = "virtual", value_name = "RIG")]
    pub rig: String,
    /// Only scenarios with this tag (several: any of them)
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Only this case of `vary`, as in `nth=3,tear=random`
    #[arg(long, value_name = "CASE")]
    pub case: Option<String>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Give the firmware this known defect
    #[arg(long, value_name = "NAME")]
    pub defect: Option<String>,
    /// Run this image: a name under the board's `images`, or a path
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
}

/// How to show things.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Show {
    /// Show everything, console lines included
    #[arg(long, short)]
    pub verbose: bool,
    /// Colours
    #[arg(long, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub color: When,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// `brownout run`
#[derive(Clone, Debug, clap::Args)]
pub struct Run {
    /// Which scenarios, on which rig.
    #[command(flatten)]
    pub selection: Selection,
    /// Run each without its faults first; where that does not pass, the run is inconclusive
    #[arg(long)]
    pub control: bool,
    /// How many runs at once, on a rig that is virtual and whose clock is; as many as there are processors if left out
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// Where the reports go; must be empty or new. reports/<time>/ if left out
    #[allow(rustdoc::invalid_html_tags, reason = "the text is that of --help")]
    #[arg(long, value_name = "DIR")]
    pub report_dir: Option<PathBuf>,
    /// How to show things.
    #[command(flatten)]
    pub show: Show,
}

/// `brownout plan`
#[derive(Clone, Debug, clap::Args)]
pub struct Plan {
    /// Which scenarios, on which rig.
    #[command(flatten)]
    pub selection: Selection,
    /// Show the control before each: the same run without its faults
    #[arg(long)]
    pub control: bool,
    /// Print the plans as JSON, one a line
    #[arg(long)]
    pub json: bool,
}

/// `brownout judge`
#[derive(Clone, Debug, clap::Args)]
pub struct Judge {
    /// Folders of recorded runs
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// How to show things.
    #[command(flatten)]
    pub show: Show,
}

/// `brownout prove`
#[derive(Clone, Debug, clap::Args)]
pub struct Prove {
    /// Scenario files or folders; all of scenarios/ if left out
    pub scenarios: Vec<PathBuf>,
    /// The rig: a file, or a name under rigs/
    #[arg(long, default_value = "virtual", value_name = "RIG")]
    pub rig: String,
    /// Only scenarios with this tag (several: any of them)
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Fail if a defect of the board is named by no scenario
    #[arg(long)]
    pub all_defects: bool,
    /// Try every scenario against every defect, to see what else it catches
    #[arg(long)]
    pub matrix: bool,
    /// Write the table as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Keep the reports there; must be empty or new. Left out, they are kept under reports/ only if something is not as
    /// expected
    #[arg(long, value_name = "DIR")]
    pub report_dir: Option<PathBuf>,
    /// How many runs at once, on a rig that is virtual and whose clock is; as many as there are processors if left out
    #[arg(long, short, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
    /// How to show things.
    #[command(flatten)]
    pub show: Show,
}

/// `brownout init`
#[derive(Clone, Debug, clap::Args)]
pub struct Init {
    /// The name of the device; it names the files
    #[arg(default_value = "device")]
    pub name: String,
    /// Its chip, as probe-rs calls it; guessed from the image if left out
    #[arg(long, value_name = "CHIP")]
    pub chip: Option<String>,
    /// Look at this firmware, and take a copy of it
    #[arg(long, value_name = "ELF")]
    pub image: Option<PathBuf>,
}

/// `brownout sweep`
#[derive(Clone, Debug, clap::Args)]
pub struct Sweep {
    /// Which scenarios, on which rig. Each must have one `power_cut` with a `flash_op` trigger.
    #[command(flatten)]
    pub selection: Selection,
    /// Where in each flash operation to cut (several are possible); where the scenario says, if left out
    #[arg(long = "moment", value_enum, value_name = "MOMENT")]
    pub moments: Vec<Moment>,
    /// What a cut in the middle of an operation leaves in the cells (several are possible); what the scenario says, if
    /// left out
    #[arg(long = "tear", value_enum, value_name = "TEAR")]
    pub tears: Vec<Tear>,
    /// So many cuts: further random tears until there are as many, or evenly chosen ones if there are more
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub cuts: Option<u32>,
    /// Only this cut, from its start, as in `nth=3,moment=during,tear=random`
    #[arg(long, value_name = "CUT", conflicts_with_all = ["moments", "tears", "cuts"])]
    pub only: Option<String>,
    /// Run each cut from its start, also where the rig can go on from where the cut is armed
    #[arg(long)]
    pub from_start: bool,
    /// Write `report.html` for each cut, also for those that passed
    #[arg(long)]
    pub pages: bool,
    /// Where the reports go; must be empty or new. reports/<time>/ if left out
    #[allow(rustdoc::invalid_html_tags, reason = "the text is that of --help")]
    #[arg(long, value_name = "DIR")]
    pub report_dir: Option<PathBuf>,
    /// How to show things.
    #[command(flatten)]
    pub show: Show,
}

/// Where in a flash operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Moment {
    /// Nothing of it has happened
    Before,
    /// Half-way through
    During,
    /// It is complete
    After,
}

/// What is left in the cells of an operation that was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Tear {
    /// They are as before
    Nothing,
    /// A random part of their bits has changed
    Random,
    /// Half of the words are written
    Half,
    /// They are as after
    Full,
}

/// `brownout list`
#[derive(Clone, Debug, clap::Args)]
pub struct List {
    /// Scenario files or folders; all of scenarios/ if left out
    pub scenarios: Vec<PathBuf>,
    /// Only scenarios with this tag (several: any of them)
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,
}

/// `brownout kinds`
#[derive(Clone, Debug, clap::Args)]
pub struct Kinds {
    /// A kind (`power_cut`), a table (`faults`) or a file (`scenario`); everything in brief if left out
    pub name: Option<String>,
    /// Print the JSON schema of a file, for editors
    #[arg(long, value_enum, value_name = "FILE", conflicts_with = "name")]
    pub schema: Option<Schema>,
}

/// A file with a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Schema {
    /// Scenario files
    Scenario,
    /// Board files
    Board,
    /// Rig files
    Rig,
}

/// `brownout coverage`
#[derive(Clone, Debug, clap::Args)]
pub struct Coverage {
    /// Write scenarios/COVERAGE.md
    #[arg(long, conflicts_with = "check")]
    pub write: bool,
    /// Exit with 1 if scenarios/COVERAGE.md says something else
    #[arg(long)]
    pub check: bool,
}

/// `brownout doctor`
#[derive(Clone, Debug, clap::Args)]
pub struct Doctor {
    /// The rig: a file, or a name under rigs/
    #[arg(default_value = "virtual", value_name = "RIG")]
    pub rig: String,
}

/// `brownout heal`
#[derive(Clone, Debug, clap::Args)]
pub struct Heal {
    /// The rig: a file, or a name under rigs/
    #[arg(value_name = "RIG")]
    pub rig: String,
}

/// `brownout board`
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Board {
    /// Something else than to start it.
    #[command(subcommand)]
    pub command: Option<BoardCommand>,
    /// Program this ELF file before the power comes; erased flash if left out
    #[arg(long, value_name = "ELF")]
    pub image: Option<PathBuf>,
    /// Seed of everything random
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Leave the power off
    #[arg(long)]
    pub off: bool,
    /// Stop after this many seconds
    #[arg(long, value_name = "SECONDS")]
    pub seconds: Option<u64>,
}

/// What else can be done with a board.
#[derive(Clone, Debug, Subcommand)]
pub enum BoardCommand {
    /// Let a firmware measure a chip, on any rig, and compare it with what is expected of its kind
    Conformance(Conformance),
}

/// `brownout board conformance`
#[derive(Clone, Debug, clap::Args)]
pub struct Conformance {
    /// The rig: a file, or a name under rigs/
    #[arg(long, default_value = "virtual", value_name = "RIG")]
    pub rig: String,
    /// Which device of it; the first if left out
    #[arg(long, value_name = "NAME")]
    pub dut: Option<String>,
    /// Another conformance firmware
    #[arg(long, value_name = "ELF")]
    pub image: Option<PathBuf>,
    /// Other expectations than those beside the firmware
    #[arg(long, value_name = "FILE")]
    pub expected: Option<PathBuf>,
    /// Where the record goes; must be empty or new. reports/<time>/ if left out
    #[allow(rustdoc::invalid_html_tags, reason = "the text is that of --help")]
    #[arg(long, value_name = "DIR")]
    pub report_dir: Option<PathBuf>,
}

//! `brownout board conformance`: does a chip do what is expected of its kind?
//!
//! A firmware measures the chip it runs on and prints a table; the debug probe adds what only it can see. Both go over
//! the ports of any rig, so that the same figures can be had of a real board and of the virtual one.

mod measure;

use crate::args::Conformance;
use crate::failure::{Exit, Failure};
use crate::project::{Bench, Project};
use crate::stage::runtime;
use crate::suite::{cannot_write, empty_folder, fresh_folder, open_ledger};
use crate::{signals, view, wall};
use brownout_core::conformance::{Chip, Expectations, Row, compare, verdict};
use brownout_core::language::render::escape;
use brownout_core::names::Dut;
use brownout_core::verdict::Verdict;
use brownout_report::conformance::{summary, table};
use measure::Bringing;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::Path;

/// The firmware that measures.
const IMAGE: &str = "fixtures/firmware/images/conformance.elf";
/// What it is expected to print.
const EXPECTED: &str = "fixtures/firmware/images/conformance.yaml";
/// The chips that the firmware runs on, as probe-rs names them.
const CHIPS: &str = "nRF52840_xxAA";

/// What somebody can send us.
#[derive(Serialize)]
struct Record<'a> {
    brownout: &'a str,
    started: &'a str,
    rig: &'a str,
    board: &'a str,
    chip: Option<&'a Chip>,
    /// SHA-256 of the firmware.
    image: String,
    verdict: Verdict,
    /// Why the table is not whole, if it is not.
    trouble: Option<&'a str>,
    rows: &'a [Row],
    /// All that the console said.
    console: &'a str,
}

/// Programs the device, collects its table, compares, and writes all of it down.
///
/// # Errors
/// The input is wrong, the rig broke before there was a table, or it could not be restored.
pub fn run(args: &Conformance) -> Result<Exit, Failure> {
    let project = Project::find()?;
    let bench = project.bench(&args.rig)?;
    let expected = expectations(&project, args.expected.as_deref())?;
    let image = args.image.clone().unwrap_or_else(|| project.root().join(IMAGE));
    let bytes = fs::read(&image).map_err(|error| {
        Failure::input(
            format!("cannot read {}: {error}", project.shown(&image)),
            "fixtures/firmware/conformance/build makes the conformance firmware",
        )
    })?;
    let (dut, board) = device(&bench, args.dut.as_deref())?;
    brownout_drivers::image_fits(&image, CHIPS)
        .map_err(|error| Failure::input(error.message, error.help.unwrap_or_default()))?;

    let anchor = wall::now();
    let folder = match args.report_dir.as_deref() {
        Some(dir) => empty_folder(dir)?,
        None => fresh_folder(&project.root().join("reports"), &wall::as_folder(&anchor))?,
    };
    let interrupt = signals::listen();
    let runtime = runtime()?;
    let ledger = open_ledger(&project, &bench, &runtime)?;
    let opened = bench.rig.open(&bench.facts(), 0)?;
    let bringing = Bringing { dut: dut.clone(), image, interrupt: &interrupt };
    let measured = runtime.block_on(measure::measure(bringing, opened, ledger))?;

    let rows = compare(&expected, measured.table.rows());
    let chip = measured.table.chip();
    let other_part = chip.filter(|chip| chip.part != expected.part).map(|chip| {
        format!("these expectations are for part {}, and this is a {}", expected.part, chip.part)
    });
    let trouble = measured.trouble.or_else(|| measured.table.trouble()).or(other_part);
    let verdict = match verdict(&rows) {
        Verdict::Pass if trouble.is_some() => Verdict::Inconclusive,
        verdict => verdict,
    };
    let record = Record {
        brownout: env!("CARGO_PKG_VERSION"),
        started: &anchor,
        rig: &bench.file.name,
        board,
        chip,
        image: Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
        verdict,
        trouble: trouble.as_deref(),
        rows: &rows,
        console: &measured.console,
    };
    let path = folder.join("conformance.json");
    let text =
        serde_json::to_string_pretty(&record).map_err(|error| cannot_write(&path, &error.to_string()))?;
    fs::write(&path, text + "\n").map_err(|error| cannot_write(&path, &error.to_string()))?;

    let chip = chip.map_or_else(String::new, |chip| format!(": part {} variant {}", chip.part, chip.variant));
    view::print(&format!("rig {}, board {board}{}\n\n", bench.file.name, escape(&chip)));
    view::print(&table(&rows));
    view::print(&format!("\n{}", summary(&rows)));
    if let Some(trouble) = &trouble {
        view::print(&format!("the table is not to be relied on: {}\n", escape(trouble)));
    }
    view::print(&format!("record: {}\n", project.shown(&path)));
    if interrupt.wished() {
        return Ok(Exit::Interrupted);
    }
    Ok(verdict.into())
}

fn expectations(project: &Project, given: Option<&Path>) -> Result<Expectations, Failure> {
    let path = given.map_or_else(|| project.root().join(EXPECTED), Path::to_owned);
    let shown = project.shown(&path);
    let text = fs::read_to_string(&path).map_err(|error| {
        Failure::input(format!("cannot read {shown}: {error}"), "name a file of expectations with --expected")
    })?;
    Expectations::read(&shown, &text).map_err(|problems| crate::project::problem(&problems))
}

/// The device to measure, and its board: the chip has to be one that the firmware is for.
fn device<'a>(bench: &'a Bench, name: Option<&str>) -> Result<(&'a Dut, &'a str), Failure> {
    let (dut, rig_dut) = bench.file.dut(name.map(Dut::from).as_ref()).ok_or_else(|| {
        let names: Vec<&str> = bench.file.duts.iter().map(|(name, _)| name.as_str()).collect();
        Failure::input(
            format!("the rig `{}` has no device `{}`", bench.file.name, name.unwrap_or_default()),
            format!("its devices are: {}", names.join(", ")),
        )
    })?;
    let chip = bench.boards.get(&rig_dut.board).map_or("", |file| file.board.chip.as_str());
    if !chip.eq_ignore_ascii_case(CHIPS) {
        return Err(Failure::input(
            format!("`{dut}` is a {chip}, and the conformance firmware is for an {CHIPS}"),
            "there is none for other chips",
        ));
    }
    Ok((dut, &rig_dut.board))
}

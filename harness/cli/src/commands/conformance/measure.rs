//! What is done to the device, over its ports.

use crate::failure::Failure;
use brownout_core::action::{Action, Done, MemoryWord, Reset};
use brownout_core::conformance::{Measured, Table};
use brownout_core::names::Dut;
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::time::Duration;
use brownout_engine::{Interrupt, Ledger, Owed};
use brownout_ports::{Bench, Debug, Observed, Power, ProgramOrder};
use std::path::PathBuf;

/// How long the supply is off: the capacitors of a DK are empty by then.
const OFF: Duration = Duration::from_millis(1000);
/// The firmware is never silent for longer, even while it waits for a crystal that is not there.
const SILENCE: Duration = Duration::from_millis(5000);
/// The whole table takes about three seconds.
const WHOLE: Duration = Duration::from_millis(60_000);
/// Between two looks at what the ports reported.
const LOOK: Duration = Duration::from_millis(50);
/// A device that never stops must not fill our memory, in bytes.
const LONGEST_CONSOLE: usize = 1 << 18;

const DHCSR: u32 = 0xE000_EDF0;
const S_HALT: u32 = 1 << 17;
const S_SLEEP: u32 = 1 << 18;
const FICR_PART: u32 = 0x1000_0100;
/// Where the chip has nothing.
const UNMAPPED: u32 = 0x7000_0000;
/// A word of RAM, and the same by way of the code bus (PS 4.2).
const RAM: u32 = 0x2000_0000;
const RAM_ALIAS: u32 = 0x0080_0000;

/// What to measure.
pub(super) struct Bringing<'a> {
    /// Which device.
    pub(super) dut: Dut,
    /// The firmware.
    pub(super) image: PathBuf,
    /// Whether somebody wants to stop.
    pub(super) interrupt: &'a Interrupt,
}

/// What came of it.
pub(super) struct Collected {
    /// The table, with what the probe saw.
    pub(super) table: Table,
    /// All that the console said.
    pub(super) console: String,
    /// What went wrong after there was something to show.
    pub(super) trouble: Option<String>,
}

/// Programs the device, starts it (by its supply where the rig switches that), and collects.
///
/// # Errors
/// A port that the rig lacks, or that failed before the firmware ran; a supply that could not be switched on again.
pub(super) async fn measure(
    bringing: Bringing<'_>,
    mut bench: Bench,
    mut ledger: Option<Ledger>,
) -> Result<Collected, Failure> {
    let doors = bench.duts.get(&bringing.dut).cloned().unwrap_or_default();
    let debug = doors.debug.ok_or_else(|| lacks(Port::Debug))?;
    let console = doors.console.ok_or_else(|| lacks(Port::Console))?;
    if let Some(power) = &doors.power {
        power.switch(true).await?;
    }
    debug.attach().await?;
    let order =
        ProgramOrder { image: bringing.image, fresh: Vec::new(), words: Vec::new(), pages: Vec::new() };
    debug.program(&order).await?;
    let caught = read(&*debug, DHCSR).await.map(|status| status & S_HALT != 0);
    console.open().await?;
    // Nobody attached: a core that is being debugged neither resets when it locks up nor sleeps deeply.
    match &doors.power {
        Some(power) => {
            debug.detach().await?;
            cycle(&**power, &bringing.dut, &mut bench, ledger.as_mut()).await?;
        }
        None => {
            debug.reset(Reset::Soft).await?;
            debug.detach().await?;
        }
    }

    let mut heard = Heard::default();
    let mut nudged = false;
    loop {
        heard.listen(&mut bench, SILENCE, bringing.interrupt).await;
        if heard.table.ended() || heard.table.chip().is_none() || nudged || bringing.interrupt.wished() {
            break;
        }
        // Once more, where a reset that should have come did not: the firmware says by which it started instead.
        nudged = true;
        if debug.attach().await.is_err() || debug.reset(Reset::Soft).await.is_err() {
            break;
        }
        let _ = debug.detach().await;
    }
    let mut collected = heard.into_collected();
    if collected.table.ended() && !bringing.interrupt.wished() {
        if let Ok(caught) = caught {
            note(&mut collected.table, "swd.reset_catch", caught);
        }
        if let Err(error) = probe(&*debug, &mut bench, &mut collected.table).await {
            collected.trouble = Some(error.to_string());
        }
    }
    // Whatever it answers, nothing more is asked of it.
    let _ = debug.detach().await;
    Ok(collected)
}

/// Off and on again; the rig's ledger knows meanwhile that it is owed.
async fn cycle(
    power: &dyn Power,
    dut: &Dut,
    bench: &mut Bench,
    mut ledger: Option<&mut Ledger>,
) -> Result<(), Failure> {
    let unwritten = |error: brownout_engine::LedgerError| Failure::inconclusive(error.to_string(), None);
    if let Some(ledger) = &mut ledger {
        ledger
            .promise(0, Owed { dut: dut.clone(), revert: Action::Power { on: true } })
            .map_err(unwritten)?;
    }
    let off = power.switch(false).await;
    pause(bench, OFF).await;
    power.switch(true).await.map_err(|error| {
        Failure::not_restored(
            format!("the supply does not come back: {error}"),
            error.help.unwrap_or_default(),
        )
    })?;
    if let Some(ledger) = ledger {
        ledger.kept(0).map_err(unwritten)?;
    }
    Ok(off?)
}

async fn pause(bench: &Bench, time: Duration) {
    bench.clock.sleep_until(bench.clock.now() + time).await;
}

/// What the console has said so far.
#[derive(Default)]
struct Heard {
    table: Table,
    console: String,
    bytes: Vec<u8>,
}

impl Heard {
    /// Listens until the table has ended, or nothing was said for so long.
    async fn listen(&mut self, bench: &mut Bench, silence: Duration, interrupt: &Interrupt) {
        let begun = bench.clock.now();
        let mut last = begun;
        while !self.table.ended() && !interrupt.wished() {
            let now = bench.clock.now();
            if now - last >= silence || now - begun >= WHOLE {
                return;
            }
            let next = now + LOOK;
            loop {
                tokio::select! {
                    biased;
                    Some(report) = bench.reports.recv() => {
                        if let Observed::Bytes(bytes) = report.what {
                            last = last.max(report.at);
                            self.take(&bytes);
                        }
                    }
                    () = bench.clock.sleep_until(next) => break,
                }
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' || self.bytes.len() >= 4096 {
                let line = String::from_utf8_lossy(&self.bytes).into_owned();
                self.table.take(&line);
                if self.console.len() + line.len() < LONGEST_CONSOLE {
                    self.console.push_str(line.trim_end());
                    self.console.push('\n');
                }
                self.bytes.clear();
            }
            if byte != b'\n' {
                self.bytes.push(byte);
            }
        }
    }

    fn into_collected(self) -> Collected {
        Collected { table: self.table, console: self.console, trouble: None }
    }
}

/// What only a debugger sees, of a device that sleeps.
async fn probe(debug: &dyn Debug, bench: &mut Bench, table: &mut Table) -> Result<(), PortError> {
    debug.attach().await?;
    let part = read(debug, FICR_PART).await?;
    note(table, "swd.reads_while_running", part == 0x5_2840);
    note(table, "swd.unmapped_refused", read(debug, UNMAPPED).await.is_err());
    // A driver may have to attach again, and that is its own affair.
    note(table, "swd.reads_after_refusal", read(debug, FICR_PART).await.is_ok_and(|again| again == part));
    let (word, alias) = (read(debug, RAM).await?, read(debug, RAM_ALIAS).await?);
    note(table, "swd.ram_alias", word == alias);
    debug.halt().await?;
    note(table, "swd.halts_in_sleep", read(debug, DHCSR).await? & S_HALT != 0);
    debug.resume().await?;
    pause(bench, LOOK).await;
    let status = read(debug, DHCSR).await?;
    note(table, "swd.sleeps_again", status & S_SLEEP != 0 && status & S_HALT == 0);
    Ok(())
}

fn note(table: &mut Table, name: &str, yes: bool) {
    table.add(Measured { name: name.to_owned(), value: yes.into(), unit: "yes".to_owned() });
}

async fn read(debug: &dyn Debug, address: u32) -> Result<u32, PortError> {
    let word = MemoryWord { name: format!("{address:#010x}"), address, length: 4 };
    match debug.read(&word).await? {
        Done::Value(value) => Ok(value),
        _ => Err(PortError {
            port: Port::Debug,
            trouble: Trouble::Failed,
            message: format!("{} was read, and there is no value", word.name),
            help: None,
        }),
    }
}

fn lacks(port: Port) -> Failure {
    Failure::input(
        format!("the rig has no `{port}` port for this device"),
        "conformance needs `debug` and `console`, and uses `power` where it is",
    )
}

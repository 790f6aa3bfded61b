//! `brownout doctor`: is everything there that a rig file asks for?

use crate::args::Doctor;
use crate::failure::{Exit, Failure};
use crate::project::Project;
use crate::stage::runtime;
use crate::view;
use brownout_core::language::render::escape;
use brownout_core::port::PortError;
use brownout_ports::Doors;

/// Tries every port without changing the device: attaches, opens, looks for programs.
///
/// # Errors
/// The rig file is wrong.
pub fn run(args: &Doctor) -> Result<Exit, Failure> {
    let project = Project::find()?;
    let bench = project.bench(&args.rig)?;
    view::print(&format!("rig {} ({})\n", bench.file.name, bench.file.path));
    let opened = bench.rig.open(&bench.facts(), 0)?;
    let runtime = runtime()?;
    let mut missing = 0;
    for (name, dut) in &bench.file.duts {
        view::print(&format!("  {name}: board {}\n", dut.board));
        let Some(doors) = opened.duts.get(name) else { continue };
        for (port, driver) in &dut.ports {
            let result = runtime.block_on(examine(*port, doors));
            match result {
                Ok(()) => view::print(&format!("    ok       {port} ({})\n", driver.kind)),
                Err(error) => {
                    missing += 1;
                    view::print(&format!(
                        "    missing  {port} ({}): {}\n",
                        driver.kind,
                        escape(&error.message)
                    ));
                    if let Some(help) = &error.help {
                        view::print(&format!("             {}\n", escape(help)));
                    }
                }
            }
        }
    }
    for line in brownout_drivers::present() {
        view::print(&format!("  {}\n", escape(&line)));
    }
    if missing == 0 {
        view::print("everything is there\n");
        return Ok(Exit::Pass);
    }
    Ok(Exit::Inconclusive)
}

async fn examine(port: brownout_core::port::Port, doors: &Doors) -> Result<(), PortError> {
    use brownout_core::port::Port;
    match port {
        Port::Debug => match &doors.debug {
            Some(debug) => {
                debug.attach().await?;
                debug.detach().await
            }
            None => Ok(()),
        },
        Port::Console => match &doors.console {
            Some(console) => console.open().await,
            None => Ok(()),
        },
        Port::Power => match &doors.power {
            Some(power) => power.check().await,
            None => Ok(()),
        },
        Port::Supply => match &doors.supply {
            Some(supply) => supply.check().await,
            None => Ok(()),
        },
        Port::Stimulus => match &doors.stimulus {
            Some(stimulus) => stimulus.check().await,
            None => Ok(()),
        },
        Port::Link => match &doors.link {
            Some(link) => link.check().await,
            None => Ok(()),
        },
        Port::Services => match &doors.services {
            Some(services) => services.check().await,
            None => Ok(()),
        },
        // What sees flash operations is part of another instrument.
        Port::FlashTrace => Ok(()),
    }
}

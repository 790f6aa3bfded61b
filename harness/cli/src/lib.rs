//! The brownout program, as a library: `main` only hands over, and the tests call what users call.

pub mod args;
pub mod commands;
pub mod cuts;
pub mod failure;
pub mod project;
pub mod signals;
pub mod stage;
pub mod suite;
pub mod threads;
pub mod view;
pub mod wall;

use args::{Args, BoardCommand, Command};
use clap::Parser;
use failure::{Exit, Failure};
use std::panic::UnwindSafe;

/// Runs the program with the arguments of this process; gives its exit code.
pub fn main() -> u8 {
    guarded(|| {
        #[cfg(unix)]
        signals::outlive_limits();
        let code = perform();
        let Some(why) = view::unprinted() else { return code };
        view::complain(&format!("error: standard output takes no more: {why}\n"));
        // What was not shown is no pass; worse is worse all the same.
        if code == Exit::Pass as u8 { Exit::Inconclusive as u8 } else { code }
    })
}

/// Does the work; a bug shall not look like a verdict.
fn guarded(work: impl FnOnce() -> u8 + UnwindSafe) -> u8 {
    std::panic::catch_unwind(work).unwrap_or_else(|_| {
        view::complain("error: this is a bug in brownout; please report it with the message above\n");
        Exit::Bug as u8
    })
}

fn perform() -> u8 {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let code = if error.use_stderr() { Exit::WrongInput } else { Exit::Pass };
            // Help that cannot be shown (a closed pipe) has nobody to be shown to.
            view::keep(error.print());
            return code as u8;
        }
    };
    match dispatch(args) {
        Ok(exit) => exit as u8,
        Err(failure) => {
            view::complain(&failure.text());
            failure.exit as u8
        }
    }
}

fn dispatch(args: Args) -> Result<Exit, Failure> {
    match args.command {
        Command::Run(run) => commands::run::run(&run),
        Command::Plan(plan) => commands::plan::run(&plan),
        Command::Judge(judge) => commands::judge::run(&judge),
        Command::Sweep(sweep) => commands::sweep::run(&sweep),
        Command::Prove(prove) => commands::prove::run(&prove),
        Command::Init(init) => commands::init::run(&init),
        Command::List(list) => commands::list::run(&list),
        Command::Coverage(coverage) => commands::coverage::run(&coverage),
        Command::Kinds(kinds) => commands::kinds::run(&kinds),
        Command::Doctor(doctor) => commands::doctor::run(&doctor),
        Command::Heal(heal) => commands::heal::run(&heal),
        Command::Board(args::Board { command: Some(command), .. }) => match command {
            BoardCommand::Conformance(conformance) => commands::conformance::run(&conformance),
        },
        #[cfg(all(feature = "virtual", unix))]
        Command::Board(board) => commands::board::run(&board),
        #[cfg(not(all(feature = "virtual", unix)))]
        Command::Board(_) => Err(Failure::input(
            "this brownout was built without the virtual board",
            "build it with the feature `virtual`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn a_bug_has_an_exit_code_of_its_own() {
        assert_eq!(guarded(|| 3), 3);
        assert_eq!(guarded(|| panic!("a test of what a bug does")), 70);
    }
}

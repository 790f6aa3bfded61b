//! The brownout program, as a library: `main` only hands over, and the tests call what users call.

pub mod args;
pub mod commands;
pub mod failure;
pub mod project;
pub mod signals;
pub mod suite;
pub mod view;
pub mod wall;

use args::{Args, Command};
use clap::Parser;
use failure::{Exit, Failure};

/// Runs the program with the arguments of this process; gives its exit code.
pub fn main() -> u8 {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let code = if error.use_stderr() { Exit::WrongInput } else { Exit::Pass };
            // Help that cannot be shown (a closed pipe) has nobody to be shown to.
            let _ = error.print();
            return code as u8;
        }
    };
    match dispatch(args) {
        Ok(exit) => exit as u8,
        Err(failure) => {
            eprint!("{}", failure.text());
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
        Command::List(list) => commands::list::run(&list),
        Command::Kinds(kinds) => commands::kinds::run(&kinds),
        Command::Doctor(doctor) => commands::doctor::run(&doctor),
        Command::Heal(heal) => commands::heal::run(&heal),
        #[cfg(all(feature = "virtual", unix))]
        Command::Board(board) => commands::board::run(&board),
    }
}

//! The brownout program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(brownout_cli::main())
}

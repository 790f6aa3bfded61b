//! The brownout program.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A bug shall not look like a verdict: exit code 70 (EX_SOFTWARE of sysexits.h).
    match std::panic::catch_unwind(brownout_cli::main) {
        Ok(code) => ExitCode::from(code),
        Err(_) => {
            eprintln!("error: this is a bug in brownout; please report it with the message above");
            ExitCode::from(70)
        }
    }
}

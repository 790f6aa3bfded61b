//! The user-space link against the kernel's own netem, which is set through the driver that rigs use, on the same traffic.
//!
//! Few kernels of build machines have netem; that of User-mode Linux has it (`machine`). There this program is the first
//! process (`guest`); outside it sends the same frames at the same times through the user-space link, and
//! compares (`compare`).

#![cfg(target_os = "linux")]
#![allow(missing_docs, reason = "a program of tests")]
#![allow(clippy::unwrap_used, reason = "a program of tests")]
#![allow(clippy::disallowed_methods, reason = "it measures")]
#![allow(clippy::print_stdout, reason = "what it measured is for people to read")]

mod compare;
mod device;
mod guest;
mod machine;
mod traffic;

use libtest_mimic::{Arguments, Failed, Trial};
use std::time::Duration;

fn main() {
    if std::process::id() == 1 {
        guest::run();
    }
    if std::env::var_os(device::HOLD).is_some() {
        device::hold();
    }
    let compare = || -> Result<(), Failed> {
        let result = machine::run(Duration::from_secs(300))?;
        Ok(compare::with(&result)?)
    };
    let trial = Trial::test("the_user_space_link_does_what_netem_does", compare);
    // It needs User-mode Linux (Debian: user-mode-linux) and ip and tc (Debian: iproute2).
    libtest_mimic::run(&Arguments::from_args(), vec![trial.with_ignored_flag(true)]).exit();
}

//! `command`: two programs, one that switches the mains on and one that switches them off.
//!
//! Only rig files may name programs; they are started without a shell.

use crate::clock::Stopwatch;
use async_trait::async_trait;
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::time::Duration;
use brownout_ports::{Observed, Power, Watch};
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread;

brownout_core::record! {
    /// Two programs that switch the mains.
    ///
    /// `command: {on: [uhubctl, -l, 1-1, -a, on], off: [uhubctl, -l, 1-1, -a, off]}`
    pub struct CommandParams {
        /// The program that switches on, and its arguments. Started without a shell.
        on: Vec<String> = "on",
        /// The program that switches off, and its arguments.
        off: Vec<String> = "off",
        /// How long it may take.
        within: Duration = "within" (Positive) or Duration::from_secs(10),
    }
}

/// How much of a program's complaint is shown, in bytes.
const COMPLAINT: u64 = 2000;
/// How often a program is looked at whether it has ended.
const GLANCE: std::time::Duration = std::time::Duration::from_millis(2);

/// The power port over two programs.
pub(crate) struct Command {
    params: Arc<CommandParams>,
    watch: Watch,
    clock: Arc<Stopwatch>,
}

impl Command {
    pub(crate) fn new(params: CommandParams, watch: Watch, clock: Arc<Stopwatch>) -> Self {
        Self { params: Arc::new(params), watch, clock }
    }
}

#[async_trait(?Send)]
impl Power for Command {
    async fn switch(&self, on: bool) -> Result<(), PortError> {
        let (params, clock) = (Arc::clone(&self.params), Arc::clone(&self.clock));
        let (answer, reply) = tokio::sync::oneshot::channel();
        let work = move || {
            let line = if on { &params.on } else { &params.off };
            let _ = answer.send(perform(line, params.within, &clock));
        };
        thread::Builder::new()
            .name("power".to_owned())
            .spawn(work)
            .map_err(|error| failed(format!("no thread for the power command: {error}"), ""))?;
        reply.await.unwrap_or_else(|_| Err(failed("the power command was lost".to_owned(), "")))?;
        // That the program ended well is all that such a controller can show of the rail.
        self.watch.report(self.clock.now(), Observed::Rail { on });
        Ok(())
    }

    async fn check(&self) -> Result<(), PortError> {
        for line in [&self.params.on, &self.params.off] {
            let Some(program) = line.first() else {
                return Err(failed("a power command is empty".to_owned(), "name a program in the rig file"));
            };
            if !is_there(program) {
                let error =
                    failed(format!("there is no program `{program}`"), "install it, or correct the rig file");
                return Err(PortError { trouble: Trouble::Absent, ..error });
            }
        }
        Ok(())
    }
}

/// Whether a program can be found: by its path, or in the folders of PATH.
fn is_there(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

fn perform(line: &[String], within: Duration, clock: &Stopwatch) -> Result<(), PortError> {
    let shown = line.join(" ");
    let Some((program, arguments)) = line.split_first() else {
        return Err(failed("the power command is empty".to_owned(), "name a program in the rig file"));
    };
    let mut child = std::process::Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| PortError {
            trouble: match error.kind() {
                std::io::ErrorKind::NotFound => Trouble::Absent,
                std::io::ErrorKind::PermissionDenied => Trouble::Denied,
                _ => Trouble::Failed,
            },
            ..failed(
                format!("cannot start `{shown}`: {error}"),
                "is the program installed, and is its name right?",
            )
        })?;
    let complaint = child.stderr.take().map(|stderr| {
        // Reads on even when enough was read, so that the program is never blocked by a full pipe.
        thread::spawn(move || {
            let mut stderr = stderr;
            let mut text = Vec::new();
            let _ = stderr.by_ref().take(COMPLAINT).read_to_end(&mut text);
            let _ = std::io::copy(&mut stderr, &mut std::io::sink());
            String::from_utf8_lossy(&text).trim().to_owned()
        })
    });
    let status = wait(&mut child, within, clock, &shown)?;
    if status.success() {
        return Ok(());
    }
    let complaint = complaint.and_then(|thread| thread.join().ok()).unwrap_or_default();
    Err(failed(format!("`{shown}` failed ({status}): {complaint}"), "run it by hand to see why"))
}

fn wait(
    child: &mut Child,
    within: Duration,
    clock: &Stopwatch,
    shown: &str,
) -> Result<std::process::ExitStatus, PortError> {
    let deadline = clock.now() + within;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if clock.now() < deadline => thread::sleep(GLANCE),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed(
                    format!("`{shown}` did not end within {within}"),
                    "give it more time with `within` in the rig file, if it needs that",
                ));
            }
            Err(error) => return Err(failed(format!("cannot wait for `{shown}`: {error}"), "")),
        }
    }
}

fn failed(message: String, help: &str) -> PortError {
    let help = (!help.is_empty()).then(|| help.to_owned());
    PortError { port: Port::Power, trouble: Trouble::Failed, message, help }
}

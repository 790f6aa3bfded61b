//! Programs that rig files name: started without a shell, bounded in time, their complaints passed on.

use crate::clock::Stopwatch;
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::time::Duration;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread;

/// How much of a program's complaint is shown, in bytes.
const COMPLAINT: u64 = 2000;
/// How often a program is looked at whether it has ended.
const GLANCE: std::time::Duration = std::time::Duration::from_millis(2);

/// Programs that stand behind a port.
#[derive(Clone)]
pub(crate) struct Programs {
    port: Port,
    /// How long each may take.
    within: Duration,
    clock: Arc<Stopwatch>,
}

impl Programs {
    pub(crate) fn new(port: Port, within: Duration, clock: Arc<Stopwatch>) -> Self {
        Self { port, within, clock }
    }

    /// Runs one on a thread of its own, to its end.
    pub(crate) async fn run(&self, line: Vec<String>) -> Result<(), PortError> {
        let (answer, reply) = tokio::sync::oneshot::channel();
        let programs = self.clone();
        let work = move || {
            let _ = answer.send(programs.perform(&line));
        };
        thread::Builder::new()
            .name(self.port.to_string())
            .spawn(work)
            .map_err(|error| self.failed(format!("no thread for the {} command: {error}", self.port), ""))?;
        reply.await.unwrap_or_else(|_| Err(self.failed(format!("the {} command was lost", self.port), "")))
    }

    /// Looks whether the program of a line can be found.
    pub(crate) fn check(&self, line: &[String]) -> Result<(), PortError> {
        let Some(program) = line.first() else {
            return Err(
                self.failed(format!("a {} command is empty", self.port), "name a program in the rig file")
            );
        };
        if is_there(program) {
            return Ok(());
        }
        let error =
            self.failed(format!("there is no program `{program}`"), "install it, or correct the rig file");
        Err(PortError { trouble: Trouble::Absent, ..error })
    }

    fn perform(&self, line: &[String]) -> Result<(), PortError> {
        let shown = line.join(" ");
        let Some((program, arguments)) = line.split_first() else {
            return Err(
                self.failed(format!("the {} command is empty", self.port), "name a program in the rig file")
            );
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
                ..self.failed(
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
        let status = self.wait(&mut child, &shown)?;
        if status.success() {
            return Ok(());
        }
        let complaint = complaint.and_then(|thread| thread.join().ok()).unwrap_or_default();
        Err(self.failed(format!("`{shown}` failed ({status}): {complaint}"), "run it by hand to see why"))
    }

    fn wait(&self, child: &mut Child, shown: &str) -> Result<std::process::ExitStatus, PortError> {
        let deadline = self.clock.now() + self.within;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if self.clock.now() < deadline => thread::sleep(GLANCE),
                Ok(None) => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(self.failed(
                        format!("`{shown}` did not end within {}", self.within),
                        "give it more time with `within` in the rig file, if it needs that",
                    ));
                }
                Err(error) => return Err(self.failed(format!("cannot wait for `{shown}`: {error}"), "")),
            }
        }
    }

    fn failed(&self, message: String, help: &str) -> PortError {
        let help = (!help.is_empty()).then(|| help.to_owned());
        PortError { port: self.port, trouble: Trouble::Failed, message, help }
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

//! The built program, started as a person starts it, and projects of a test's own to start it in.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_brownout");

/// No test waits longer than this for the program to end, or for something to happen in it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The project that is tested.
pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A project of a test's own, with the rigs, boards, scenarios and images of the real one.
pub(crate) struct Project(TempDir);

impl Project {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&project().join("rigs"), &folder.path().join("rigs"));
        copy(&project().join("scenarios"), &folder.path().join("scenarios"));
        let images = "fixtures/firmware/images";
        fs::create_dir_all(folder.path().join(images)).unwrap();
        for entry in fs::read_dir(project().join(images)).unwrap() {
            let image = entry.unwrap();
            let link = folder.path().join(images).join(image.file_name());
            std::os::unix::fs::symlink(image.path(), link).unwrap();
        }
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Runs the program here until it ends.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Started::new(command(self.path(), arguments)).end()
    }

    /// The folders of runs below one of ours: those that hold a plan.
    pub(crate) fn runs(&self, below: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut left = vec![self.path().join(below)];
        while let Some(folder) = left.pop() {
            if folder.join("plan.json").is_file() {
                found.push(folder);
                continue;
            }
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            left.extend(entries.map(|entry| entry.path()).filter(|path| path.is_dir()));
        }
        found.sort();
        found
    }

    /// The only run below a folder.
    pub(crate) fn only_run(&self, below: &str) -> PathBuf {
        let runs = self.runs(below);
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.into_iter().next().unwrap()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The program in a folder, with nothing of the environment that changes what it prints.
pub(crate) fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).args(arguments).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "COLUMNS", "RUST_LOG", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    command
}

/// The program at work. Killed when a test gives it up.
pub(crate) struct Started {
    child: Child,
    output: TempDir,
}

/// The program at its end.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code; `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Started {
    pub(crate) fn new(mut command: Command) -> Self {
        let output = tempfile::tempdir().unwrap();
        let file = |name: &str| File::create(output.path().join(name)).unwrap();
        // A group of its own: a Ctrl-C at the tests is not one at the program, nor the other way round.
        let child = command.stdout(file("out")).stderr(file("err")).process_group(0).spawn().unwrap();
        Self { child, output }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.id()).unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    pub(crate) fn stdout(&self) -> String {
        fs::read_to_string(self.output.path().join("out")).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(self.output.path().join("err")).unwrap()
    }

    /// Waits for something to become true while the program is at work.
    pub(crate) fn until(&mut self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !so(self) {
            let ended = self.child.try_wait().unwrap();
            let shown = || format!("{}\n{}", self.stdout(), self.stderr());
            assert!(ended.is_none() || so(self), "it ended before {what}\n{}", shown());
            assert!(began.elapsed() < PATIENCE, "waited in vain until {what}\n{}", shown());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn end(mut self) -> Ended {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < PATIENCE, "it never ended\n{}\n{}", self.stdout(), self.stderr());
            std::thread::sleep(Duration::from_millis(2));
        };
        Ended { code: status.code(), signal: status.signal(), stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Ended {
    /// That it ended so; what it printed otherwise.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}\n{}", self.stdout, self.stderr);
        self
    }

    /// That it said this, wherever its lines were broken.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let text = format!("{} {}", self.stdout, self.stderr);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(words), "`{words}` is not in\n{}\n{}", self.stdout, self.stderr);
        self
    }
}

/// An ELF file for a 32-bit Arm with one segment.
pub(crate) fn arm_elf(address: u32, code: &[u8]) -> Vec<u8> {
    const HEADERS: u32 = 52 + 32;
    let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |file: &mut Vec<u8>, values: &[u16]| {
        values.iter().for_each(|value| file.extend(value.to_le_bytes()));
    };
    let word = |file: &mut Vec<u8>, values: &[u32]| {
        values.iter().for_each(|value| file.extend(value.to_le_bytes()));
    };
    let length = u32::try_from(code.len()).unwrap();
    half(&mut file, &[2, 40]); // executable, Arm
    word(&mut file, &[1, address, 52, 0, 0x0500_0000]); // version, entry, program headers, no sections, EABI 5
    half(&mut file, &[52, 32, 1, 40, 0, 0]);
    word(&mut file, &[1, HEADERS, address, address, length, length, 5, 4]); // PT_LOAD, readable and executable
    file.extend(code);
    file
}

//! A run's folder, as it is written.

use brownout_core::event::Event;
use brownout_core::plan::Plan;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Facts about a run that are not part of its timeline: `manifest.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of brownout.
    pub brownout: String,
    /// Wall-clock time at which the run began, in UTC (RFC 3339).
    pub started: String,
    /// Digest of the plan.
    pub plan: String,
    /// The arguments of brownout that make the same run again; none where nobody knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<String>,
    /// The folder beside it that holds its control, if it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
}

/// The journal could not be written. Nothing recorded so far is lost.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder holds something already.
    #[error("{} is not empty; name another folder with --report-dir, or empty it", .0.display())]
    NotEmpty(PathBuf),
    /// The system refused.
    #[error("cannot write {}: {}", path.display(), reason(source))]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What a system error means to somebody who has to do something about it.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full; free some space and run again".to_owned(),
        io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            format!("{error}; allow more, or name a folder elsewhere with --report-dir")
        }
        io::ErrorKind::PermissionDenied => {
            "no permission; name a folder of your own with --report-dir".to_owned()
        }
        _ => error.to_string(),
    }
}

/// A run's folder, open for writing.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    events: File,
    console: Option<File>,
    capture: Option<BufWriter<File>>,
    line: Vec<u8>,
}

impl Journal {
    /// Makes the folder and writes what is known before the run.
    ///
    /// # Errors
    /// The folder is not empty, or cannot be written.
    pub fn create(folder: &Path, manifest: &Manifest, plan: &Plan) -> Result<Self, JournalError> {
        let write_error = |path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::Write { path, source }
        };
        fs::create_dir_all(folder).map_err(write_error(folder))?;
        if fs::read_dir(folder).map_err(write_error(folder))?.next().is_some() {
            return Err(JournalError::NotEmpty(folder.to_owned()));
        }
        let mut journal = Self {
            folder: folder.to_owned(),
            events: create(&folder.join("events.jsonl"))?,
            console: None,
            capture: None,
            line: Vec::new(),
        };
        journal.document("manifest.json", &pretty(manifest))?;
        journal.document("plan.json", &pretty(plan))?;
        Ok(journal)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends an event. It has reached the operating system when this returns.
    ///
    /// # Errors
    /// The system refused; the line may then be incomplete, which readers take as a timeline that breaks off.
    pub fn append(&mut self, event: &Event) -> Result<(), JournalError> {
        self.line.clear();
        let path = || self.folder.join("events.jsonl");
        serde_json::to_writer(&mut self.line, event)
            .map_err(|error| JournalError::Write { path: path(), source: error.into() })?;
        self.line.push(b'\n');
        self.events.write_all(&self.line).map_err(|source| JournalError::Write { path: path(), source })
    }

    /// Appends console bytes to the artifact `console.bin`.
    ///
    /// # Errors
    /// The system refused.
    pub fn console(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let path = self.folder.join("console.bin");
        let file = match &mut self.console {
            Some(file) => file,
            empty => empty.insert(create(&path)?),
        };
        file.write_all(bytes).map_err(|source| JournalError::Write { path, source })
    }

    /// Appends to the artifact `link.pcapng`. It may reach the system only when the journal is closed: frames come by
    /// the thousand, and no verdict rests on them.
    ///
    /// # Errors
    /// The system refused.
    pub fn capture(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        let path = self.folder.join("link.pcapng");
        let file = match &mut self.capture {
            Some(file) => file,
            empty => empty.insert(BufWriter::new(create(&path)?)),
        };
        file.write_all(bytes).map_err(|source| JournalError::Write { path, source })
    }

    /// Writes out what is still held back.
    ///
    /// # Errors
    /// The system refused.
    pub fn close(&mut self) -> Result<(), JournalError> {
        let path = || self.folder.join("link.pcapng");
        let Some(mut file) = self.capture.take() else { return Ok(()) };
        file.flush().map_err(|source| JournalError::Write { path: path(), source })
    }

    /// Writes a whole document beside the journal.
    ///
    /// # Errors
    /// The system refused.
    pub fn document(&mut self, name: &str, text: &str) -> Result<(), JournalError> {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(|source| JournalError::Write { path, source })
    }
}

fn create(path: &Path) -> Result<File, JournalError> {
    OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(path)
        .map_err(|source| JournalError::Write { path: path.to_owned(), source })
}

/// JSON as people read it. Our own types always serialise: they have no maps with other than text keys.
fn pretty<T: Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

//! A run's folder, as it is read again.

use brownout_core::event::{self, Event, EventNo, What};
use brownout_core::plan::{self, Plan};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A recorded run.
#[derive(Clone, Debug)]
pub struct Record {
    /// What was to happen.
    pub plan: Plan,
    /// What happened.
    pub events: Vec<Event>,
    /// Where the timeline breaks off, if it does.
    pub broken_off: Option<BrokenOff>,
}

/// The last line of a timeline is not whole: the writer died or its disk was full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenOff {
    /// The last whole event.
    pub after: Option<EventNo>,
    /// The file.
    pub path: PathBuf,
}

impl std::fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.after {
            Some(n) => write!(f, "{} breaks off after event {n}", self.path.display()),
            None => write!(f, "{} holds no whole event", self.path.display()),
        }
    }
}

/// A folder is not a recorded run.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file of it cannot be read.
    #[error("cannot read {}: {source}; a run's folder has plan.json and events.jsonl", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of it is damaged.
    #[error("{}:{line}: {message}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// It was written by a newer brownout.
    #[error("{} has format version {found}; this brownout reads up to {known}; use a newer one", path.display())]
    TooNew {
        /// Which.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
}

impl Record {
    /// Reads a run's folder. A last line that is not whole is no error: it is said in `broken_off`.
    ///
    /// # Errors
    /// Files that are missing, damaged in the middle, or too new.
    pub fn read(folder: &Path) -> Result<Self, ReadError> {
        let plan_path = folder.join("plan.json");
        let plan: Plan = serde_json::from_str(&read(&plan_path)?).map_err(|error| ReadError::Damaged {
            path: plan_path.clone(),
            line: error.line(),
            message: format!("this is not a plan: {error}"),
        })?;
        if plan.version > plan::VERSION {
            return Err(ReadError::TooNew { path: plan_path, found: plan.version, known: plan::VERSION });
        }
        let path = folder.join("events.jsonl");
        let text = read(&path)?;
        let mut events: Vec<Event> = Vec::new();
        let mut broken_off = None;
        let mut lines = text.split_inclusive('\n').enumerate().peekable();
        while let Some((index, line)) = lines.next() {
            let last = lines.peek().is_none();
            match serde_json::from_str::<Event>(line) {
                Ok(event) if line.ends_with('\n') => events.push(event),
                // Nothing is written behind the end: whatever stands there, the file is not what the run left.
                _ if events.last().is_some_and(|e| matches!(e.what, What::RunEnded(_))) => {
                    let message =
                        "there is something behind the end of the run; the file was changed".to_owned();
                    return Err(ReadError::Damaged { path, line: index + 1, message });
                }
                // A newer version may have kinds of event that we do not know: say that first.
                _ if !last => {
                    let message =
                        "this is not an event; the file was changed or its disk is damaged".to_owned();
                    return Err(ReadError::Damaged { path, line: index + 1, message });
                }
                _ => broken_off = Some(BrokenOff { after: events.last().map(|e| e.n), path: path.clone() }),
            }
            if let Some(What::RunStarted { version, .. }) = events.last().map(|e| &e.what)
                && *version > event::VERSION
            {
                return Err(ReadError::TooNew { path, found: *version, known: event::VERSION });
            }
        }
        if events.is_empty() && broken_off.is_none() {
            broken_off = Some(BrokenOff { after: None, path });
        }
        Ok(Self { plan, events, broken_off })
    }
}

fn read(path: &Path) -> Result<String, ReadError> {
    let bytes = fs::read(path).map_err(|source| ReadError::Read { path: path.to_owned(), source })?;
    // A torn last line may end inside a character; the rest is ASCII-escaped JSON or plain UTF-8.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use brownout_core::names::Dut;
    use brownout_core::time::Instant;
    use proptest::prelude::*;

    const PLAN: &str = r#"{"version":1,"scenario":"s","title":"s","tags":[],"case":{},"seed":1,"rig":"r","clock":"wall",
        "dut":"d","board":{"name":"b","chip":"c","baud":115200,"image":{"path":"i","sha256":""},"fresh":[],
        "defect":null,"signals":{},"commands":{}},"drivers":{},"steady":[],"method":[],"expect":[]}"#;

    /// A folder with a plan and a timeline of so many events; its bytes.
    fn recorded(count: u64) -> (tempfile::TempDir, Vec<u8>, Vec<Event>) {
        let started = What::RunStarted {
            version: event::VERSION,
            plan: String::new(),
            scenario: "s".to_owned(),
            case: String::new(),
            seed: 1,
        };
        let console =
            |n: u64| What::Console { dut: Dut::from("d"), text: format!("größer {n}"), offset: n };
        let events: Vec<_> = (1..=count)
            .map(|n| Event {
                n: EventNo(n),
                at: Instant(n),
                what: if n == 1 { started.clone() } else { console(n) },
            })
            .collect();
        let lines = events.iter().map(|event| serde_json::to_string(event).unwrap() + "\n");
        let bytes = lines.collect::<String>().into_bytes();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plan.json"), PLAN).unwrap();
        (folder, bytes, events)
    }

    fn read_with(folder: &Path, bytes: &[u8]) -> Result<Record, ReadError> {
        fs::write(folder.join("events.jsonl"), bytes).unwrap();
        Record::read(folder)
    }

    #[test]
    fn a_timeline_cut_anywhere_gives_its_whole_events() {
        let (folder, bytes, events) = recorded(6);
        for end in 0..=bytes.len() {
            let record = read_with(folder.path(), &bytes[..end]).unwrap();
            let whole = bytes[..end].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(record.events, events[..whole]);
            let at_a_line_end = end > 0 && bytes[end - 1] == b'\n';
            assert_eq!(record.broken_off.is_none(), at_a_line_end, "{end}");
            if let Some(broken) = record.broken_off {
                assert_eq!(broken.after, events[..whole].last().map(|event| event.n));
            }
        }
    }

    /// The run's last event says that it completed: whatever stands behind it, whole or torn, would be left unjudged.
    #[test]
    fn anything_behind_the_end_of_a_completed_run_is_refused() {
        let (folder, whole, mut events) = recorded(3);
        let end = Event { n: EventNo(4), at: Instant(4), what: What::RunEnded(event::Ended::Completed) };
        let line = |event: &Event| serde_json::to_string(event).unwrap();
        let whole = [whole, (line(&end) + "\n").into_bytes()].concat();
        events.push(end);
        let record = read_with(folder.path(), &whole).unwrap();
        assert!(record.events == events && record.broken_off.is_none());
        // The last is a whole event, but for its line end.
        for behind in ["{\"n\":5,\"at\":", "{", "\n", "nonsense\n", &line(&events[2])] {
            let error = read_with(folder.path(), &[&whole, behind.as_bytes()].concat()).unwrap_err();
            assert!(matches!(error, ReadError::Damaged { line: 5, .. }), "{behind:?}: {error}");
        }
    }

    #[test]
    fn damage_in_the_middle_is_said_with_its_line() {
        let (folder, bytes, _) = recorded(4);
        let text = String::from_utf8(bytes).unwrap().replacen("größer 3", "\"", 1);
        let error = read_with(folder.path(), text.as_bytes()).unwrap_err();
        assert!(matches!(error, ReadError::Damaged { line: 3, .. }), "{error}");
    }

    #[test]
    fn a_newer_format_is_refused_before_it_is_misread() {
        let (folder, bytes, _) = recorded(2);
        let text = String::from_utf8(bytes).unwrap().replacen("\"version\":1", "\"version\":9", 1);
        let error = read_with(folder.path(), text.as_bytes()).unwrap_err();
        assert!(matches!(error, ReadError::TooNew { found: 9, .. }), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_change_to_a_timeline_panics(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            dropped in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let (folder, mut bytes, events) = recorded(5);
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            if let Some(dropped) = dropped {
                bytes.remove(dropped.index(bytes.len()));
            }
            if let Ok(record) = read_with(folder.path(), &bytes) {
                // A line end that was put in or taken away makes one line two, or two one, at most six times.
                prop_assert!(record.events.len() <= events.len() + 6);
            }
        }
    }
}

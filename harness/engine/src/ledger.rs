//! The heal ledger: what must be undone, on disk before it is done.
//!
//! Each process that uses a rig has a file of its own, locked as long as it lives (`flock`, which the kernel releases
//! however the process dies). A file that nobody has locked and that still owes something is what a dead process left
//! behind: the next run, or `brownout heal`, does it and removes the file.

use brownout_core::action::Action;
use brownout_core::names::Dut;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// This process's ledger of one rig.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    file: Flock<File>,
    open: BTreeMap<u32, Owed>,
    /// Keys of one run begin after those of the run before.
    base: u32,
}

/// Something that must still be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// On which device.
    pub dut: Dut,
    /// What undoes it.
    pub revert: Action,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Entry {
    Promise { key: u32, owed: Box<Owed> },
    Kept { key: u32 },
}

/// The ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another living process uses the rig.
    #[error("rig `{rig}` is in use by process {pid}; wait for it or stop it")]
    Busy {
        /// Which rig.
        rig: String,
        /// By which process.
        pid: String,
    },
    /// The system refused.
    #[error("cannot write {}: {source}; without the heal ledger nothing is injected", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Ledger {
    /// Opens the ledger of a rig in `folder` (made if need be) and returns it with all that dead processes still owe.
    ///
    /// # Errors
    /// Another living process has the rig; the folder cannot be written.
    pub fn open(folder: &Path, rig: &str, pid: u32) -> Result<(Self, Vec<Owed>), LedgerError> {
        let folder = folder.join(rig);
        let error = |path: &Path| {
            let path = path.to_owned();
            move |source| LedgerError::Write { path, source }
        };
        fs::create_dir_all(&folder).map_err(error(&folder))?;
        // One process at a time looks through the folder.
        let gate_path = folder.join("gate");
        let gate = open(&gate_path).map_err(error(&gate_path))?;
        let _gate = Flock::lock(gate, FlockArg::LockExclusive)
            .map_err(|(_, errno)| LedgerError::Write { path: gate_path.clone(), source: errno.into() })?;

        let mut owed = Vec::new();
        let mut names: Vec<_> = fs::read_dir(&folder)
            .map_err(error(&folder))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "ledger"))
            .collect();
        names.sort();
        let mut dead = Vec::new();
        for path in names {
            let file = open(&path).map_err(error(&path))?;
            match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(mut file) => {
                    let mut bytes = Vec::new();
                    file.read_to_end(&mut bytes).map_err(error(&path))?;
                    owed.extend(still_owed(&bytes).into_values());
                    dead.push(path);
                }
                Err((_, Errno::EWOULDBLOCK)) => {
                    let pid = path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned());
                    return Err(LedgerError::Busy { rig: rig.to_owned(), pid });
                }
                Err((_, errno)) => return Err(LedgerError::Write { path, source: errno.into() }),
            }
        }
        let path = folder.join(format!("{pid}.ledger"));
        // A dead process may have had our number, as in containers it often has: its file is replaced only when ours
        // holds what it owes.
        let fresh = folder.join(format!("{pid}.new"));
        let file = File::create(&fresh).map_err(error(&fresh))?;
        let file = Flock::lock(file, FlockArg::LockExclusiveNonblock)
            .map_err(|(_, errno)| LedgerError::Write { path: path.clone(), source: errno.into() })?;
        let mut ledger = Self { path, file, open: BTreeMap::new(), base: 0 };
        // What the dead owe is owed by us before their files go.
        for (key, owed) in (0u32..).zip(&owed) {
            ledger.promise(key, owed.clone())?;
        }
        fs::rename(&fresh, &ledger.path).map_err(error(&ledger.path))?;
        ledger.next_run();
        for path in dead.into_iter().filter(|path| *path != ledger.path) {
            let _ = fs::remove_file(path);
        }
        Ok((ledger, owed))
    }

    /// Keys of the run that begins now are its own.
    pub fn next_run(&mut self) {
        self.base = self.open.keys().next_back().map_or(self.base, |last| last + 1);
    }

    /// Puts on disk that something must be undone.
    ///
    /// # Errors
    /// It is not on disk; do not do what would have to be undone.
    pub fn promise(&mut self, key: u32, owed: Owed) -> Result<(), LedgerError> {
        let key = self.base + key;
        self.write(&Entry::Promise { key, owed: Box::new(owed.clone()) })?;
        self.open.insert(key, owed);
        Ok(())
    }

    /// Notes that it was undone.
    ///
    /// # Errors
    /// The note is not on disk; at worst it will be undone once more.
    pub fn kept(&mut self, key: u32) -> Result<(), LedgerError> {
        let key = self.base + key;
        self.open.remove(&key);
        self.write(&Entry::Kept { key })
    }

    /// Everything healed: nothing that was owed before this run is owed any more.
    ///
    /// # Errors
    /// As [`Self::kept`].
    pub fn all_kept(&mut self) -> Result<(), LedgerError> {
        for key in std::mem::take(&mut self.open).into_keys() {
            self.write(&Entry::Kept { key })?;
        }
        Ok(())
    }

    /// What is still owed.
    pub fn owed(&self) -> impl Iterator<Item = &Owed> {
        self.open.values()
    }

    fn write(&mut self, entry: &Entry) -> Result<(), LedgerError> {
        let error = |source| LedgerError::Write { path: self.path.clone(), source };
        let mut line = serde_json::to_vec(entry).map_err(|e| error(e.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).and_then(|()| self.file.sync_data()).map_err(error)
    }
}

impl Drop for Ledger {
    /// A rig that owes nothing leaves nothing behind.
    fn drop(&mut self) {
        if self.open.is_empty() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// What a ledger file still owes. A torn last line was never acted upon: the promise is on disk before the deed.
fn still_owed(bytes: &[u8]) -> BTreeMap<u32, Owed> {
    let mut open = BTreeMap::new();
    for line in bytes.split(|b| *b == b'\n') {
        match serde_json::from_slice(line) {
            Ok(Entry::Promise { key, owed }) => {
                open.insert(key, *owed);
            }
            Ok(Entry::Kept { key }) => {
                open.remove(&key);
            }
            Err(_) => {}
        }
    }
    open
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mains() -> Owed {
        Owed { dut: Dut::from("thermostat"), revert: Action::Power { on: true } }
    }

    #[test]
    fn what_a_dead_process_owes_is_found_and_then_ours() {
        let folder = tempfile::tempdir().unwrap();
        let (mut dead, nothing) = Ledger::open(folder.path(), "bench", 100).unwrap();
        assert_eq!(nothing, []);
        dead.promise(1, mains()).unwrap();
        dead.promise(2, Owed { revert: Action::DisarmCut, ..mains() }).unwrap();
        dead.kept(2).unwrap();
        drop(dead); // The file stays, as after kill -9, because something is owed.

        let (mut ledger, owed) = Ledger::open(folder.path(), "bench", 200).unwrap();
        assert_eq!(owed, [mains()]);
        assert!(!folder.path().join("bench/100.ledger").exists());
        ledger.all_kept().unwrap();
        drop(ledger);
        let (_, owed) = Ledger::open(folder.path(), "bench", 300).unwrap();
        assert_eq!(owed, []);
    }

    #[test]
    fn a_rig_in_use_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let _living = Ledger::open(folder.path(), "bench", 100).unwrap();
        let error = Ledger::open(folder.path(), "bench", 200).unwrap_err();
        assert_eq!(error.to_string(), "rig `bench` is in use by process 100; wait for it or stop it");
    }

    #[test]
    fn a_torn_line_owes_nothing_and_spoils_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (mut dead, _) = Ledger::open(folder.path(), "bench", 100).unwrap();
        dead.promise(1, mains()).unwrap();
        dead.file.write_all(b"{\"promise\":{\"key\":2,\"ow").unwrap();
        drop(dead);
        let (_, owed) = Ledger::open(folder.path(), "bench", 200).unwrap();
        assert_eq!(owed, [mains()]);
    }

    #[derive(Clone, Debug)]
    enum Deed {
        Promise(u32),
        Keep(u32),
        NextRun,
        /// The process dies and the next one takes over.
        Die,
    }

    fn any_deed() -> impl Strategy<Value = Deed> {
        prop_oneof![
            4 => (1_u32..6).prop_map(Deed::Promise),
            3 => (1_u32..6).prop_map(Deed::Keep),
            1 => Just(Deed::NextRun),
            1 => Just(Deed::Die),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_that_is_owed_is_ever_forgotten(deeds in prop::collection::vec(any_deed(), 0..25)) {
            let folder = tempfile::tempdir().unwrap();
            let mut pid = 100;
            let mut ledger = Ledger::open(folder.path(), "bench", pid).unwrap().0;
            // What must be owed: what earlier runs and processes left, and the promises of this run by key.
            let mut before: Vec<String> = Vec::new();
            let mut now: BTreeMap<u32, String> = BTreeMap::new();
            for (nth, deed) in deeds.into_iter().enumerate() {
                match deed {
                    // A run numbers its promises: it never makes one twice.
                    Deed::Promise(key) if !now.contains_key(&key) => {
                        let line = format!("undo {nth}");
                        now.insert(key, line.clone());
                        let revert = Action::Send { line };
                        ledger.promise(key, Owed { revert, ..mains() }).unwrap();
                    }
                    Deed::Keep(key) if now.contains_key(&key) => {
                        now.remove(&key);
                        ledger.kept(key).unwrap();
                    }
                    Deed::Promise(_) | Deed::Keep(_) => {}
                    Deed::NextRun => {
                        before.extend(std::mem::take(&mut now).into_values());
                        ledger.next_run();
                    }
                    Deed::Die => {
                        before.extend(std::mem::take(&mut now).into_values());
                        drop(ledger);
                        // Now and then the next process has the number of the dead one.
                        pid += u32::from(nth % 2 == 0);
                        ledger = Ledger::open(folder.path(), "bench", pid).unwrap().0;
                    }
                }
                let mut expected: Vec<_> = before.iter().chain(now.values()).cloned().collect();
                expected.sort();
                prop_assert_eq!(lines_of(ledger.owed()), expected.clone());
                let bytes = fs::read(&ledger.path).unwrap();
                let on_disk = still_owed(&bytes);
                prop_assert_eq!(lines_of(on_disk.values()), expected);
            }
        }

        #[test]
        fn no_damage_to_a_ledger_is_harmful(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir(folder.path().join("bench")).unwrap();
            let torn = [br#"{"promise":{"key":1,"owed":{"dut":"thermostat","revert":{"power":{"on":true}}}}}"#, &b"\n"[..], &bytes];
            fs::write(folder.path().join("bench/1.ledger"), torn.concat()).unwrap();
            let (_, owed) = Ledger::open(folder.path(), "bench", 2).unwrap();
            prop_assert_eq!(owed.first(), Some(&mains()));
        }
    }

    fn lines_of<'a>(owed: impl IntoIterator<Item = &'a Owed>) -> Vec<String> {
        let lines = owed.into_iter().filter_map(|owed| match &owed.revert {
            Action::Send { line } => Some(line.clone()),
            _ => None,
        });
        let mut lines: Vec<_> = lines.collect();
        lines.sort();
        lines
    }
}

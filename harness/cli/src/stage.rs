//! One run of a suite: performed on a bench, recorded in a folder of its own, judged, and told.

use crate::failure::Failure;
use crate::project::{Bench, Project};
use crate::suite::cannot_write;
use crate::wall::{self, Stopwatch};
use brownout_core::event::{Ended, Event, EventNo, What};
use brownout_core::judge::judge;
use brownout_core::plan::Plan;
use brownout_core::verdict::{Finding, Judged as Line, Judgement};
use brownout_engine::{
    Finished, Fork, Interrupt, Journal, JournalError, Ledger, LedgerError, Manifest, Onlooker, PumpError,
    Record, RunOrder,
};
use brownout_report::terminal::{self, Style};
use brownout_report::{RunLine, RunView, html, json, shell};
use std::fs;
use std::path::{Path, PathBuf};

/// A plan, and the words that run it again.
#[derive(Clone, Debug)]
pub struct Job {
    /// The plan.
    pub plan: Plan,
    /// Its control, to be run first.
    pub control: Option<Plan>,
    /// The arguments that make the same plan again.
    pub again: Vec<String>,
    /// Name of its folder below that of its scenario, without the seed.
    pub name: String,
}

/// What all runs of a suite share.
#[derive(Clone)]
pub(crate) struct Stage<'a> {
    pub(crate) project: &'a Project,
    pub(crate) bench: &'a Bench,
    pub(crate) folder: PathBuf,
    pub(crate) anchor: String,
    pub(crate) interrupt: Interrupt,
}

/// One run, judged.
#[derive(Debug)]
pub struct Judged {
    /// What to think of it.
    pub judgement: Judgement,
    /// Its line in the suite's table.
    pub line: RunLine,
    /// Whether the run ended because the rig broke, rather than the device.
    pub rig_failed: bool,
    /// The last event of its timeline, if there is any.
    pub last: Option<EventNo>,
}

/// What became of a job.
pub(crate) struct Done {
    pub(crate) judged: Judged,
    /// Whether it was no more than the control, because somebody asked to stop, or the rig did not come out of it as it
    /// was.
    pub(crate) cut_short: bool,
    /// What could not be undone.
    pub(crate) owed: Vec<String>,
    /// All that is to be shown of it, where that was asked for.
    pub(crate) text: Option<String>,
}

/// Who looks on, and how a run is to be told afterwards.
pub(crate) struct Show<'s> {
    pub(crate) onlooker: &'s mut dyn Onlooker,
    /// The style in which to tell all of it.
    pub(crate) whole: Option<Style>,
}

/// Nobody looks on.
pub struct Unseen;

impl Onlooker for Unseen {
    fn event(&mut self, _: &Event) {}
}

impl Stage<'_> {
    /// A run that broke off with the program's own trouble: what is on disk of it is judged, and it never passes.
    pub(crate) fn unrecorded(&self, job: &Job, failure: &Failure) -> RunLine {
        let folder = folder_of(&self.folder, job);
        let events = Record::read(&folder).map(|record| record.events).unwrap_or_default();
        let mut judgement = judge(&job.plan, &job.plan.digest(), &events);
        let finding = Finding::inconclusive(failure.message().trim_end());
        judgement.verdict = judgement.verdict.merge(finding.verdict);
        let (check, kind) = ("the run is recorded".to_owned(), "record".to_owned());
        judgement.groundwork.insert(0, Line { check, kind, finding });
        let view = RunView {
            plan: &job.plan,
            events: &events,
            judgement: &judgement,
            anchor: &self.anchor,
            folder: &self.project.shown(&folder),
            again: &shell::brownout(&job.again),
            wall_time: None,
        };
        if let Ok(text) = html::run(&view) {
            // Whatever kept the run from being recorded may keep this from being written, and was said already.
            let _ = fs::write(folder.join("report.html"), text);
        }
        RunLine::of(&view)
    }

    /// A run after its control, if it has one. It is cut short if somebody asked to stop in between, or the rig did not
    /// come out of the control as it was.
    pub(crate) fn with_control(
        &self,
        job: &Job,
        runtime: &tokio::runtime::Runtime,
        mut ledger: Option<&mut Ledger>,
        show: &mut Show<'_>,
    ) -> Result<Done, Failure> {
        let Some(plan) = &job.control else {
            return self.perform((job, &job.plan, None), runtime, ledger, None, show).map(|(done, _)| done);
        };
        let (control, _) = self.perform((job, plan, None), runtime, ledger.as_deref_mut(), None, show)?;
        if self.interrupt.wished() || !control.owed.is_empty() {
            return Ok(Done { cut_short: true, ..control });
        }
        let Judged { judgement, line, .. } = &control.judged;
        let beside = Some((judgement, line.folder.as_str()));
        let (done, _) = self.perform((job, &job.plan, beside), runtime, ledger, None, show)?;
        let text = [control.text, done.text].into_iter().flatten().reduce(|control, run| control + &run);
        Ok(Done { text, ..done })
    }

    /// Performs one of a job's plans, records and judges it, beside its control if that has been run. Into `fork` comes
    /// where runs that differ only in what their cut does can go on from, on rigs that can.
    pub(crate) fn perform(
        &self,
        (job, plan, control): (&Job, &Plan, Option<(&Judgement, &str)>),
        runtime: &tokio::runtime::Runtime,
        ledger: Option<&mut Ledger>,
        fork: Option<&mut Option<Fork>>,
        show: &mut Show<'_>,
    ) -> Result<(Done, Vec<Event>), Failure> {
        let stopwatch = Stopwatch::start();
        let digest = plan.digest();
        let anchor = wall::now();
        let mut folder = folder_of(&self.folder, job);
        let control_name = control_of(&folder);
        if plan.control {
            folder.set_file_name(&control_name);
        }
        let manifest = Manifest { control: control.map(|_| control_name), ..manifest(job, &digest, &anchor) };
        let mut journal = Journal::create(&folder, &manifest, plan).map_err(journal_failure)?;
        let mut bench = self.bench.rig.open(&self.bench.facts(), plan.seed)?;
        let order = RunOrder {
            image: self.project.image(&plan.board.image.path),
            plan: plan.clone(),
            digest: digest.clone(),
        };
        let (bench_now, journal_now, onlooker) = (&mut bench, &mut journal, &mut *show.onlooker);
        let result = match (fork, ledger) {
            // Only a rig that dies with this process can be put back to where it was.
            (Some(fork), None) => {
                let run =
                    brownout_engine::run_and_fork(order, bench_now, journal_now, &self.interrupt, onlooker);
                runtime.block_on(run).map(|(finished, forked)| {
                    *fork = forked;
                    finished
                })
            }
            (_, ledger) => {
                let run =
                    brownout_engine::run(order, bench_now, journal_now, ledger, &self.interrupt, onlooker);
                runtime.block_on(run)
            }
        };
        drop(bench);
        let Finished { events, owed } = result.map_err(pump_failure)?;
        let owed = owed.iter().map(|owed| format!("{} of `{}`", owed.revert.port(), owed.dut)).collect();

        let mut judgement = judge(plan, &digest, &events);
        if let Some((control, folder)) = control {
            judgement.set_beside(control, folder);
        }
        let wall_time = stopwatch.elapsed();
        let shown = self.project.shown(&folder);
        let view = RunView {
            plan,
            events: &events,
            judgement: &judgement,
            anchor: &anchor,
            folder: &shown,
            again: &shell::brownout(&job.again),
            wall_time: Some(wall_time),
        };
        write_reports(&mut journal, &view, true)?;
        let text = show.whole.map(|style| format!("\n{}", terminal::run(&view, &style)));
        let line = RunLine::of(&view);
        let rig_failed =
            matches!(events.last().map(|event| &event.what), Some(What::RunEnded(Ended::RigFailed { .. })));
        let last = events.last().map(|event| event.n);
        let judged = Judged { judgement, line, rig_failed, last };
        Ok((Done { judged, cut_short: false, owed, text }, events))
    }
}

/// Writes what a run's folder holds besides its journal; with `page` also the page for people.
///
/// # Errors
/// The disk refuses.
pub fn write_reports(journal: &mut Journal, view: &RunView<'_>, page: bool) -> Result<(), Failure> {
    let page = page.then(|| ("report.html", html::run(view)));
    let documents = std::iter::once(("verdicts.json", json::verdicts(view.judgement))).chain(page);
    for (name, text) in documents {
        let text = text.map_err(|error| cannot_write(&journal.folder().join(name), &error))?;
        journal.document(name, &text).map_err(journal_failure)?;
    }
    Ok(())
}

/// A runtime for one thread.
///
/// # Errors
/// The system refuses.
pub fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| Failure::inconclusive(format!("cannot start: {error}"), None))
}

/// What is known of a run before it begins.
pub fn manifest(job: &Job, digest: &str, started: &str) -> Manifest {
    Manifest {
        brownout: env!("CARGO_PKG_VERSION").to_owned(),
        started: started.to_owned(),
        plan: digest.to_owned(),
        again: job.again.clone(),
        control: None,
    }
}

/// The folder of a run in that of its suite.
pub fn folder_of(suite: &Path, job: &Job) -> PathBuf {
    suite.join(&job.plan.scenario).join(folder_name(job))
}

/// `case-seed`, with nothing in it that a file system minds.
fn folder_name(job: &Job) -> String {
    let case: String = job
        .name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "=,._%+-".contains(c) { c } else { '_' })
        .take(100)
        .collect();
    if case.is_empty() { job.plan.seed.to_string() } else { format!("{case}-{}", job.plan.seed) }
}

/// The name of the folder of a run's control, which stands beside that of the run.
fn control_of(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    format!("{name}-control")
}

/// A journal that could not be written.
pub fn journal_failure(error: JournalError) -> Failure {
    match error {
        JournalError::NotEmpty(_) => Failure::input(error.to_string(), ""),
        JournalError::Write { .. } => {
            Failure::inconclusive(format!("{error}; the run was stopped and everything was reverted"), None)
        }
    }
}

pub(crate) fn ledger_failure(error: LedgerError) -> Failure {
    Failure::inconclusive(error.to_string(), None)
}

/// A run that could not be recorded.
pub fn pump_failure(error: PumpError) -> Failure {
    match error {
        PumpError::Journal(error) => journal_failure(error),
        PumpError::Ledger(error) => ledger_failure(error),
        PumpError::Pattern(error) => Failure::input(error.to_string(), "correct it in the board file"),
        PumpError::Parted => Failure::inconclusive(error.to_string(), Some("please report this".to_owned())),
    }
}

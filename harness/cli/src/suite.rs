//! Many runs, one after the other, each recorded and judged.

use crate::args::Selection;
use crate::cuts::Cutter;
use crate::failure::{Exit, Failure};
use crate::project::{Bench, Project, case_of};
use crate::view::{self, Paper, Screen};
use crate::wall::{self, Stopwatch};
use brownout_core::event::{Ended, Event, What};
use brownout_core::judge::judge;
use brownout_core::plan::Plan;
use brownout_core::verdict::{Finding, Judged as Line, Judgement, Verdict};
use brownout_engine::{
    Finished, Fork, Interrupt, Journal, JournalError, Ledger, LedgerError, Manifest, PumpError, Record,
    RunOrder,
};
use brownout_report::terminal;
use brownout_report::{RunLine, RunView, Suite, html, json, junit, shell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// After this many runs in a row that the rig broke, the rest is not tried: nobody stands beside it at night.
const RIG_PATIENCE: usize = 3;

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

/// Runs jobs on a bench.
pub struct Runner<'a> {
    project: &'a Project,
    bench: &'a Bench,
    folder: PathBuf,
    anchor: String,
    interrupt: Interrupt,
    ledger: Option<Ledger>,
    runtime: tokio::runtime::Runtime,
    paper: &'a mut Paper,
    /// Show what happens inside each run.
    live: bool,
    started: Stopwatch,
    lines: Vec<RunLine>,
    poisoned: Vec<String>,
    /// Runs in a row that the rig broke.
    broken: usize,
}

/// One run, judged.
#[derive(Debug)]
pub struct Judged {
    /// Its timeline.
    pub events: Vec<Event>,
    /// What to think of it.
    pub judgement: Judgement,
}

impl Judged {
    /// Whether the run ended because the rig broke, rather than the device.
    pub fn rig_failed(&self) -> bool {
        matches!(self.events.last().map(|event| &event.what), Some(What::RunEnded(Ended::RigFailed { .. })))
    }
}

impl<'a> Runner<'a> {
    /// Prepares a suite: its folder, the rig's ledger, and whatever a dead process left to be undone.
    ///
    /// # Errors
    /// The folder is not empty or cannot be made; the rig is in use or could not be restored.
    pub fn new(
        project: &'a Project,
        bench: &'a Bench,
        report_dir: Option<&Path>,
        interrupt: Interrupt,
        paper: &'a mut Paper,
        live: bool,
    ) -> Result<Self, Failure> {
        let anchor = wall::now();
        let folder = match report_dir {
            Some(dir) => empty_folder(dir)?,
            None => fresh_folder(&project.root().join("reports"), &wall::as_folder(&anchor))?,
        };
        let runtime = runtime()?;
        let ledger = open_ledger(project, bench, &runtime)?;
        Ok(Self {
            project,
            bench,
            folder,
            anchor,
            interrupt,
            ledger,
            runtime,
            paper,
            live,
            started: Stopwatch::start(),
            lines: Vec::new(),
            poisoned: Vec::new(),
            broken: 0,
        })
    }

    /// Whether somebody asked to stop.
    pub fn interrupted(&self) -> bool {
        self.interrupt.wished()
    }

    /// Says something about the suite.
    pub fn say(&mut self, text: &str) {
        self.paper.print(text);
    }

    /// Runs one job, records and judges it.
    ///
    /// # Errors
    /// It could not be recorded.
    pub fn run(&mut self, job: &Job) -> Result<Judged, Failure> {
        let (judged, line) = match self.with_control(job) {
            Ok((judged, Some(line))) => (judged, line),
            // Stopped before it was its turn.
            Ok((control, None)) => return Ok(control),
            Err(failure) => {
                let line = self.unrecorded(job, &failure);
                self.lines.push(line);
                return Err(failure);
            }
        };
        if !self.live {
            let text = terminal::run_line(&line, self.paper.style());
            self.paper.print(&format!("{text}\n"));
        }
        self.lines.push(line);
        Ok(judged)
    }

    /// A run that broke off with the program's own trouble: what is on disk of it is judged, and it never passes.
    fn unrecorded(&self, job: &Job, failure: &Failure) -> RunLine {
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

    /// A run after its control, if it has one. No line if somebody asked to stop in between, or the rig did not come
    /// out of the control as it was.
    fn with_control(&mut self, job: &Job) -> Result<(Judged, Option<RunLine>), Failure> {
        let Some(control) = &job.control else {
            return self.perform(job, &job.plan, None, None).map(|(judged, line)| (judged, Some(line)));
        };
        let (judged, line) = self.perform(job, control, None, None)?;
        if self.stopped() {
            return Ok((judged, None));
        }
        let control = (&judged.judgement, line.folder.as_str());
        self.perform(job, &job.plan, Some(control), None).map(|(judged, line)| (judged, Some(line)))
    }

    /// Performs one of a job's plans, records and judges it, beside its control if that has been run. Into `fork` comes
    /// where runs that differ only in what their cut does can go on from, on rigs that can.
    fn perform(
        &mut self,
        job: &Job,
        plan: &Plan,
        control: Option<(&Judgement, &str)>,
        fork: Option<&mut Option<Fork>>,
    ) -> Result<(Judged, RunLine), Failure> {
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
        let mut screen = Screen::new(self.paper, self.live, self.bench.rig.clock);
        let (bench_now, journal_now, interrupt) = (&mut bench, &mut journal, &self.interrupt);
        let result = match (fork, self.ledger.as_mut()) {
            // Only a rig that dies with this process can be put back to where it was.
            (Some(fork), None) => {
                let run =
                    brownout_engine::run_and_fork(order, bench_now, journal_now, interrupt, &mut screen);
                self.runtime.block_on(run).map(|(finished, forked)| {
                    *fork = forked;
                    finished
                })
            }
            (_, ledger) => {
                let run = brownout_engine::run(order, bench_now, journal_now, ledger, interrupt, &mut screen);
                self.runtime.block_on(run)
            }
        };
        screen.clear();
        drop(bench);
        let Finished { events, owed } = result.map_err(pump_failure)?;
        self.poisoned.extend(owed.iter().map(|owed| format!("{} of `{}`", owed.revert.port(), owed.dut)));

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
        if self.live {
            let text = terminal::run(&view, self.paper.style());
            self.paper.print(&format!("\n{text}"));
        }
        let line = RunLine::of(&view);
        let judged = Judged { events, judgement };
        self.broken = if judged.rig_failed() { self.broken + 1 } else { 0 };
        Ok((judged, line))
    }

    /// Runs a job for its timeline only: it is recorded, but is no part of the suite.
    ///
    /// # Errors
    /// It could not be recorded.
    pub fn count(&mut self, job: &Job) -> Result<(Vec<Event>, Option<Fork>), Failure> {
        let live = std::mem::replace(&mut self.live, false);
        let mut fork = None;
        let judged = self.perform(job, &job.plan, None, Some(&mut fork));
        self.live = live;
        judged.map(|(judged, _)| (judged.events, fork))
    }

    /// Makes cuts from where another run armed its own. Those that pass are not shown one by one.
    ///
    /// # Errors
    /// A run could not be recorded.
    pub fn cut_all(&mut self, fork: &Fork, jobs: &[Job], pages: bool) -> Result<(), Failure> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let cutter = Cutter {
            project: self.project,
            bench: self.bench,
            folder: &self.folder,
            interrupt: &self.interrupt,
            fork,
            pages,
        };
        let (paper, lines, verbose) = (&mut self.paper, &mut self.lines, self.live);
        cutter.cut_all(jobs, threads, |line| {
            if verbose || line.verdict != Verdict::Pass {
                let text = terminal::run_line(&line, paper.style());
                paper.print(&format!("{text}\n"));
            }
            lines.push(line);
        })
    }

    /// The runs so far: how many, and how many of them passed.
    pub fn tally(&self) -> (usize, usize) {
        let passed = self.lines.iter().filter(|line| line.verdict == Verdict::Pass).count();
        (self.lines.len(), passed)
    }

    /// Whether nothing more is to be run: somebody asked to stop, or the rig is not as it was, or breaks each time.
    pub fn stopped(&self) -> bool {
        self.interrupted() || !self.poisoned.is_empty() || self.broken >= RIG_PATIENCE
    }

    /// Runs a job for somebody who shows it himself.
    ///
    /// # Errors
    /// It could not be recorded.
    pub fn trial(&mut self, job: &Job) -> Result<(Judged, RunLine), Failure> {
        self.perform(job, &job.plan, None, None)
    }

    /// Ends what was a series of [trials](Self::trial): its records are thrown away, or kept with one document more.
    ///
    /// # Errors
    /// The rig was not restored; the document cannot be written.
    pub fn put_away(self, keep: bool, (name, text): (&str, &str)) -> Result<(), Failure> {
        let path = self.folder.join(name);
        let written = if keep {
            self.paper.print(&format!("report: {}\n", self.project.shown(&path)));
            fs::write(&path, text).map_err(|error| cannot_write(&path, &error.to_string()))
        } else {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(&self.folder);
            Ok(())
        };
        self.restored()?;
        written
    }

    fn restored(&self) -> Result<(), Failure> {
        if self.poisoned.is_empty() {
            return Ok(());
        }
        Err(Failure::not_restored(
            format!("the rig could not be restored: {}", self.poisoned.join(", ")),
            format!("put it right and run `brownout heal {}`", shell::word(&self.bench.file.name)),
        ))
    }

    /// Runs jobs until they are done, somebody asks to stop, or the rig has broken too often.
    ///
    /// # Errors
    /// A run could not be recorded.
    pub fn run_all(&mut self, jobs: &[Job]) -> Result<(), Failure> {
        self.broken = 0;
        for (index, job) in jobs.iter().enumerate() {
            self.run(job)?;
            let left = jobs.len() - index - 1;
            if self.broken >= RIG_PATIENCE && left > 0 {
                self.paper.print(&format!(
                    "the rig broke {RIG_PATIENCE} times in a row; {left} more runs were not tried\n"
                ));
            }
            if self.stopped() {
                break;
            }
        }
        Ok(())
    }

    /// As [`Self::finish`], whatever became of the runs: those that ended are reported even if the next could not be
    /// recorded.
    ///
    /// # Errors
    /// What stopped the runs, or kept the reports from being written; before all else, a rig that was not restored.
    pub fn conclude(self, ran: Result<(), Failure>) -> Result<Exit, Failure> {
        let finished = self.finish();
        let Err(stopped) = ran else { return finished };
        match finished {
            Err(worse) if worse.exit == Exit::NotRestored => {
                view::complain(&stopped.text());
                Err(worse)
            }
            // A device that failed has failed, even if nobody can tell of the rest.
            Ok(Exit::Fail) if stopped.exit == Exit::Inconclusive => {
                view::complain(&stopped.text());
                Ok(Exit::Fail)
            }
            _ => Err(stopped),
        }
    }

    /// Writes the suite's reports, shows its summary if there was more than one run, and gives the exit code.
    ///
    /// # Errors
    /// The reports cannot be written.
    pub fn finish(self) -> Result<Exit, Failure> {
        let (interrupted, restored) = (self.interrupted(), self.restored());
        let suite = Suite {
            anchor: self.anchor,
            folder: self.project.shown(&self.folder),
            wall_time: self.started.elapsed(),
            runs: self.lines,
        };
        let write = |name: &str, text: Result<String, String>| -> Result<(), Failure> {
            let path = self.folder.join(name);
            let text = text.map_err(|error| cannot_write(&path, &error))?;
            fs::write(&path, text).map_err(|error| cannot_write(&path, &error.to_string()))
        };
        // One that cannot be written does not keep the others back.
        let written = [
            write("junit.xml", junit::xml(&suite)),
            write("summary.json", json::summary(&suite)),
            write("index.html", html::index(&suite)),
        ];
        if !self.live {
            let text = terminal::outcome(&suite, self.paper.style());
            self.paper.print(&format!("\n{text}"));
        } else if suite.runs.len() > 1 {
            let text = terminal::suite(&suite, self.paper.style());
            self.paper.print(&format!("\n{text}"));
        }
        if written.iter().all(Result::is_ok) {
            self.paper.print(&format!("report: {}/index.html\n", suite.folder));
        }
        restored?;
        written.into_iter().collect::<Result<(), _>>()?;
        if interrupted {
            return Ok(Exit::Interrupted);
        }
        Ok(suite.runs.iter().map(|run| run.verdict).max().unwrap_or(Verdict::Inconclusive).into())
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

/// Opens the ledger of a rig that outlives this process, and undoes what dead processes left behind.
///
/// # Errors
/// The rig is in use, or could not be restored.
pub fn open_ledger(
    project: &Project,
    bench: &Bench,
    runtime: &tokio::runtime::Runtime,
) -> Result<Option<Ledger>, Failure> {
    if !bench.rig.outlives_us() {
        return Ok(None);
    }
    let folder = project.root().join("reports/.rigs");
    let (mut ledger, owed) =
        Ledger::open(&folder, &bench.file.name, std::process::id()).map_err(ledger_failure)?;
    if !owed.is_empty() {
        let opened = bench.rig.open(&bench.facts(), 0)?;
        let failed =
            runtime.block_on(brownout_engine::heal(&opened, &mut ledger, &owed)).map_err(ledger_failure)?;
        if let Some((_, error)) = failed.first() {
            return Err(Failure::not_restored(
                format!(
                    "a run that died left the rig `{}` changed, and it cannot be restored: {error}",
                    bench.file.name
                ),
                error.help.clone().unwrap_or_default(),
            ));
        }
        view::print(&format!(
            "healed the rig `{}`: undid {} that a run that died had left\n",
            bench.file.name,
            owed.len()
        ));
    }
    Ok(Some(ledger))
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

/// The folder of `--report-dir`. One that cannot be used is a wrong option, and that is found before anything is run.
pub(crate) fn empty_folder(dir: &Path) -> Result<PathBuf, Failure> {
    let refused = |error: io::Error| match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => cannot_write(dir, &error.to_string()),
        _ => Failure::input(
            format!("cannot write reports to {}: {error}", dir.display()),
            "name a new or an empty folder of your own with --report-dir",
        ),
    };
    fs::create_dir_all(dir).map_err(refused)?;
    if fs::read_dir(dir).map_err(refused)?.next().is_some() {
        return Err(journal_failure(JournalError::NotEmpty(dir.to_owned())));
    }
    // Permissions alone do not tell: the file system may be read-only.
    let trial = dir.join(".trial");
    fs::File::create_new(&trial).and_then(|_| fs::remove_file(&trial)).map_err(refused)?;
    std::path::absolute(dir).map_err(refused)
}

/// A new folder; two suites that begin in the same second get two.
pub(crate) fn fresh_folder(parent: &Path, name: &str) -> Result<PathBuf, Failure> {
    fs::create_dir_all(parent).map_err(|error| cannot_write(parent, &error.to_string()))?;
    for attempt in 1..1000 {
        let name = if attempt == 1 { name.to_owned() } else { format!("{name}-{attempt}") };
        let folder = parent.join(name);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(cannot_write(&folder, &error.to_string())),
        }
    }
    Err(cannot_write(parent, "a thousand suites in one second"))
}

pub(crate) fn cannot_write(path: &Path, why: &str) -> Failure {
    Failure::inconclusive(
        format!("cannot write {}: {why}", path.display()),
        Some("name another folder with --report-dir, or free some space".to_owned()),
    )
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

fn ledger_failure(error: LedgerError) -> Failure {
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

/// The job of a plan made from a command line.
pub fn job(project: &Project, plan: Plan, selection: &Selection) -> Job {
    let name = case_of(&plan);
    let mut again = again("run", project, &plan, selection);
    if !name.is_empty() {
        again.extend(["--case".to_owned(), name.clone()]);
    }
    Job { plan, control: None, again, name }
}

/// The jobs of plans that are to be run after their controls.
///
/// # Errors
/// One has no fault, so there is no run without it.
pub fn with_controls(jobs: Vec<Job>) -> Result<Vec<Job>, Failure> {
    let controls = controls(jobs.iter().map(|job| &job.plan))?;
    let with = |(mut job, control): (Job, Plan)| {
        job.control = Some(control);
        job.again.push("--control".to_owned());
        job
    };
    Ok(jobs.into_iter().zip(controls).map(with).collect())
}

/// The control of each plan.
///
/// # Errors
/// One has no fault, so there is no run without it.
pub fn controls<'a>(plans: impl Iterator<Item = &'a Plan>) -> Result<Vec<Plan>, Failure> {
    let (mut controls, mut without) = (Vec::new(), BTreeSet::new());
    for plan in plans {
        match plan.control() {
            Some(control) => controls.push(control),
            None => drop(without.insert(plan.scenario.as_str())),
        }
    }
    if without.is_empty() {
        return Ok(controls);
    }
    let named = without.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let has = if without.len() == 1 { "has no fault" } else { "have no faults" };
    Err(Failure::input(
        format!("--control runs a scenario without its faults, and {named} {has}"),
        "run it without --control: it is its own control",
    ))
}

/// The arguments that make a plan's scenario be run again, in all its cases.
pub fn again(command: &str, project: &Project, plan: &Plan, selection: &Selection) -> Vec<String> {
    let path = shell::path(&project.path_of(plan, &selection.scenarios));
    let seed = selection.seed.to_string();
    let mut words = vec![command, &path, "--rig", &selection.rig, "--seed", &seed];
    for (option, value) in [("--defect", &selection.defect), ("--image", &selection.image)] {
        words.extend(value.iter().flat_map(|value| [option, value]));
    }
    words.into_iter().map(str::to_owned).collect()
}

//! Many runs, each recorded and judged: one after the other, or side by side on a rig of which each process can have many.

use crate::args::Selection;
use crate::cuts::Cutter;
use crate::failure::{Exit, Failure};
use crate::project::{Bench, Project, case_of};
use crate::stage::{Done, Job, Judged, Show, Stage, Unseen, journal_failure, ledger_failure, runtime};
use crate::threads::in_order;
use crate::view::{self, Paper, Screen};
use crate::wall::{self, Stopwatch};
use brownout_core::event::Event;
use brownout_core::plan::{Clock, Plan};
use brownout_core::verdict::Verdict;
use brownout_engine::{Fork, Interrupt, JournalError, Ledger};
use brownout_report::{RunLine, Suite, html, json, junit, shell, terminal};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// After this many runs in a row that the rig broke, the rest is not tried: nobody stands beside it at night.
const RIG_PATIENCE: usize = 3;

/// Runs jobs on a bench.
pub struct Runner<'a> {
    stage: Stage<'a>,
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
    /// How many runs at once.
    threads: usize,
}

/// How many runs there are to be at once: as many as wanted, or as there are processors, on a rig of which there can be
/// many.
///
/// # Errors
/// Several are wanted, and there is but one of the rig: it outlives this process, or is in real time, where runs would
/// take each other's processor.
pub fn abreast(bench: &Bench, wanted: Option<NonZeroUsize>) -> Result<usize, Failure> {
    let many = !bench.rig.outlives_us() && bench.rig.clock == Clock::Virtual;
    match wanted.map(NonZeroUsize::get) {
        None if many => Ok(processors()),
        None | Some(1) => Ok(1),
        Some(wanted) if many => Ok(wanted),
        Some(wanted) => Err(Failure::input(
            format!(
                "--jobs {wanted} needs a rig of which there can be many, and there is one of `{}`",
                bench.file.name
            ),
            "leave --jobs out, or take a virtual rig in virtual time",
        )),
    }
}

/// How many processors there are for this process.
fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
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
            stage: Stage { project, bench, folder, anchor, interrupt },
            ledger,
            runtime,
            paper,
            live,
            started: Stopwatch::start(),
            lines: Vec::new(),
            poisoned: Vec::new(),
            broken: 0,
            threads: 1,
        })
    }

    /// Whether somebody asked to stop.
    pub fn interrupted(&self) -> bool {
        self.stage.interrupt.wished()
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
        let done = self.perform(job);
        self.tell(job, done)
    }

    /// Shows a run that is part of the suite, and counts it.
    fn tell(&mut self, job: &Job, done: Result<Done, Failure>) -> Result<Judged, Failure> {
        match done {
            Ok(done) => {
                let cut_short = done.cut_short;
                let judged = self.note(done);
                if !cut_short {
                    self.tell_line(judged.line.clone());
                }
                Ok(judged)
            }
            Err(failure) => {
                self.lines.push(self.stage.unrecorded(job, &failure));
                Err(failure)
            }
        }
    }

    fn tell_line(&mut self, line: RunLine) {
        if !self.live {
            let text = terminal::run_line(&line, self.paper.style());
            self.paper.print(&format!("{text}\n"));
        }
        self.lines.push(line);
    }

    /// Performs a job on the one rig there is, and shows it meanwhile.
    fn perform(&mut self, job: &Job) -> Result<Done, Failure> {
        let whole = self.live.then_some(*self.paper.style());
        let mut screen = Screen::new(self.paper, self.live, self.stage.bench.rig.clock);
        let mut show = Show { onlooker: &mut screen, whole };
        let done = self.stage.with_control(job, &self.runtime, self.ledger.as_mut(), &mut show);
        screen.clear();
        done
    }

    /// Shows what is to be shown of a run, and keeps in mind what it did to the rig.
    fn note(&mut self, done: Done) -> Judged {
        if let Some(text) = &done.text {
            self.paper.print(text);
        }
        self.poisoned.extend(done.owed);
        self.broken = if done.judged.rig_failed { self.broken + 1 } else { 0 };
        done.judged
    }

    /// Runs a job for its timeline only: it is recorded, but is no part of the suite.
    ///
    /// # Errors
    /// It could not be recorded.
    pub fn count(&mut self, job: &Job) -> Result<(Vec<Event>, Option<Fork>), Failure> {
        let (mut fork, mut unseen) = (None, Unseen);
        let mut show = Show { onlooker: &mut unseen, whole: None };
        let (done, events) = self.stage.perform(
            (job, &job.plan, None),
            &self.runtime,
            self.ledger.as_mut(),
            Some(&mut fork),
            &mut show,
        )?;
        self.note(done);
        Ok((events, fork))
    }

    /// Makes cuts from where another run armed its own. Those that pass are not shown one by one.
    ///
    /// # Errors
    /// A run could not be recorded.
    pub fn cut_all(&mut self, fork: &Fork, jobs: &[Job], pages: bool) -> Result<(), Failure> {
        let Stage { project, bench, folder, interrupt, .. } = &self.stage;
        let cutter = Cutter { project, bench, folder, interrupt, fork, pages };
        let (paper, lines, verbose) = (&mut self.paper, &mut self.lines, self.live);
        cutter.cut_all(jobs, processors(), |line| {
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

    /// Runs jobs for somebody who shows them himself: `each` is given every run in the order of the jobs, and says
    /// whether to go on.
    ///
    /// # Errors
    /// A run could not be recorded.
    pub fn trials(
        &mut self,
        jobs: &[Job],
        mut each: impl FnMut(&mut Self, Judged) -> ControlFlow<()>,
    ) -> Result<(), Failure> {
        self.each(jobs, |runner, _, done| {
            let judged = runner.note(done?);
            Ok(each(runner, judged))
        })
    }

    /// Has so many runs at once, on a rig of which there can be many.
    pub fn set_abreast(&mut self, threads: usize) {
        self.threads = threads;
    }

    /// Performs jobs, side by side where that can be, until `each`, which is given what became of them in their order,
    /// breaks or errs, or nothing more is to be run.
    fn each(
        &mut self,
        jobs: &[Job],
        mut each: impl FnMut(&mut Self, &Job, Result<Done, Failure>) -> Result<ControlFlow<()>, Failure>,
    ) -> Result<(), Failure> {
        // Somebody who looks inside the runs sees one after the other.
        let threads = if self.live { 1 } else { self.threads };
        if threads == 1 {
            for job in jobs {
                let done = self.perform(job);
                if each(self, job, done)?.is_break() || self.stopped() {
                    break;
                }
            }
            return Ok(());
        }
        // What the threads need of the runner, while the callback has the rest.
        let stage = self.stage.clone();
        let (mut nth, mut result) = (0, Ok(()));
        let under_way = |nth: usize| format!("{nth} of {} runs", jobs.len());
        self.paper.status(&under_way(nth));
        let work = |runtime: &mut Option<tokio::runtime::Runtime>, job: &Job| {
            let runtime = match runtime {
                Some(runtime) => runtime,
                empty => empty.insert(crate::stage::runtime()?),
            };
            let mut show = Show { onlooker: &mut Unseen, whole: None };
            stage.with_control(job, runtime, None, &mut show)
        };
        in_order(
            jobs,
            threads,
            || !stage.interrupt.wished(),
            work,
            |done| {
                let Some(job) = jobs.get(nth) else { return ControlFlow::Break(()) };
                nth += 1;
                let told = each(self, job, done);
                self.paper.status(&under_way(nth));
                match told {
                    Ok(ControlFlow::Continue(())) if !self.stopped() => ControlFlow::Continue(()),
                    Ok(_) => ControlFlow::Break(()),
                    Err(failure) => {
                        if result.is_ok() {
                            result = Err(failure);
                        }
                        ControlFlow::Break(())
                    }
                }
            },
        );
        self.paper.status("");
        result
    }

    /// Ends what was a series of [trials](Self::trials): its records are thrown away, or kept with one document more.
    ///
    /// # Errors
    /// The rig was not restored; the document cannot be written.
    pub fn put_away(self, keep: bool, (name, text): (&str, &str)) -> Result<(), Failure> {
        let path = self.stage.folder.join(name);
        let written = if keep {
            self.paper.print(&format!("report: {}\n", self.stage.project.shown(&path)));
            fs::write(&path, text).map_err(|error| cannot_write(&path, &error.to_string()))
        } else {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(&self.stage.folder);
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
            format!("put it right and run `brownout heal {}`", shell::word(&self.stage.bench.file.name)),
        ))
    }

    /// Runs jobs until they are done, somebody asks to stop, or the rig has broken too often.
    ///
    /// # Errors
    /// A run could not be recorded.
    pub fn run_all(&mut self, jobs: &[Job]) -> Result<(), Failure> {
        self.broken = 0;
        let mut left = jobs.len();
        self.each(jobs, |runner, job, done| {
            left = left.saturating_sub(1);
            runner.tell(job, done)?;
            Ok(ControlFlow::Continue(()))
        })?;
        if self.broken >= RIG_PATIENCE && left > 0 {
            self.paper.print(&format!(
                "the rig broke {RIG_PATIENCE} times in a row; {left} more runs were not tried\n"
            ));
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
            anchor: self.stage.anchor,
            folder: self.stage.project.shown(&self.stage.folder),
            wall_time: self.started.elapsed(),
            runs: self.lines,
        };
        let write = |name: &str, text: Result<String, String>| -> Result<(), Failure> {
            let path = self.stage.folder.join(name);
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

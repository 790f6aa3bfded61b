//! Many cuts of one run, each from where its cut is armed, on as many threads as there are processors.
//!
//! A run that passes is what a run from the start would be, so it is not run again. One that does not is, from the start:
//! what is reported of it then is the run that anybody can repeat, and the two must have recorded the same.

use crate::failure::Failure;
use crate::project::{Bench, Project};
use crate::stage::{Job, Unseen, folder_of, journal_failure, manifest, pump_failure, runtime, write_reports};
use crate::threads::in_order;
use crate::wall::{self, Stopwatch};
use brownout_core::event::Event;
use brownout_core::judge::judge;
use brownout_core::verdict::{Finding, Judged, Verdict};
use brownout_engine::{Finished, Fork, Forked, Interrupt, Journal, RunOrder};
use brownout_report::{RunLine, RunView, shell};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

/// Where cuts are made, and from which run.
pub struct Cutter<'a> {
    /// The project.
    pub project: &'a Project,
    /// The rig. Each thread opens it for itself.
    pub bench: &'a Bench,
    /// The suite's folder.
    pub folder: &'a Path,
    /// A wish to stop.
    pub interrupt: &'a Interrupt,
    /// The run up to the arming.
    pub fork: &'a Fork,
    /// Write `report.html` also for runs that passed.
    pub pages: bool,
}

impl<'a> Cutter<'a> {
    /// Makes the cuts; calls back with each as it is through, in the order of the jobs.
    ///
    /// # Errors
    /// A run could not be recorded.
    pub fn cut_all(
        &self,
        jobs: &[Job],
        threads: usize,
        mut each: impl FnMut(RunLine),
    ) -> Result<(), Failure> {
        let mut failed = None;
        let work = |worker: &mut Option<Worker<'a>>, job: &Job| match worker {
            Some(worker) => self.cut(worker, job),
            empty => Worker::new(self, job).and_then(|new| self.cut(empty.insert(new), job)),
        };
        in_order(
            jobs,
            threads,
            || !self.interrupt.wished(),
            work,
            |line| match line {
                Ok(line) => {
                    each(line);
                    ControlFlow::Continue(())
                }
                Err(failure) => {
                    failed.get_or_insert(failure);
                    ControlFlow::Break(())
                }
            },
        );
        failed.map_or(Ok(()), Err)
    }

    fn cut(&self, worker: &mut Worker<'_>, job: &Job) -> Result<RunLine, Failure> {
        let (stopwatch, started) = (Stopwatch::start(), wall::now());
        let folder = folder_of(self.folder, job);
        let order = self.order(job);
        let manifest = manifest(job, &order.digest, &started);
        let mut journal = Journal::create(&folder, &manifest, &job.plan).map_err(journal_failure)?;
        let mut unseen = Unseen;
        let run = worker.forked.run(order, &mut worker.bench, &mut journal, self.interrupt, &mut unseen);
        let Finished { events, .. } = worker.runtime.block_on(run).map_err(pump_failure)?;
        let mut judgement = judge(&job.plan, &manifest.plan, &events);
        let passed = judgement.verdict == Verdict::Pass;
        let (mut journal, events, confirmed) = if passed || self.interrupt.wished() {
            (journal, events, true)
        } else {
            fs::remove_dir_all(&folder).map_err(|error| {
                let what = format!("cannot write {}: {error}", folder.display());
                Failure::inconclusive(what, None)
            })?;
            let mut journal = Journal::create(&folder, &manifest, &job.plan).map_err(journal_failure)?;
            let replayed = self.replay(worker, job, &mut journal)?;
            judgement = judge(&job.plan, &manifest.plan, &replayed);
            let confirmed = replayed == events;
            (journal, replayed, confirmed)
        };
        if !confirmed {
            let finding = Finding::inconclusive(
                "from where the cut is armed the run went otherwise than from its start; please report this",
            );
            judgement.verdict = judgement.verdict.merge(finding.verdict);
            let (check, kind) = ("the run is the same from its start".to_owned(), "record".to_owned());
            judgement.groundwork.insert(0, Judged { check, kind, finding });
        }
        let shown = self.project.shown(&folder);
        let view = RunView {
            plan: &job.plan,
            events: &events,
            judgement: &judgement,
            anchor: &started,
            folder: &shown,
            again: &shell::brownout(&job.again),
            wall_time: Some(stopwatch.elapsed()),
        };
        let page = self.pages || !passed;
        write_reports(&mut journal, &view, page)?;
        Ok(RunLine { page, ..RunLine::of(&view) })
    }

    /// Runs a job from its start, on a bench of its own.
    fn replay(&self, worker: &Worker<'_>, job: &Job, journal: &mut Journal) -> Result<Vec<Event>, Failure> {
        let mut bench = self.bench.rig.open(&self.bench.facts(), job.plan.seed)?;
        let mut unseen = Unseen;
        let run =
            brownout_engine::run(self.order(job), &mut bench, journal, None, self.interrupt, &mut unseen);
        worker.runtime.block_on(run).map(|finished| finished.events).map_err(pump_failure)
    }

    fn order(&self, job: &Job) -> RunOrder {
        RunOrder {
            image: self.project.image(&job.plan.board.image.path),
            plan: job.plan.clone(),
            digest: job.plan.digest(),
        }
    }
}

/// What one thread has for itself.
struct Worker<'a> {
    runtime: tokio::runtime::Runtime,
    bench: brownout_ports::Bench,
    forked: Forked<'a>,
}

impl<'a> Worker<'a> {
    fn new(cutter: &Cutter<'a>, job: &Job) -> Result<Self, Failure> {
        Ok(Self {
            runtime: runtime()?,
            bench: cutter.bench.rig.open(&cutter.bench.facts(), job.plan.seed)?,
            forked: Forked::new(cutter.fork, &job.plan).map_err(pump_failure)?,
        })
    }
}

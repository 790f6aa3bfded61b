//! One run, from the machine's point of view and the world's.

use crate::fork::{Asked, Fork, Heard, Recorder};
use crate::interrupt::Interrupt;
use crate::journal::{Journal, JournalError};
use crate::ledger::{Ledger, LedgerError, Owed};
use crate::lines::Lines;
use brownout_core::action::{Action, ActionId, Done, Input, Output, Seen, Sighting};
use brownout_core::event::Event;
use brownout_core::machine::{BadPattern, Machine};
use brownout_core::names::Dut;
use brownout_core::plan::Plan;
use brownout_core::port::{PortError, Trouble};
use brownout_core::time::{Duration, Instant};
use brownout_ports::{Bench, Doors, Observed, ProgramOrder, Report};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What to run.
#[derive(Debug)]
pub struct RunOrder {
    /// The plan.
    pub plan: Plan,
    /// Its digest.
    pub digest: String,
    /// Where its image is on this machine.
    pub image: PathBuf,
}

/// A run that came to its end.
#[derive(Debug)]
pub struct Finished {
    /// Its timeline.
    pub events: Vec<Event>,
    /// What could not be undone. Not empty: the rig is poisoned.
    pub owed: Vec<Owed>,
}

/// A run that could not be recorded. The rig was restored as far as it could be.
#[derive(Debug, thiserror::Error)]
pub enum PumpError {
    /// The plan holds a pattern that does not compile.
    #[error(transparent)]
    Pattern(#[from] BadPattern),
    /// The journal could not be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The heal ledger could not be written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A forked run is not the run that it was forked from.
    #[error("the run cannot go on from where another armed its cut: the two part before that")]
    Parted,
}

/// Somebody who looks on.
pub trait Onlooker {
    /// Something happened; it is in the journal by now.
    fn event(&mut self, event: &Event);

    /// Nothing happened for a while; `now` is the run's time. Called only where [`Self::glance_every`] asks for it.
    fn glance(&mut self, now: Instant) {
        let _ = now;
    }

    /// How often to call [`Self::glance`] at least. In virtual time this would chop up the device's sleep.
    fn glance_every(&self) -> Option<Duration> {
        None
    }
}

/// Runs a plan on a bench. Each event is in the journal before `onlooker` sees it.
///
/// # Errors
/// The run could not be recorded; it was stopped, everything was reverted, and this says why.
pub async fn run(
    order: RunOrder,
    bench: &mut Bench,
    journal: &mut Journal,
    mut ledger: Option<&mut Ledger>,
    interrupt: &Interrupt,
    onlooker: &mut dyn Onlooker,
) -> Result<Finished, PumpError> {
    let origin = bench.clock.now();
    let mut pump = Pump::new(order, None, bench, origin)?;
    if let Some(ledger) = &mut ledger {
        ledger.next_run();
    }
    pump.begin();
    pump.live(bench, journal, ledger, interrupt, onlooker).await?;
    pump.finish().map(|(finished, _)| finished)
}
/// Does what dead processes still owe. What fails stays owed.
///
/// # Errors
/// The ledger could not be written.
pub async fn heal(
    bench: &Bench,
    ledger: &mut Ledger,
    owed: &[Owed],
) -> Result<Vec<(Owed, PortError)>, LedgerError> {
    let mut failed = Vec::new();
    for owed in owed {
        if let Err(error) = perform(doors_of(&bench.duts, &owed.dut), owed.revert.clone(), None).await {
            failed.push((owed.clone(), error));
        }
    }
    if failed.is_empty() {
        ledger.all_kept()?;
    }
    Ok(failed)
}

pub(crate) struct Pump {
    machine: Machine,
    program: ProgramOrder,
    doors: BTreeMap<Dut, Doors>,
    /// The bench's time at which the run began.
    origin: Instant,
    lines: BTreeMap<Dut, Lines>,
    acting: FuturesUnordered<LocalBoxFuture<'static, (ActionId, Result<Done, PortError>)>>,
    /// Actions that ended while they were handed over.
    done: VecDeque<(ActionId, Result<Done, PortError>)>,
    /// Reports taken from the bench that come before those it still has.
    unheard: VecDeque<Report>,
    promised: BTreeMap<u32, Owed>,
    events: Vec<Event>,
    trouble: Option<PumpError>,
    finished: bool,
    /// Present in a run from which others may fork.
    recorder: Option<Recorder>,
    /// What this machine still has to ask for, and the world has done already, before it arms its cut.
    retold: Option<VecDeque<Asked>>,
}

/// Longest sleep without a deadline: a run machine that waits for an action only.
const IDLE: Duration = Duration::from_secs(1);

impl Pump {
    /// A pump for a run that began at `origin` of the bench's time; its machine shares what it can with `pattern`.
    pub(crate) fn new(
        order: RunOrder,
        pattern: Option<&Machine>,
        bench: &Bench,
        origin: Instant,
    ) -> Result<Self, BadPattern> {
        Ok(Self {
            program: program_order(&order),
            machine: match pattern {
                Some(pattern) => Machine::like(pattern, order.plan, order.digest)?,
                None => Machine::new(order.plan, order.digest)?,
            },
            doors: bench.duts.clone(),
            origin,
            lines: BTreeMap::new(),
            acting: FuturesUnordered::new(),
            done: VecDeque::new(),
            unheard: VecDeque::new(),
            promised: BTreeMap::new(),
            events: Vec::new(),
            trouble: None,
            finished: false,
            recorder: None,
            retold: None,
        })
    }

    /// Keeps what a fork needs.
    pub(crate) fn record(&mut self) {
        self.recorder = Some(Recorder::default());
    }

    /// Sets out.
    pub(crate) fn begin(&mut self) {
        self.machine.handle(Instant::ZERO, Input::Begin);
    }

    /// Tells the machine what another was told until it armed a cut, and lets it arm its own.
    pub(crate) fn retell(
        &mut self,
        fork: &Fork,
        bench: &mut Bench,
        journal: &mut Journal,
        onlooker: &mut dyn Onlooker,
    ) -> Result<(), PumpError> {
        self.retold = Some(fork.asked.clone());
        self.begin();
        for heard in &fork.heard {
            match heard.clone() {
                Heard::Report(report) => self.take(report, journal),
                Heard::Ended(id, result, now) => {
                    self.machine.handle(self.since_start(now), Input::Acted { id, result });
                }
                Heard::Tick(now) => self.machine.handle(self.since_start(now), Input::Tick),
            }
        }
        self.done.extend(fork.done.iter().cloned());
        self.unheard.extend(fork.unheard.iter().cloned());
        self.drain(bench, journal, None, onlooker);
        if self.retold.is_some() {
            return Err(self.trouble.take().unwrap_or(PumpError::Parted));
        }
        self.trouble.take().map_or(Ok(()), Err)
    }

    /// Runs until the machine is through. Each event is in the journal before `onlooker` sees it.
    pub(crate) async fn live(
        &mut self,
        bench: &mut Bench,
        journal: &mut Journal,
        mut ledger: Option<&mut Ledger>,
        interrupt: &Interrupt,
        onlooker: &mut dyn Onlooker,
    ) -> Result<(), PumpError> {
        let mut interrupt = interrupt.clone();
        let mut interrupted = false;
        loop {
            self.drain(bench, journal, ledger.as_deref_mut(), onlooker);
            let clock = Rc::clone(&bench.clock);
            if let Some((id, result)) = self.done.pop_front() {
                self.ended(id, result, clock.now(), bench, journal);
                continue;
            }
            if self.finished && self.acting.is_empty() {
                break;
            }
            let now = clock.now();
            let glance = onlooker.glance_every().map(|pause| now + pause);
            let deadline = glance.map_or(self.deadline(now), |glance| glance.min(self.deadline(now)));
            tokio::select! {
                biased;
                () = interrupt.wait(), if !interrupted => {
                    interrupted = true;
                    self.machine.handle(self.since_start(clock.now()), Input::Interrupt);
                }
                Some(report) = bench.reports.recv() => self.take(report, journal),
                Some((id, result)) = self.acting.next(), if !self.acting.is_empty() => {
                    self.ended(id, result, clock.now(), bench, journal);
                }
                () = clock.sleep_until(deadline) => {
                    while let Ok(report) = bench.reports.try_recv() {
                        self.take(report, journal);
                    }
                    let now = clock.now();
                    if let Some(recorder) = &mut self.recorder {
                        recorder.hear(|| Heard::Tick(now));
                    }
                    let now = self.since_start(now);
                    self.machine.handle(now, Input::Tick);
                    onlooker.glance(now);
                }
            }
        }
        self.note(journal.close());
        self.trouble.take().map_or(Ok(()), Err)
    }

    /// What became of the run.
    pub(crate) fn finish(self) -> Result<(Finished, Option<Recorder>), PumpError> {
        match self.trouble {
            Some(trouble) => Err(trouble),
            None => {
                let owed = self.promised.into_values().collect();
                Ok((Finished { events: self.events, owed }, self.recorder))
            }
        }
    }

    fn since_start(&self, now: Instant) -> Instant {
        Instant(now.since(self.origin).0)
    }

    fn deadline(&self, now: Instant) -> Instant {
        self.machine.deadline().map_or(now + IDLE, |deadline| self.origin + Duration(deadline.0))
    }

    /// Does all that the machine asks for, until it asks for nothing more.
    fn drain(
        &mut self,
        bench: &mut Bench,
        journal: &mut Journal,
        mut ledger: Option<&mut Ledger>,
        onlooker: &mut dyn Onlooker,
    ) {
        loop {
            let batch: Vec<Output> = std::iter::from_fn(|| self.machine.output()).collect();
            if batch.is_empty() {
                return;
            }
            // Promises are on disk before anything is done. What is done is done before it is written down: between
            // what a device shows and the fault that it triggers there is no time for a file.
            let sound = self.trouble.is_none();
            for output in &batch {
                match output {
                    Output::Promise { key, dut, revert } => {
                        let owed = Owed { dut: dut.clone(), revert: revert.clone() };
                        let written = match &mut ledger {
                            Some(ledger) => ledger.promise(*key, owed.clone()),
                            None => Ok(()),
                        };
                        self.promised.insert(*key, owed);
                        self.note(written);
                    }
                    // A promise of this batch is not on disk: what it was for is not done.
                    Output::Do { id, action, .. } if sound && self.trouble.is_some() => {
                        self.done.push_back((*id, Err(not_promised(action))));
                    }
                    Output::Do { id, dut, action } => {
                        self.fork_at(action, bench);
                        self.start(*id, dut, action.clone());
                    }
                    Output::Kept { .. } | Output::Log(_) | Output::Finished => {}
                }
            }
            for output in batch {
                match output {
                    Output::Kept { key } => {
                        self.promised.remove(&key);
                        if let Some(ledger) = &mut ledger {
                            let written = ledger.kept(key);
                            self.note(written);
                        }
                    }
                    Output::Log(event) => {
                        if self.trouble.is_none() {
                            let written = journal.append(&event);
                            self.note(written);
                        }
                        onlooker.event(&event);
                        self.events.push(event);
                    }
                    Output::Finished => self.finished = true,
                    Output::Do { .. } | Output::Promise { .. } => {}
                }
            }
        }
    }

    /// Hands an action to its port at once; many are done when this returns.
    fn start(&mut self, id: ActionId, dut: &Dut, action: Action) {
        if self.is_past(id, dut, &action) {
            return;
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.ask(|| Asked { id, dut: dut.clone(), action: action.clone() });
        }
        let doors = doors_of(&self.doors, dut);
        let program = self.program.clone();
        let mut acting: LocalBoxFuture<'static, _> =
            Box::pin(async move { (id, perform(doors, action, Some(program)).await) });
        // Whatever has to wait is polled again, and woken, as one of those under way.
        match acting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => self.done.push_back(done),
            Poll::Pending => self.acting.push(acting),
        }
    }

    /// Whether a forked run asks for something that was done before the fork. It must be the same thing.
    fn is_past(&mut self, id: ActionId, dut: &Dut, action: &Action) -> bool {
        let Some(retold) = &mut self.retold else { return false };
        match retold.pop_front() {
            Some(asked) if asked.id == id && asked.dut == *dut && asked.action == *action => true,
            None if matches!(action, Action::ArmCut(_)) => {
                self.retold = None;
                false
            }
            _ => {
                self.note(Err(PumpError::Parted));
                true
            }
        }
    }

    /// Saves the bench if this is where runs part.
    fn fork_at(&mut self, action: &Action, bench: &mut Bench) {
        let Some(recorder) = self.recorder.as_mut().filter(|recorder| recorder.forks_at(action)) else {
            return;
        };
        // What is still being done cannot be saved.
        let idle = self.acting.is_empty();
        let checkpoint = bench.checkpoint.as_ref().filter(|_| idle);
        let saved = checkpoint.and_then(|checkpoint| checkpoint.save().ok());
        while let Ok(report) = bench.reports.try_recv() {
            self.unheard.push_back(report);
        }
        recorder.fork(saved, self.done.clone(), self.unheard.clone(), self.origin);
    }

    /// The first trouble with recording stops the run.
    fn note<E: Into<PumpError>>(&mut self, written: Result<(), E>) {
        if let Err(error) = written
            && self.trouble.is_none()
        {
            self.trouble = Some(error.into());
            let now = self.events.last().map_or(Instant::ZERO, |event| event.at);
            self.machine.handle(now, Input::Interrupt);
        }
    }

    /// Tells the machine that an action ended.
    fn ended(
        &mut self,
        id: ActionId,
        result: Result<Done, PortError>,
        now: Instant,
        bench: &mut Bench,
        journal: &mut Journal,
    ) {
        // What was seen while it was done came before its end.
        while let Some(report) = self.unheard.pop_front().or_else(|| bench.reports.try_recv().ok()) {
            self.take(report, journal);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.hear(|| Heard::Ended(id, result.clone(), now));
        }
        self.machine.handle(self.since_start(now), Input::Acted { id, result });
    }

    /// Hands what a port saw to the machine.
    fn take(&mut self, report: Report, journal: &mut Journal) {
        if let Some(recorder) = &mut self.recorder {
            recorder.hear(|| Heard::Report(report.clone()));
        }
        let Report { at, dut, what } = report;
        let at = self.since_start(at);
        let lines = self.lines.entry(dut.clone()).or_default();
        let mut seen = Vec::new();
        let mut written = Ok(());
        match what {
            Observed::Bytes(bytes) => {
                written = journal.console(&bytes);
                lines.push(at, &bytes, |line| seen.push(Seen::Line { text: line.text, offset: line.offset }));
            }
            Observed::Log { level, text } => seen.push(Seen::Log { level, text }),
            Observed::Rail { on } => {
                // What the device was saying when its power went is all it will say of it.
                seen.extend(lines.end(at).map(|line| Seen::Line { text: line.text, offset: line.offset }));
                seen.push(Seen::Rail { on });
            }
            Observed::Flash(op) => seen.push(Seen::Flash(op)),
            Observed::Halted { address, pc } => seen.push(Seen::Halted { address, pc }),
            Observed::Voltage { millivolts } => seen.push(Seen::Voltage { millivolts }),
            Observed::Touched { input, times } => seen.push(Seen::Touched { input, times }),
            Observed::Capture(bytes) => written = journal.capture(&bytes),
            Observed::Traffic(traffic) => seen.push(Seen::Traffic(traffic)),
            Observed::Met { name, times } => seen.push(Seen::Met { name, times }),
            Observed::Lost(error) => seen.push(Seen::Lost(error)),
        }
        for what in seen {
            self.machine.handle(at, Input::Sighting(Sighting { at, dut: dut.clone(), what }));
        }
        self.note(written);
    }
}

fn not_promised(action: &Action) -> PortError {
    PortError {
        port: action.port(),
        trouble: Trouble::Failed,
        message: "it was not done, for what undoes it could not be written down".to_owned(),
        help: None,
    }
}

fn program_order(order: &RunOrder) -> ProgramOrder {
    let board = &order.plan.board;
    ProgramOrder {
        image: order.image.clone(),
        fresh: board.fresh.clone(),
        words: board.defect.iter().map(|defect| (defect.address, defect.value)).collect(),
        // Without a network nobody has anything to provision it with: the page is cleared.
        pages: board.provision.iter().map(|page| (*page, Vec::new())).collect(),
    }
}

fn doors_of(all: &BTreeMap<Dut, Doors>, dut: &Dut) -> Doors {
    all.get(dut).cloned().unwrap_or_default()
}

/// Performs one action on its port.
async fn perform(doors: Doors, action: Action, program: Option<ProgramOrder>) -> Result<Done, PortError> {
    let port = action.port();
    let absent = || PortError {
        port,
        trouble: Trouble::Absent,
        message: "the rig has no such port".to_owned(),
        help: Some(format!("add `{port}:` to the device in the rig file")),
    };
    let plain = |()| Done::Plain;
    match action {
        Action::Power { on } => doors.power.ok_or_else(absent)?.switch(on).await.map(plain),
        Action::Attach => doors.debug.ok_or_else(absent)?.attach().await.map(plain),
        Action::Detach => doors.debug.ok_or_else(absent)?.detach().await.map(plain),
        Action::Program => match program {
            Some(mut order) => {
                let provision = doors.services.as_ref().and_then(|services| services.provision());
                for (_, contents) in &mut order.pages {
                    contents.extend(provision.iter().flatten());
                }
                doors.debug.ok_or_else(absent)?.program(&order).await
            }
            None => Ok(Done::Plain),
        },
        Action::Reset { how } => doors.debug.ok_or_else(absent)?.reset(how).await.map(plain),
        Action::OpenConsole => doors.console.ok_or_else(absent)?.open().await.map(plain),
        Action::Send { line } => {
            let bytes = format!("{line}\n").into_bytes();
            doors.console.ok_or_else(absent)?.send(&bytes).await.map(plain)
        }
        Action::TraceFlash { on } => doors.flash_trace.ok_or_else(absent)?.trace(on).await.map(plain),
        Action::ArmCut(cut) => doors.flash_trace.ok_or_else(absent)?.arm(&cut).await.map(plain),
        Action::DisarmCut => doors.flash_trace.ok_or_else(absent)?.disarm().await.map(plain),
        Action::Halt => doors.debug.ok_or_else(absent)?.halt().await.map(plain),
        Action::Resume => doors.debug.ok_or_else(absent)?.resume().await.map(plain),
        Action::Read(word) => doors.debug.ok_or_else(absent)?.read(&word).await,
        Action::FlipMemory { address, mask } => {
            doors.debug.ok_or_else(absent)?.flip_memory(address, &mask).await
        }
        Action::FlipRegister { register, mask } => {
            doors.debug.ok_or_else(absent)?.flip_register(&register, mask).await
        }
        Action::CorruptFlash(how) => doors.debug.ok_or_else(absent)?.corrupt_flash(&how).await,
        Action::BreakAt { address, nth } => {
            doors.debug.ok_or_else(absent)?.break_at(address, nth).await.map(plain)
        }
        Action::WatchAt { word, access, nth } => {
            doors.debug.ok_or_else(absent)?.watch_at(&word, access, nth).await.map(plain)
        }
        Action::ClearBreaks => doors.debug.ok_or_else(absent)?.clear_breaks().await.map(plain),
        Action::LoseProbe { halted } => doors.debug.ok_or_else(absent)?.lose(halted).await.map(plain),
        Action::Supply(course) => doors.supply.ok_or_else(absent)?.course(&course).await.map(plain),
        Action::SupplyNominal => doors.supply.ok_or_else(absent)?.nominal().await.map(plain),
        Action::Noise(noise) => doors.console.ok_or_else(absent)?.noise(&noise).await,
        Action::Flood { bytes, time } => {
            doors.console.ok_or_else(absent)?.flood(&bytes, time).await.map(plain)
        }
        Action::EndFlood => doors.console.ok_or_else(absent)?.end_flood().await,
        Action::Unplug { unplugged } => doors.console.ok_or_else(absent)?.unplug(unplugged).await.map(plain),
        Action::Stimulate { input, kind, state } => {
            doors.stimulus.ok_or_else(absent)?.apply(&input, kind, &state).await
        }
        Action::Connect => doors.link.ok_or_else(absent)?.connect().await.map(plain),
        Action::Disconnect => doors.link.ok_or_else(absent)?.disconnect().await.map(plain),
        Action::Impair(impairment) => doors.link.ok_or_else(absent)?.impair(&impairment).await.map(plain),
        Action::Mend { name } => doors.link.ok_or_else(absent)?.mend(&name).await,
        Action::StartServices => doors.services.ok_or_else(absent)?.start().await.map(plain),
        Action::StopServices => doors.services.ok_or_else(absent)?.stop().await.map(plain),
        Action::Misbehave(how) => doors.services.ok_or_else(absent)?.misbehave(&how).await.map(plain),
        Action::Behave { name } => doors.services.ok_or_else(absent)?.behave(&name).await,
        Action::Publish(message) => doors.services.ok_or_else(absent)?.publish(&message).await.map(plain),
        Action::Release { input, kind, everything } => {
            doors.stimulus.ok_or_else(absent)?.release(&input, kind, everything).await.map(plain)
        }
    }
}

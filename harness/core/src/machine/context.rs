//! What everything in a run shares: its time, its numbers, its timeline.

use super::matcher::Matcher;
use crate::action::{Action, ActionId, Done, Output};
use crate::chance::Chance;
use crate::event::{self, Event, EventNo, FaultNo, What};
use crate::fault::Confirm;
use crate::names::{Dut, Input, Signal};
use crate::network::{Conn, Publication, Service, TcpSeen, Traffic};
use crate::plan::{InputKind, Plan};
use crate::port::PortError;
use crate::time::{Duration, Instant};
use crate::trigger::BOOT;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

pub(super) struct Cx {
    pub(super) plan: Rc<Plan>,
    pub(super) matcher: Rc<Matcher>,
    pub(super) now: Instant,
    pub(super) last_line: Option<String>,
    digest: String,
    out: VecDeque<Output>,
    fresh: VecDeque<Event>,
    next_event: u64,
    next_action: u32,
    next_fault: FaultNo,
    next_promise: u32,
    seen: BTreeMap<Signal, u64>,
    /// Signals since the last thing that was done to the device; what a wait may be satisfied by.
    since_mark: Vec<Event>,
    promises: BTreeMap<u32, Promise>,
    /// Reverts that teardown performs, in order.
    reverting: VecDeque<(u32, Option<ActionId>)>,
    confirming: Vec<Confirming>,
    /// The faults in force, and whether each takes the device's power.
    in_force: BTreeMap<FaultNo, bool>,
    /// The device was let go by a fault and has not booted since.
    coming_back: bool,
    /// Actions handed out whose end has not come; with what is published, of those that publish.
    acting: BTreeMap<ActionId, Option<Publication>>,
    /// To which service each connection of the device is.
    services: BTreeMap<Conn, Service>,
    sendings: u64,
}

struct Promise {
    /// The fault it undoes; `None` for what the run itself does to start the device afresh.
    fault: Option<FaultNo>,
    revert: Action,
}

/// The end of a watch that ends when its fault does.
const OPEN: Instant = Instant(u64::MAX);

/// How long evidence of a fault may take after it was undone.
const EVIDENCE_COMES_LATE: Duration = Duration::from_secs(1);

struct Confirming {
    fault: FaultNo,
    confirm: Confirm,
    until: Instant,
}

impl Cx {
    pub(super) fn new(plan: Plan, digest: String, matcher: Rc<Matcher>) -> Self {
        Self {
            plan: Rc::new(plan),
            matcher,
            now: Instant::ZERO,
            last_line: None,
            digest,
            out: VecDeque::new(),
            fresh: VecDeque::new(),
            next_event: 1,
            next_action: 1,
            next_fault: 1,
            next_promise: 1,
            seen: BTreeMap::new(),
            since_mark: Vec::new(),
            promises: BTreeMap::new(),
            reverting: VecDeque::new(),
            confirming: Vec::new(),
            in_force: BTreeMap::new(),
            coming_back: false,
            acting: BTreeMap::new(),
            services: BTreeMap::new(),
            sendings: 0,
        }
    }

    pub(super) fn dut(&self) -> Dut {
        self.plan.dut.clone()
    }

    /// Writes an event into the timeline; everything under way will look at it.
    pub(super) fn log(&mut self, what: What) -> EventNo {
        let event = Event { n: EventNo(self.next_event), at: self.now, what };
        self.next_event += 1;
        let n = event.n;
        if matches!(event.what, What::Signal { .. }) {
            self.since_mark.push(event.clone());
        }
        self.out.push_back(Output::Log(event.clone()));
        self.fresh.push_back(event);
        n
    }

    pub(super) fn log_start(&mut self) {
        let case: Vec<_> = self.plan.case.iter().map(|(name, value)| format!("{name}={value}")).collect();
        self.log(What::RunStarted {
            version: event::VERSION,
            plan: self.digest.clone(),
            scenario: self.plan.scenario.clone(),
            case: case.join(","),
            seed: self.plan.seed,
        });
    }

    pub(super) fn signal(
        &mut self,
        dut: Dut,
        name: Signal,
        fields: BTreeMap<String, String>,
        source: EventNo,
    ) {
        let nth = self.seen.entry(name.clone()).or_insert(0);
        *nth += 1;
        let nth = *nth;
        if name.as_str() == BOOT {
            self.coming_back = false;
        }
        self.log(What::Signal { dut, name, nth, fields, source });
    }

    /// Hands an action to its port.
    pub(super) fn act(&mut self, action: Action) -> ActionId {
        let id = ActionId(self.next_action);
        self.next_action += 1;
        let dut = self.dut();
        self.log(What::Action { id, dut: dut.clone(), action: action.clone() });
        let published = match &action {
            Action::Publish(message) => Some(message.clone()),
            _ => None,
        };
        self.out.push_back(Output::Do { id, dut, action });
        self.acting.insert(id, published);
        id
    }

    /// Notes that an action ended, as one that was under way.
    pub(super) fn ended(&mut self, id: ActionId, result: Result<Done, PortError>) {
        let Some(published) = self.acting.remove(&id) else { return };
        match result {
            Ok(done) => {
                self.log(What::Acted { id, done });
                if let Some(message) = published {
                    self.log(What::Published { dut: self.dut(), message });
                }
            }
            Err(error) => {
                self.log(What::ActionFailed { id, error });
            }
        }
    }

    /// A text that no other sending of the run has.
    pub(super) fn sending_id(&mut self) -> String {
        self.sendings += 1;
        let number = Chance::new(self.plan.seed).number() as u32;
        format!("{number:08x}-{}", self.sendings)
    }

    /// The service to which the connection of this traffic is.
    pub(super) fn service_of(&mut self, seen: &Traffic) -> Option<Service> {
        if let Traffic::Tcp(TcpSeen::Opened { conn, service, .. }) = seen {
            self.services.insert(*conn, *service);
        }
        let service = self.services.get(&seen.conn()?).copied();
        if let Traffic::Tcp(TcpSeen::Closed { conn, .. }) = seen {
            self.services.remove(conn);
        }
        service
    }

    /// Whether an action is under way.
    pub(super) fn is_acting(&self) -> bool {
        !self.acting.is_empty()
    }

    /// From here on a wait is satisfied only by what comes.
    pub(super) fn mark(&mut self) {
        self.since_mark.clear();
    }

    /// Forgets the signals up to and including one.
    pub(super) fn mark_after(&mut self, n: EventNo) {
        self.since_mark.retain(|event| event.n > n);
    }

    pub(super) fn since_mark(&self) -> &[Event] {
        &self.since_mark
    }

    /// Numbers a fault that is about to be armed.
    pub(super) fn number_fault(&mut self) -> FaultNo {
        let no = self.next_fault;
        self.next_fault += 1;
        no
    }

    /// Promises that `revert` will be done, whatever happens.
    pub(super) fn promise(&mut self, fault: Option<FaultNo>, revert: Action) -> u32 {
        let key = self.next_promise;
        self.next_promise += 1;
        self.out.push_back(Output::Promise { key, dut: self.dut(), revert: revert.clone() });
        self.promises.insert(key, Promise { fault, revert });
        key
    }

    /// Promises that an input is given back to the world at the end, once however often it is used.
    pub(super) fn promise_release(&mut self, input: &Input, kind: InputKind) {
        let release = Action::Release { input: input.clone(), kind, everything: true };
        let promised = self.promises.values().any(|p| p.fault.is_none() && p.revert == release);
        if !promised {
            self.promise(None, release);
        }
    }

    pub(super) fn keep(&mut self, key: u32) {
        if self.promises.remove(&key).is_some() {
            self.out.push_back(Output::Kept { key });
        }
    }

    /// The reverts still owed, last promise first; [`Self::note_reverts`] keeps them as they are done.
    pub(super) fn open_reverts(&mut self) -> Vec<Action> {
        self.reverting = self.promises.keys().rev().map(|key| (*key, None)).collect();
        self.promises.values().rev().map(|promise| promise.revert.clone()).collect()
    }

    /// Teardown performs the owed reverts in order: matches its actions to the promises and keeps those that worked.
    pub(super) fn note_reverts(&mut self, event: &Event) {
        match &event.what {
            What::Action { id, .. } => {
                if let Some(slot) = self.reverting.iter_mut().find(|(_, action)| action.is_none()) {
                    slot.1 = Some(*id);
                }
            }
            What::Acted { id, .. } => {
                let Some(at) = self.reverting.iter().position(|(_, action)| *action == Some(*id)) else {
                    return;
                };
                let Some((key, _)) = self.reverting.remove(at) else { return };
                let Some(fault) = self.promises.get(&key).map(|promise| promise.fault) else { return };
                self.keep(key);
                if let Some(no) = fault
                    && !self.promises.values().any(|promise| promise.fault == fault)
                {
                    self.log(What::Reverted { fault: no });
                }
            }
            _ => {}
        }
    }

    /// A fault is in force from its injection until the device has booted after it: what gets lost now is lost by our
    /// doing.
    pub(super) fn fault_begins(&mut self, fault: FaultNo, takes_power: bool) {
        self.in_force.insert(fault, takes_power);
    }

    pub(super) fn fault_ends(&mut self, fault: FaultNo) {
        self.in_force.remove(&fault);
        self.coming_back = true;
        self.watch_ends(fault);
    }

    /// Nobody will undo the fault before the end of the run, or it is undone: evidence is not waited for any longer than
    /// it may be late.
    pub(super) fn watch_ends(&mut self, fault: FaultNo) {
        let now = self.now;
        for confirming in self.confirming.iter_mut().filter(|c| c.fault == fault && c.until == OPEN) {
            confirming.until = now + EVIDENCE_COMES_LATE;
        }
    }

    /// Whether a fault has taken the device's power.
    pub(super) fn is_power_taken(&self) -> bool {
        self.in_force.values().any(|takes_power| *takes_power)
    }

    pub(super) fn in_a_fault(&self) -> bool {
        !self.in_force.is_empty() || self.coming_back || !self.confirming.is_empty()
    }

    /// Looks out for the evidence that a fault bit. Nobody knows beforehand how long one `lasts` under which steps are
    /// performed: it may bite until they have ended.
    pub(super) fn watch_for(&mut self, fault: FaultNo, confirm: Confirm, lasts: bool) {
        let until = if lasts { OPEN } else { self.now + confirm.within };
        self.confirming.push(Confirming { fault, until, confirm });
    }

    /// Confirms the faults for which this event is evidence.
    pub(super) fn confirm(&mut self, event: &Event) {
        let (dut, now) = (self.plan.dut.clone(), self.now);
        let (bitten, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.confirming)
            .into_iter()
            .filter(|c| now <= c.until)
            .partition(|c| c.confirm.evidence.shows(&dut, &event.what));
        self.confirming = rest;
        if !bitten.is_empty() {
            // What the device said before the fault bit is not what it says after it.
            self.since_mark.retain(|said| said.n >= event.n);
        }
        for confirming in bitten {
            self.log(What::Confirmed { fault: confirming.fault, evidence: vec![event.n] });
        }
    }

    /// Whether a fault was done that has not been seen to bite yet: what the device says now may still be old.
    pub(super) fn bite_is_due(&self) -> bool {
        self.unconfirmed_until().is_some_and(|until| self.now < until)
    }

    /// Until when a fault may still be confirmed.
    pub(super) fn unconfirmed_until(&self) -> Option<Instant> {
        self.confirming.iter().map(|c| c.until).max()
    }

    /// What the device said last, for a message about what it did not say.
    pub(super) fn last_words(&self) -> String {
        match &self.last_line {
            Some(line) => format!("; the last console line was `{line}`"),
            None => "; the console was silent".to_owned(),
        }
    }

    pub(super) fn next_fresh(&mut self) -> Option<Event> {
        self.fresh.pop_front()
    }

    pub(super) fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    pub(super) fn take_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    pub(super) fn finish(&mut self) {
        self.out.push_back(Output::Finished);
    }
}

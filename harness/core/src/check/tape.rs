//! Timelines for tests, written the way they read.

use crate::action::{Action, ActionId, Done, Reset};
use crate::event::{Ended, Event, EventNo, Phase, StepNo, StepOutcome, VERSION, What};
use crate::names::Dut;
use crate::network::{
    Conditions, Conn, Direction, End, Impair, Impairment, MqttSeen, Service, TcpSeen, TlsSeen, Traffic,
};
use crate::port::{Port, PortError, Trouble};
use crate::time::{Duration, Instant};
use std::collections::BTreeMap;

/// The digest that [`Tape::blank`] names.
pub(crate) const DIGEST: &str = "d1ge57";

/// A timeline that grows at its end.
#[derive(Clone, Debug)]
pub(crate) struct Tape {
    pub(crate) events: Vec<Event>,
    now: Instant,
    faults: u32,
    actions: u32,
}

fn dut() -> Dut {
    Dut::from("dut")
}

impl Tape {
    /// Only the first event.
    pub(crate) fn blank() -> Self {
        let started = What::RunStarted {
            version: VERSION,
            plan: DIGEST.to_owned(),
            scenario: "test".to_owned(),
            case: String::new(),
            seed: 1,
        };
        Self { events: Vec::new(), now: Instant::ZERO, faults: 0, actions: 0 }.event(started)
    }

    /// Arranged, and being watched for its steady state.
    pub(crate) fn steadying() -> Self {
        Self::blank().phase(Phase::Arrange).ms(100).boot("pin").phase(Phase::Steady).ms(400).signal("ready")
    }

    /// Steady at half a second, the method begins.
    pub(crate) fn steady() -> Self {
        Self::steadying().phase(Phase::Method)
    }

    /// Lets time pass.
    pub(crate) fn ms(self, ms: u64) -> Self {
        self.ns(ms * 1_000_000)
    }

    /// Lets time pass.
    pub(crate) fn ns(mut self, ns: u64) -> Self {
        self.now = self.now + Duration(ns);
        self
    }

    pub(crate) fn event(mut self, what: What) -> Self {
        let n = EventNo(self.events.len() as u64 + 1);
        self.events.push(Event { n, at: self.now, what });
        self
    }

    pub(crate) fn phase(self, phase: Phase) -> Self {
        self.event(What::Phase(phase))
    }

    pub(crate) fn signal(self, name: &str) -> Self {
        self.signal_with(name, &[])
    }

    pub(crate) fn signal_with(self, name: &str, fields: &[(&str, &str)]) -> Self {
        let fields: BTreeMap<_, _> =
            fields.iter().map(|(group, value)| ((*group).to_owned(), (*value).to_owned())).collect();
        let source = self.last();
        self.event(What::Signal { dut: dut(), name: name.into(), nth: 1, fields, source })
    }

    pub(crate) fn boot(self, cause: &str) -> Self {
        self.signal_with("boot", &[("cause", cause)])
    }

    pub(crate) fn last(&self) -> EventNo {
        EventNo(self.events.len() as u64)
    }

    pub(crate) fn step(self, step: StepNo) -> Self {
        self.event(What::Step { step, text: "a step".to_owned() })
    }

    pub(crate) fn ended(self, step: StepNo, outcome: StepOutcome) -> Self {
        self.event(What::StepEnded { step, outcome })
    }

    pub(crate) fn done(self, step: StepNo) -> Self {
        self.ended(step, StepOutcome::Done)
    }

    pub(crate) fn action(mut self, action: Action) -> Self {
        self.actions += 1;
        let id = ActionId(self.actions);
        self.event(What::Action { id, dut: dut(), action })
    }

    pub(crate) fn acted(self) -> Self {
        let id = ActionId(self.actions);
        self.event(What::Acted { id, done: Done::Plain })
    }

    pub(crate) fn failed(self, port: Port, trouble: Trouble) -> Self {
        let id = ActionId(self.actions);
        self.event(What::ActionFailed { id, error: error(port, trouble) })
    }

    pub(crate) fn lost(self, port: Port, trouble: Trouble) -> Self {
        self.event(What::Lost { dut: dut(), error: error(port, trouble) })
    }

    pub(crate) fn armed(mut self, kind: &str, step: StepNo) -> Self {
        self.faults += 1;
        let fault = self.faults;
        self.event(What::Armed { fault, kind: kind.to_owned(), step, trigger: "at once".to_owned() })
    }

    pub(crate) fn fired(self) -> Self {
        let fault = self.faults;
        self.event(What::Fired { fault, source: None })
    }

    pub(crate) fn never_fired(self, waited: Duration) -> Self {
        let fault = self.faults;
        self.event(What::NeverFired { fault, waited })
    }

    pub(crate) fn injected(self) -> Self {
        let fault = self.faults;
        self.event(What::Injected { fault })
    }

    /// The event before is the evidence.
    pub(crate) fn confirmed(self) -> Self {
        let (fault, evidence) = (self.faults, vec![self.last()]);
        self.event(What::Confirmed { fault, evidence })
    }

    pub(crate) fn reverted(self) -> Self {
        let fault = self.faults;
        self.event(What::Reverted { fault })
    }

    pub(crate) fn rail(self, on: bool) -> Self {
        self.event(What::Rail { dut: dut(), on })
    }

    /// Takes the mains away.
    pub(crate) fn power_off(self, step: StepNo) -> Self {
        self.armed("power_cut", step)
            .fired()
            .action(Action::Power { on: false })
            .acted()
            .injected()
            .rail(false)
            .confirmed()
    }

    /// Gives them back.
    pub(crate) fn power_on(self) -> Self {
        self.action(Action::Power { on: true }).acted().rail(true).reverted()
    }

    /// A power cut of 200 ms.
    pub(crate) fn power_cut(self) -> Self {
        self.power_off(1).ms(200).power_on()
    }

    /// A reset; its boot is for the caller to show, and to confirm.
    pub(crate) fn reset(self, step: StepNo) -> Self {
        self.armed("reset", step).fired().action(Action::Reset { how: Reset::Pin }).acted().injected()
    }

    /// A fault of an input begins; seen to bite at once.
    pub(crate) fn sensor_off(self, step: StepNo) -> Self {
        let (input, kind) = ("temperature".into(), crate::plan::InputKind::Temperature);
        let state = crate::action::InputState::Silent;
        let tape = self.armed("sensor_nack", step).fired();
        tape.action(Action::Stimulate { input, kind, state }).acted().injected().confirmed()
    }

    /// The input is given back.
    pub(crate) fn sensor_back(self) -> Self {
        let (input, kind) = ("temperature".into(), crate::plan::InputKind::Temperature);
        self.action(Action::Release { input, kind, everything: false }).acted().reverted()
    }

    /// The console's cable is pulled, or plugged in again.
    pub(crate) fn console_unplugged(self, step: StepNo) -> Self {
        let tape = self.armed("console_silence", step).fired();
        tape.action(Action::Unplug { unplugged: true }).acted().injected().confirmed()
    }

    /// It is plugged in again.
    pub(crate) fn console_plugged(self) -> Self {
        self.action(Action::Unplug { unplugged: false }).acted().reverted()
    }

    /// A message of the firmware's log; an empty level is none.
    pub(crate) fn log(self, level: &str, text: &str) -> Self {
        let level = (!level.is_empty()).then(|| level.to_owned());
        self.event(What::Log { dut: dut(), level, text: text.to_owned() })
    }

    /// A reading of memory.
    pub(crate) fn memory(self, name: &str, value: u32) -> Self {
        self.event(What::Memory { dut: dut(), name: name.to_owned(), value })
    }

    /// The probe goes away without a word.
    pub(crate) fn probe_gone(self, step: StepNo) -> Self {
        let tape = self.armed("probe_lost", step).fired();
        tape.action(Action::LoseProbe { halted: false }).acted().injected().confirmed()
    }

    /// And comes back.
    pub(crate) fn probe_back(self) -> Self {
        self.action(Action::Attach).acted().reverted()
    }

    /// A signal that is seen so often, one each so many milliseconds, the first after that time.
    pub(crate) fn beats(self, times: u64, ms: u64, name: &str, fields: &[(&str, &str)]) -> Self {
        (0..times).fold(self, |tape, _| tape.ms(ms).signal_with(name, fields))
    }

    pub(crate) fn sent(self, command: &str) -> Self {
        self.event(What::Sent { dut: dut(), command: command.into(), line: command.to_owned() })
    }

    pub(crate) fn refused(self, command: &str) -> Self {
        let source = self.last();
        self.event(What::Refused { dut: dut(), command: command.into(), source })
    }

    pub(crate) fn ask(self, setting: &str, value: &str) -> Self {
        self.event(What::SettingSent { dut: dut(), setting: setting.into(), value: value.to_owned() })
    }

    pub(crate) fn ack(self, setting: &str, value: &str) -> Self {
        let source = self.last();
        self.event(What::SettingAcknowledged {
            dut: dut(),
            setting: setting.into(),
            value: value.to_owned(),
            source,
        })
    }

    /// Asked for and acknowledged.
    pub(crate) fn set(self, setting: &str, value: &str) -> Self {
        self.ask(setting, value).sent("set").ack(setting, value)
    }

    pub(crate) fn read(self, setting: &str, value: &str) -> Self {
        let source = self.last();
        self.event(What::SettingRead { dut: dut(), setting: setting.into(), value: value.to_owned(), source })
    }

    /// Something of the device's traffic.
    pub(crate) fn traffic(self, seen: Traffic) -> Self {
        self.event(What::Traffic { dut: dut(), seen })
    }

    /// The device asks the broker for a connection.
    pub(crate) fn attempt(self) -> Self {
        let (service, to) = (Service::Broker, "198.18.0.10:8883".to_owned());
        self.traffic(Traffic::Tcp(TcpSeen::Asked { service, to }))
    }

    /// It asks, and is let in.
    pub(crate) fn let_in(self, conn: u32) -> Self {
        let (conn, service, to) = (Conn(conn), Service::Broker, "198.18.0.10:8883".to_owned());
        let (version, cipher) = ("TLSv1.3".to_owned(), "TLS_AES_128_GCM_SHA256".to_owned());
        self.attempt()
            .ms(1)
            .traffic(Traffic::Tcp(TcpSeen::Opened { conn, service, to }))
            .ms(200)
            .traffic(Traffic::Tls(TlsSeen::Established { conn, version, cipher, client: None }))
            .ms(10)
            .traffic(Traffic::Mqtt(MqttSeen::Connack { conn, code: 0, session_present: true }))
    }

    /// The service ends the connection.
    pub(crate) fn closed(self, conn: u32) -> Self {
        self.traffic(Traffic::Tcp(TcpSeen::Closed { conn: Conn(conn), end: End::ByService }))
    }

    /// The link carries nothing from here on.
    pub(crate) fn offline(self, step: StepNo) -> Self {
        let name = "blackout".to_owned();
        let (direction, conditions) = (Direction::Both, Conditions::default());
        let how = Impair::Conditions { direction, conditions };
        let tape = self.armed("blackout", step).fired().action(Action::Impair(Impairment { name, how }));
        tape.acted().injected().confirmed()
    }

    /// And carries it again.
    pub(crate) fn online(self) -> Self {
        self.action(Action::Mend { name: "blackout".to_owned() }).acted().reverted()
    }

    /// A record of the device: its number, and when it was taken, in seconds of its own clock.
    pub(crate) fn record(self, seq: u64, taken: u64) -> Self {
        let (seq, t) = (seq.to_string(), (1_700_000_000 + taken).to_string());
        self.signal_with("telemetry", &[("seq", &seq), ("t", &t)])
    }

    /// Records, one each second from here on.
    pub(crate) fn records(self, seq: std::ops::Range<u64>) -> Self {
        seq.fold(self, |tape, seq| tape.record(seq, seq).ms(1000))
    }

    pub(crate) fn answered(self, command: &str) -> Self {
        let source = self.last();
        self.event(What::Answered { dut: dut(), command: command.into(), source })
    }

    /// The method is over; the rig is put back, and the run has ended.
    pub(crate) fn end(self) -> Self {
        self.phase(Phase::Teardown).ms(10).run_ended(Ended::Completed)
    }

    pub(crate) fn run_ended(self, ended: Ended) -> Self {
        self.event(What::RunEnded(ended))
    }
}

fn error(port: Port, trouble: Trouble) -> PortError {
    PortError { port, trouble, message: "it is gone".to_owned(), help: None }
}

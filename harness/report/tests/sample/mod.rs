//! Runs that never happened, recorded as they would be: a thermostat loses power while it writes a setting.

// Shared by tests and the example, of which each uses a part.
#![allow(clippy::unwrap_used, dead_code)]

use brownout_core::action::{Action, ActionId, Done, FlashOp, FlashOpKind};
use brownout_core::check::{Check, Durable, Never, Recovers};
use brownout_core::event::{Ended, Event, EventNo, Phase, StepOutcome, VERSION, What};
use brownout_core::names::{Dut, Setting, Signal};
use brownout_core::plan::{BoardPlan, Clock, CommandWords, Image, Plan, Source};
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::time::{Duration, Instant};
use brownout_core::verdict::{Figure, Finding, Judged, Judgement, Verdict};
use brownout_report::{RunView, short};
use std::collections::BTreeMap;

/// A run with everything a view of it borrows.
pub(crate) struct Sample {
    pub(crate) plan: Plan,
    pub(crate) events: Vec<Event>,
    pub(crate) judgement: Judgement,
    pub(crate) folder: String,
    pub(crate) again: String,
    pub(crate) wall_time: Option<Duration>,
}

impl Sample {
    pub(crate) fn view(&self) -> RunView<'_> {
        RunView {
            plan: &self.plan,
            events: &self.events,
            judgement: &self.judgement,
            anchor: "2026-03-11T10:15:00Z",
            folder: &self.folder,
            again: &self.again,
            wall_time: self.wall_time,
        }
    }
}

/// What the device answers when the setting is read after the cut.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The value it had acknowledged.
    Yes,
    /// An older one.
    No,
}

/// Power goes in the middle of flash operation 3, after the device acknowledged 22.5.
pub(crate) fn power_cut(kept: Kept) -> Sample {
    let mut r = Recorder::begin("power/cut-while-writing", "nth=3");
    r.arrange();
    r.steady();
    r.at(6_120_000_000).log(What::Phase(Phase::Method));
    let set = r.step(1, "set target to 21.0");
    r.set("21.0", 1);
    r.end(set, StepOutcome::Done);
    let cut = r.step(2, "power_cut during flash operation 3, for 500ms");
    let set = r.step(3, "set target to 22.5");
    r.log(What::Armed {
        fault: 1,
        kind: "power_cut".into(),
        step: 2,
        trigger: "during flash operation 3 (tear: random)".into(),
    });
    r.set("22.5", 1);
    r.end(set, StepOutcome::Done);
    r.later(40_000_000);
    let torn = r.flash(3, FlashOpKind::Write, 0x000f_4008, false);
    r.log(What::Fired { fault: 1, source: Some(torn) });
    r.log(What::Injected { fault: 1 });
    let off = r.later(1_200_000).log(What::Rail { dut: dut(), on: false });
    r.log(What::Confirmed { fault: 1, evidence: vec![off] });
    r.later(500_000_000).log(What::Reverted { fault: 1 });
    let reverted = r.now;
    r.later(800_000).log(What::Rail { dut: dut(), on: true });
    r.end(cut, StepOutcome::Done);
    let wait = r.step(4, "wait for ready, at most 10s");
    r.later(38_000_000).boot(2, "power_on");
    let ready = r.later(274_000_000).signal("app: ready", "ready", 2);
    let recovered = Instant(r.now).since(Instant(reverted));
    r.end(wait, StepOutcome::Done);
    r.control(14, 6);
    let get = r.step(5, "get target");
    let value = if kept == Kept::Yes { "22.5" } else { "21.0" };
    let read = r.read(value);
    r.end(get, StepOutcome::Done);
    r.control(20, 4);
    r.teardown(Ended::Completed);

    let acked = r.find(|w| matches!(w, What::SettingAcknowledged { value, .. } if value == "22.5"));
    let (acked_at, read_at) = (r.when(acked), r.when(read));
    let lost = format!(
        "target was acknowledged as 22.5 at {acked_at} but read as 21.0 at {read_at}, after a power cut and one boot"
    );
    let durable = match kept {
        Kept::Yes => {
            finding(Verdict::Pass, "target read as 22.5, the value acknowledged last", vec![acked, read])
        }
        Kept::No => finding(Verdict::Fail, &lost, vec![acked, off, read]),
    };
    let mut recovers = finding(
        Verdict::Pass,
        &format!("ready {} after power_cut #1 was reverted (at most 5s)", short(recovered)),
        vec![ready],
    );
    recovers.figures.push(Figure::new("time_to_recover", recovered));
    let checks = vec![
        judged("durable: {setting: target}", "durable", durable),
        judged("recovers: {from: power_cut, to: ready, within: 5s}", "recovers", recovers),
        judged(
            "never: {signal: panic}",
            "never",
            finding(Verdict::Pass, "panic was not seen in 12.102s", vec![]),
        ),
    ];
    r.finish(
        vec![
            judged("the timeline is whole", "rig", finding(Verdict::Pass, "run completed", vec![])),
            judged(
                "the device is steady before anything is done to it",
                "steady",
                finding(Verdict::Pass, "steady at 6.120s", vec![]),
            ),
            judged(
                "power_cut #1 bites",
                "fault",
                finding(Verdict::Pass, "the supply rail was seen off", vec![off]),
            ),
        ],
        checks,
    )
}

/// The fault's trigger never comes.
pub(crate) fn never_bit() -> Sample {
    let mut r = Recorder::begin("power/cut-while-erasing", "nth=900");
    r.arrange();
    r.steady();
    r.at(6_120_000_000).log(What::Phase(Phase::Method));
    let cut = r.step(1, "power_cut during flash operation 900, for 500ms");
    r.log(What::Armed {
        fault: 1,
        kind: "power_cut".into(),
        step: 1,
        trigger: "during flash operation 900 (tear: half)".into(),
    });
    let set = r.step(2, "set target to 22.5");
    r.set("22.5", 1);
    r.end(set, StepOutcome::Done);
    r.control(12, 59);
    r.later(400_000_000);
    let never = r.log(What::NeverFired { fault: 1, waited: Duration::from_secs(30) });
    r.end(cut, StepOutcome::TimedOut { waited: Duration::from_secs(30) });
    r.teardown(Ended::Completed);
    let reason = "power_cut #1 never fired: flash operation 900 did not come in 30s, so nothing was done to the device and nothing can be said about it";
    r.finish(
        vec![
            judged("the timeline is whole", "rig", finding(Verdict::Pass, "run completed", vec![])),
            judged("power_cut #1 bites", "fault", finding(Verdict::Inconclusive, reason, vec![never])),
        ],
        vec![judged(
            "recovers: {from: power_cut, to: ready, within: 5s}",
            "recovers",
            finding(Verdict::Inconclusive, "no power_cut to recover from", vec![]),
        )],
    )
}

/// A device that attacks whoever reads its console.
pub(crate) fn hostile() -> Sample {
    let mut r = Recorder::begin("security/\u{202e}gnihton", "<script>=\x1b[2J");
    r.plan.title = "title <img src=x onerror=alert(1)> \x1b]0;owned\x07".into();
    r.plan.tags = vec!["</style>".into()];
    r.at(100_000_000).log(What::Phase(Phase::Method));
    let step = r.step(1, "wait for \x1b[31mready\r\npwned");
    let line = r.later(1_000_000).console(
        "\x1b]8;;http://evil\x07click\x1b]8;;\x07 <script>alert(1)</script> ]]> \u{202e}drow\u{0} \u{ffff}",
    );
    let long = r.later(1_000_000).console(&"A\x1b[1m\u{7f}\u{9b}".repeat(400));
    let fields = BTreeMap::from([("version".to_owned(), "1\u{2066}\"onload=x'&amp;".to_owned())]);
    let signal = r.log(What::Signal { dut: dut(), name: Signal::from("boot"), nth: 1, fields, source: line });
    let lost = r.log(What::Lost {
        dut: dut(),
        error: PortError {
            port: Port::Console,
            trouble: Trouble::Silent,
            message: "the adapter said `\x1b[5m\u{200b}`".into(),
            help: Some("replug <b>it</b>".into()),
        },
    });
    r.end(step, StepOutcome::Abandoned);
    r.teardown(Ended::RigFailed { why: "\x1b[?1049h gone".into() });
    let reason = format!("found `\x1b[31m{}`", "\u{202e}x".repeat(40));
    let mut sample = r.finish(
        vec![judged(
            "the timeline is whole",
            "rig",
            finding(Verdict::Inconclusive, "rig \x07 failed", vec![lost, EventNo(999)]),
        )],
        vec![judged(
            "seen: {signal: '\x1b[1m</td>'}",
            "seen",
            finding(Verdict::Fail, &reason, vec![line, long, signal]),
        )],
    );
    sample.folder = "reports/x/\x1b[1m".into();
    sample
}

fn dut() -> Dut {
    Dut::from("thermostat")
}

fn finding(verdict: Verdict, reason: &str, evidence: Vec<EventNo>) -> Finding {
    Finding { verdict, evidence, ..Finding::pass(reason) }
}

fn judged(check: &str, kind: &str, finding: Finding) -> Judged {
    Judged { check: check.to_owned(), kind: kind.to_owned(), finding }
}

struct Recorder {
    now: u64,
    plan: Plan,
    events: Vec<Event>,
    console: u64,
    action: u32,
    control: u64,
}

impl Recorder {
    fn begin(scenario: &str, case: &str) -> Self {
        let (name, value) = case.split_once('=').unwrap_or((case, ""));
        let plan = Plan {
            version: brownout_core::plan::VERSION,
            scenario: scenario.to_owned(),
            title: "power is cut while the device writes a setting".to_owned(),
            tags: vec!["power".to_owned(), "nightly".to_owned()],
            case: BTreeMap::from([(name.to_owned(), value.to_owned())]),
            control: false,
            seed: 7,
            rig: "virtual".to_owned(),
            clock: Clock::Virtual,
            dut: dut(),
            board: board(),
            drivers: BTreeMap::from([
                (Port::Debug, "virtual".to_owned()),
                (Port::Console, "virtual".to_owned()),
                (Port::Power, "virtual".to_owned()),
                (Port::FlashTrace, "virtual".to_owned()),
            ]),
            steady: Vec::new(),
            method: Vec::new(),
            expect: vec![
                Check::Durable(Durable { setting: Setting::from("target") }),
                Check::Recovers(Recovers {
                    from: "power_cut".to_owned(),
                    to: Signal::from("ready"),
                    within: Duration::from_secs(5),
                    stages: None,
                }),
                Check::Never(Never {
                    signal: Signal::from("panic"),
                    fields: Default::default(),
                    except: Default::default(),
                }),
            ],
        };
        let mut r = Self { now: 0, plan, events: Vec::new(), console: 0, action: 0, control: 0 };
        r.log(What::RunStarted {
            version: VERSION,
            plan: "3f2a91c07be44d1f9a6c0d1e58b7f2346a0c9d8e7f6b5a4c3d2e1f0a9b8c7d6e".to_owned(),
            scenario: scenario.to_owned(),
            case: case.to_owned(),
            seed: 7,
        });
        r
    }

    fn at(&mut self, nanos: u64) -> &mut Self {
        self.now = self.now.max(nanos);
        self
    }

    fn later(&mut self, nanos: u64) -> &mut Self {
        self.now += nanos;
        self
    }

    fn log(&mut self, what: What) -> EventNo {
        let n = EventNo(self.events.len() as u64 + 1);
        self.events.push(Event { n, at: Instant(self.now), what });
        n
    }

    fn act(&mut self, action: Action, took: u64, done: Done) {
        self.action += 1;
        let id = ActionId(self.action);
        self.log(What::Action { id, dut: dut(), action });
        self.later(took).log(What::Acted { id, done });
    }

    fn console(&mut self, text: &str) -> EventNo {
        let offset = self.console;
        self.console += text.len() as u64 + 2;
        self.log(What::Console { dut: dut(), text: text.to_owned(), offset })
    }

    fn signal(&mut self, text: &str, name: &str, nth: u64) -> EventNo {
        let source = self.console(text);
        self.log(What::Signal { dut: dut(), name: Signal::from(name), nth, fields: BTreeMap::new(), source })
    }

    fn boot(&mut self, nth: u64, cause: &str) {
        let source = self.console(&format!("boot: v1.0.0 slot=a cause={cause}"));
        let fields = [("version", "1.0.0"), ("slot", "a"), ("cause", cause)];
        let fields = fields.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        self.log(What::Signal { dut: dut(), name: Signal::from("boot"), nth, fields, source });
        for line in ["settings: page 0xf4000 seq 17, 42 records", "net: link up 100M full", "sensor: 21.4 C"]
        {
            self.later(31_000_000).console(line);
        }
    }

    fn control(&mut self, from: u64, times: u64) {
        for i in 0..times {
            self.control += 1;
            let heater = if (from + i).is_multiple_of(3) { "on" } else { "off" };
            let nth = self.control;
            self.later(500_000_000).signal(&format!("control: heater={heater}"), "control", nth);
        }
    }

    fn flash(&mut self, nth: u64, op: FlashOpKind, address: u32, complete: bool) -> EventNo {
        self.log(What::FlashOp { dut: dut(), op: FlashOp { nth, op, address, complete } })
    }

    fn step(&mut self, step: u32, text: &str) -> u32 {
        self.log(What::Step { step, text: text.to_owned() });
        step
    }

    fn end(&mut self, step: u32, outcome: StepOutcome) {
        self.log(What::StepEnded { step, outcome });
    }

    fn set(&mut self, value: &str, first_op: u64) {
        let line = format!("set target {value}");
        self.log(What::Sent { dut: dut(), command: "set".into(), line: line.clone() });
        self.log(What::SettingSent { dut: dut(), setting: "target".into(), value: value.to_owned() });
        self.act(Action::Send { line }, 900_000, Done::Plain);
        for i in 0..2 {
            self.later(41_000).flash(first_op + i, FlashOpKind::Write, 0x000f_4000 + 4 * i as u32, true);
        }
        let source = self.later(12_000_000).console(&format!("set: target={value} ok"));
        self.log(What::SettingAcknowledged {
            dut: dut(),
            setting: "target".into(),
            value: value.to_owned(),
            source,
        });
    }

    fn read(&mut self, value: &str) -> EventNo {
        let line = "get target".to_owned();
        self.log(What::Sent { dut: dut(), command: "get".into(), line: line.clone() });
        self.act(Action::Send { line }, 900_000, Done::Plain);
        let source = self.later(9_000_000).console(&format!("get: target={value}"));
        self.log(What::SettingRead { dut: dut(), setting: "target".into(), value: value.to_owned(), source })
    }

    fn arrange(&mut self) {
        self.log(What::Phase(Phase::Arrange));
        self.act(Action::Power { on: true }, 2_000_000, Done::Plain);
        self.log(What::Rail { dut: dut(), on: true });
        self.act(Action::Attach, 48_000_000, Done::Plain);
        self.act(Action::Program, 1_912_000_000, Done::Programmed { bytes: 61_440, unchanged: false });
        self.act(Action::OpenConsole, 3_000_000, Done::Plain);
        self.act(Action::Detach, 5_000_000, Done::Plain);
    }

    fn steady(&mut self) {
        self.log(What::Phase(Phase::Steady));
        self.later(38_000_000).boot(1, "power_on");
        self.later(274_000_000).signal("app: ready", "ready", 1);
        self.control(0, 6);
    }

    fn teardown(&mut self, ended: Ended) {
        self.log(What::Phase(Phase::Teardown));
        self.act(Action::TraceFlash { on: false }, 100_000, Done::Plain);
        self.log(What::RunEnded(ended));
    }

    fn find(&self, is: impl Fn(&What) -> bool) -> EventNo {
        self.events.iter().find(|e| is(&e.what)).map(|e| e.n).unwrap()
    }

    fn when(&self, n: EventNo) -> Instant {
        self.events.iter().find(|e| e.n == n).map(|e| e.at).unwrap()
    }

    fn finish(self, groundwork: Vec<Judged>, checks: Vec<Judged>) -> Sample {
        let verdict = groundwork.iter().chain(&checks).map(|j| j.finding.verdict).max().unwrap();
        let case: Vec<String> = self.plan.case.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let folder = format!("reports/20260311T101500Z/{}/{}-7", self.plan.scenario, case.join(" "));
        let again =
            format!("brownout run {} --rig virtual --seed 7 --case {}", self.plan.scenario, case.join(" "));
        Sample {
            plan: self.plan,
            events: self.events,
            judgement: Judgement { verdict, groundwork, checks },
            folder,
            again,
            wall_time: Some(Duration::from_millis(84)),
        }
    }
}

fn board() -> BoardPlan {
    BoardPlan {
        name: "nrf52840-thermostat".to_owned(),
        chip: "nRF52840_xxAA".to_owned(),
        baud: 115_200,
        image: Image {
            path: "fixtures/firmware/images/thermostat-1.0.elf".to_owned(),
            sha256: "9b1f6a0d54e3c2b1a0f9e8d7c6b5a4938271605f4e3d2c1b0a9f8e7d6c5b4a39".to_owned(),
        },
        fresh: vec![(0x000f_4000, 0x4000)],
        provision: None,
        defect: None,
        signals: BTreeMap::from([(Signal::from("ready"), Source::Console("app: ready".to_owned()))]),
        commands: BTreeMap::from([(
            "get".into(),
            CommandWords {
                send: "get {key}".to_owned(),
                ack: Some("get: {key}=(?<value>.*)".to_owned()),
                ..CommandWords::default()
            },
        )]),
        inputs: BTreeMap::new(),
        regions: Default::default(),
        symbols: BTreeMap::new(),
    }
}

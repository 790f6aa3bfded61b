//! What a device does on a network: its records, its attempts, its answers, its way back.

use super::cases::{Case, absent, case, start};
use super::finding;
use crate::check::tape::Tape;
use crate::check::{
    AtMost, Backoff, Check, Drops, During, Late, OfflineBuffer, Recovers, RespondsTo, Shows, Stages,
    Telemetry,
};
use crate::network::{Conn, DhcpSeen, DnsSeen, MqttSeen, NtpSeen, Service, TcpSeen, Traffic};
use crate::quantity::Share;
use crate::time::Duration;
use crate::verdict::Measure;
use crate::verdict::Verdict::{Fail, Inconclusive, Pass};

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(super) fn cases() -> Vec<Case> {
    [telemetry(), late(), backoff(), attempts(), questions(), offline_buffer(), responds_to(), stages()]
        .into_iter()
        .flatten()
        .collect()
}

fn bounded(lost: Option<u64>, duplicated: Option<u64>, out_of_order: Option<u64>) -> Telemetry {
    Telemetry {
        signal: "telemetry".into(),
        lost: lost.map(AtMost),
        duplicated: duplicated.map(AtMost),
        out_of_order: out_of_order.map(AtMost),
        late: None,
        during: During::All,
    }
}

pub(super) fn whole() -> Check {
    Check::Telemetry(bounded(Some(0), Some(1), Some(0)))
}

/// Offline from the sixth record to the tenth.
fn outage(tape: Tape) -> Tape {
    tape.records(1..6).offline(1).ms(5000).online()
}

fn telemetry() -> Vec<Case> {
    let check = whole();
    let one = |tape: Tape, seq: u64| tape.record(seq, seq);
    let drained = |tape: Tape| (6..11).fold(tape, one);
    let online = || start().records(1..6);
    vec![
        case("all of them, once", &check, Pass, online().end()),
        case("what was kept comes later", &check, Pass, drained(outage(start())).records(11..13).end()),
        absent("one is missing", &check, online().records(7..9).end()),
        absent("what the outage kept back never comes", &check, outage(start()).records(11..13).end()),
        case("nothing came after the outage", &check, Inconclusive, outage(start()).end()),
        case("one came twice", &check, Pass, one(online(), 5).records(6..8).end()),
        case("two came twice", &check, Fail, one(one(online(), 4), 5).records(6..8).end()),
        case("one came late", &check, Fail, one(online().records(7..9), 6).records(9..11).end()),
        case(
            "a number was used for something else",
            &check,
            Fail,
            online().record(5, 99).records(6..8).end(),
        ),
        case(
            "numbering began anew",
            &check,
            Fail,
            online().boot("watchdog").record(1, 50).record(2, 51).record(3, 52).end(),
        ),
        case("no number", &check, Inconclusive, online().signal("telemetry").end()),
        case("only one", &check, Inconclusive, one(start(), 1).end()),
        case("nothing", &check, Inconclusive, start().end()),
        case("numbers begin anywhere", &check, Pass, start().records(1000..1004).end()),
        absent("a number that is out of this world", &check, online().record(u64::MAX, 6).end()),
        case(
            "what comes while the rig is put back does not count",
            &check,
            Pass,
            one(one(online().phase(crate::event::Phase::Teardown), 5), 5),
        ),
        case(
            "only what is asked about counts",
            &Check::Telemetry(bounded(None, Some(0), None)),
            Pass,
            online().records(9..11).end(),
        ),
    ]
}

fn late() -> Vec<Case> {
    let late = |at_most| {
        let late = Late { by: s(3), at_most, time: "t".to_owned() };
        Check::Telemetry(Telemetry { late: Some(late), ..bounded(None, None, None) })
    };
    let slow = || start().records(1..4).ms(5000).record(4, 4).record(5, 8).record(6, 9).end();
    vec![
        case("all in time", &late(0), Pass, start().records(1..6).end()),
        case("one is late", &late(0), Fail, slow()),
        case("as many as may be late", &late(1), Pass, slow()),
        case(
            "a device that does not know the time yet says nothing of lateness",
            &late(0),
            Pass,
            start().signal_with("telemetry", &[("seq", "0"), ("t", "0")]).records(1..6).end(),
        ),
    ]
}

pub(super) fn backs_off() -> Check {
    Check::Backoff(Backoff {
        fault: "blackout".to_owned(),
        of: Service::Broker,
        base: Some(s(1)),
        factor: 2.into(),
        cap: Some(s(8)),
        jitter: Share(250_000),
        attempt_takes: Duration::ZERO,
        stable_for: s(30),
        attempts_at_most: Some("20/min".parse().unwrap()),
    })
}

/// Attempts with these waits in milliseconds between them.
fn tries(waits: &[u64]) -> Tape {
    let begin = start().offline(1).ms(10).attempt();
    waits.iter().fold(begin, |tape, wait| tape.ms(*wait).attempt())
}

fn backoff() -> Vec<Case> {
    let check = backs_off();
    let end = |tape: Tape| tape.ms(100).online().end();
    // Let in, and kicked after a while, over and over.
    let kicked = |stands: u64, waits: &[u64]| {
        let begin = start().offline(1).ms(10);
        let tape = waits
            .iter()
            .zip(1..)
            .fold(begin, |tape, (wait, conn)| tape.let_in(conn).ms(stands).closed(conn).ms(*wait));
        end(tape.attempt())
    };
    vec![
        case("twice as long each time", &check, Pass, end(tries(&[1000, 2000, 4000, 8000, 8000]))),
        case("within the jitter", &check, Pass, end(tries(&[800, 1600, 3100, 9900, 6100]))),
        case("longer than need be", &check, Pass, end(tries(&[8000, 8000, 8000]))),
        case("always the same", &check, Fail, end(tries(&[1000, 1000, 1000]))),
        case("at once", &check, Fail, end(tries(&[10, 10]))),
        case("beyond the longest", &check, Fail, end(tries(&[1000, 2000, 4000, 11_000]))),
        case("not three attempts", &check, Inconclusive, end(tries(&[1000]))),
        case("none at all", &check, Inconclusive, end(start().offline(1).ms(60_000))),
        case("no such fault", &check, Inconclusive, start().attempt().end()),
        case(
            "what comes before and after the fault does not count",
            &check,
            Pass,
            start()
                .attempt()
                .attempt()
                .offline(1)
                .ms(10)
                .attempt()
                .ms(1000)
                .attempt()
                .ms(2000)
                .attempt()
                .online()
                .attempt()
                .attempt()
                .end(),
        ),
        case("let in is not stable", &check, Fail, kicked(2000, &[1000, 1000, 1000, 1000])),
        case("let in, kicked, and patient", &check, Pass, kicked(2000, &[1000, 2000, 4000])),
        case("begins anew after a stable connection", &check, Pass, kicked(40_000, &[1000, 1000, 1000])),
    ]
}

fn attempts() -> Vec<Case> {
    let Check::Backoff(backoff) = backs_off() else { unreachable!() };
    let rate = |rate: &str| {
        let attempts_at_most = Some(rate.parse().unwrap());
        Check::Backoff(Backoff { base: None, cap: None, attempts_at_most, ..backoff.clone() })
    };
    let tape = || tries(&[1000, 1000, 1000]).ms(100).online().end();
    vec![
        case("as many as allowed", &rate("4/min"), Pass, tape()),
        case("one too many", &rate("3/min"), Fail, tape()),
        case("not within so short a time", &rate("3/s"), Pass, tape()),
        case(
            "none, of which nobody can tell the rate",
            &rate("3/min"),
            Inconclusive,
            start().offline(1).ms(60_000).online().end(),
        ),
    ]
}

fn questions() -> Vec<Case> {
    let Check::Backoff(backoff) = backs_off() else { unreachable!() };
    let of = |of| Check::Backoff(Backoff { of, ..backoff.clone() });
    let asked = |service| match service {
        Service::Dns => {
            let (name, kind) = ("mqtt.brownout.test".to_owned(), "A".to_owned());
            Traffic::Dns(DnsSeen::Asked { name, kind, tcp: false })
        }
        Service::Dhcp => Traffic::Dhcp(DhcpSeen::Asked { message: "discover".to_owned() }),
        _ => Traffic::Ntp(NtpSeen::Asked),
    };
    let answered = |addresses: &[&str]| {
        let (name, code) = ("mqtt.brownout.test".to_owned(), "noerror".to_owned());
        let addresses = addresses.iter().copied().map(str::to_owned).collect();
        Traffic::Dns(DnsSeen::Answered { name, code, addresses, ttl: None })
    };
    let asks = |service, waits: &[u64]| {
        let begin = start().offline(1).ms(10).traffic(asked(service));
        waits.iter().fold(begin, |tape, wait| tape.ms(*wait).traffic(asked(service)))
    };
    let end = |tape: Tape| tape.ms(100).online().end();
    let answers = |addresses: &[&str]| {
        let round =
            |tape: Tape| tape.traffic(asked(Service::Dns)).ms(10).traffic(answered(addresses)).ms(1000);
        end((0..4).fold(start().offline(1).ms(10), |tape, _| round(tape)))
    };
    let mut cases = vec![
        case(
            "connections are no questions",
            &of(Service::Dns),
            Inconclusive,
            end(tries(&[1000, 2000, 4000])),
        ),
        case("a good answer begins anew", &of(Service::Dns), Pass, answers(&["198.18.0.10"])),
        case("an empty answer is none", &of(Service::Dns), Fail, answers(&[])),
    ];
    for service in [Service::Dns, Service::Dhcp, Service::Ntp] {
        cases.push(case("asks less and less", &of(service), Pass, end(asks(service, &[1000, 2000, 4000]))));
        cases.push(case("asks on and on", &of(service), Fail, end(asks(service, &[1000, 1000, 1000]))));
    }
    cases
}

fn buffer(time: Option<u64>, records: Option<u64>, drops: Option<Drops>) -> OfflineBuffer {
    OfflineBuffer {
        fault: "blackout".to_owned(),
        signal: "telemetry".into(),
        holds_at_least: time.map(s),
        records,
        drops,
        time: "t".to_owned(),
    }
}

pub(super) fn holds() -> Check {
    Check::OfflineBuffer(buffer(Some(60), None, None))
}

fn offline_buffer() -> Vec<Case> {
    let check = |time, records, drops| Check::OfflineBuffer(buffer(time, records, drops));
    // Offline from second 10 for 100 s; then comes what was kept, and then what is taken afterwards.
    let kept = |kept: &[(u64, u64)]| {
        let tape = start().records(0..10).offline(1).ms(100_000).online();
        let tape =
            kept.iter().flat_map(|(from, to)| *from..*to).fold(tape, |tape, seq| tape.record(seq, seq));
        tape.ms(500).records(111..114).end()
    };
    let all = || kept(&[(10, 111)]);
    let (newest, oldest, both) = (|| kept(&[(71, 111)]), || kept(&[(10, 50)]), || kept(&[(30, 60)]));
    let (drops_oldest, drops_newest) = (Some(Drops::Oldest), Some(Drops::Newest));
    vec![
        case("everything is kept", &check(Some(90), Some(95), Some(Drops::Nothing)), Pass, all()),
        case("as long as asked", &check(Some(40), Some(40), drops_oldest), Pass, newest()),
        absent("not as long as asked", &check(Some(50), None, None), newest()),
        absent("too few", &check(None, Some(60), None), newest()),
        absent("the oldest are gone, the newest should be", &check(None, None, drops_newest), newest()),
        absent("the newest are gone, the oldest should be", &check(None, None, drops_oldest), oldest()),
        case("the newest are gone, as they should", &check(None, None, drops_newest), Pass, oldest()),
        absent("both ends are gone", &check(None, None, drops_oldest), both()),
        absent("something is gone", &check(None, None, Some(Drops::Nothing)), newest()),
        absent(
            "a hole in the middle",
            &check(None, None, Some(Drops::Nothing)),
            kept(&[(10, 40), (60, 111)]),
        ),
        absent("nothing of it came", &check(Some(10), None, None), kept(&[])),
        case("an outage that was too short to tell", &check(Some(600), None, None), Inconclusive, all()),
        case("nothing had to be dropped", &check(None, None, drops_oldest), Inconclusive, all()),
        case(
            "the run ended before all had come",
            &check(Some(10), None, None),
            Inconclusive,
            start().records(0..10).offline(1).ms(100_000).online().record(10, 10).end(),
        ),
        case("no such fault", &holds(), Inconclusive, start().records(0..10).end()),
        case(
            "nothing to measure a period by",
            &holds(),
            Inconclusive,
            outage(Tape::steady()).records(6..9).end(),
        ),
    ]
}

fn responds(valid: bool, may_ignore: bool, shows: bool) -> RespondsTo {
    let shows = shows.then(|| Shows { signal: "control".into(), field: "target".to_owned() });
    RespondsTo { command: "remote".into(), valid, within: s(5), may_ignore, shows }
}

pub(super) fn answers() -> Check {
    Check::RespondsTo(responds(true, false, false))
}

fn responds_to() -> Vec<Case> {
    let check = |valid, may_ignore, shows| Check::RespondsTo(responds(valid, may_ignore, shows));
    let (valid, invalid) = (answers(), check(false, false, true));
    let ask = || start().signal_with("control", &[("target", "21")]).step(1).sent("remote").ms(20);
    let shows = |tape: Tape, target| tape.ms(100).signal_with("control", &[("target", target)]);
    let later = |tape: Tape| tape.ms(6000).signal("ready").end();
    vec![
        case("answered", &valid, Pass, ask().answered("remote").end()),
        case("a setting is answered by its own word", &valid, Pass, ask().ack("target", "22").end()),
        case("refused, though it is valid", &valid, Fail, ask().refused("remote").end()),
        absent("not answered", &valid, later(ask())),
        absent("another command was answered", &valid, later(ask().answered("other"))),
        absent(
            "answered only when it was sent again",
            &valid,
            ask().ms(6000).sent("remote").answered("remote").end(),
        ),
        case("answered too late", &valid, Fail, ask().ms(5100).answered("remote").end()),
        case("cut short", &valid, Inconclusive, ask().rail(false).ms(9000).end()),
        case("never sent", &valid, Inconclusive, start().sent("other").end()),
        case("refused, and not done", &invalid, Pass, shows(ask().refused("remote"), "21.0").end()),
        case("refused, but done all the same", &invalid, Fail, shows(ask().refused("remote"), "99").end()),
        case("said to be done", &invalid, Fail, ask().answered("remote").end()),
        absent("nonsense is not answered", &invalid, later(ask())),
        case("nonsense may be ignored", &check(false, true, true), Pass, later(shows(ask(), "21"))),
        case("ignored, but done", &check(false, true, true), Fail, later(shows(ask(), "99"))),
        case(
            "what was asked for afterwards is another matter",
            &invalid,
            Pass,
            shows(ask().refused("remote").ask("target", "22").sent("set").ack("target", "22"), "22").end(),
        ),
    ]
}

fn back(stages: Stages) -> Check {
    Check::Recovers(Recovers {
        from: "blackout".to_owned(),
        to: "telemetry".into(),
        within: s(60),
        stages: Some(stages),
    })
}

fn stages_of(dhcp: Option<u64>, connack: Option<u64>) -> Stages {
    let none = Stages { link: None, dhcp: None, dns: None, time: None, tls: None, connack: None };
    Stages { dhcp: dhcp.map(s), connack: connack.map(s), ..none }
}

/// Back after 3 s with a new address, and after 10 s with the broker.
fn returned() -> Tape {
    let given = |address: &str| DhcpSeen::Answered {
        message: "ack".to_owned(),
        address: Some(address.to_owned()),
        lease: None,
    };
    let tape = start().let_in(1).offline(1).ms(1000).online().ms(3000);
    let tape = tape.traffic(Traffic::Dhcp(given("10.77.0.100"))).ms(1000);
    // First it fetches a token elsewhere.
    let tape = tape.traffic(Traffic::Tcp(TcpSeen::Opened {
        conn: Conn(2),
        service: Service::Identity,
        to: String::new(),
    }));
    tape.ms(5789).let_in(3).ms(500).record(7, 7).end()
}

fn stages() -> Vec<Case> {
    vec![
        case("only told", &back(stages_of(None, None)), Pass, returned()),
        case("each in time", &back(stages_of(Some(4), Some(11))), Pass, returned()),
        case("one too slow", &back(stages_of(Some(2), None)), Fail, returned()),
        case(
            "one that was not needed",
            &back(stages_of(Some(2), None)),
            Pass,
            start().offline(1).ms(1000).online().ms(100).record(7, 7).end(),
        ),
        absent(
            "not back at all",
            &back(stages_of(None, None)),
            start().offline(1).ms(9).online().ms(61_000).end(),
        ),
    ]
}

#[test]
fn a_recovery_is_told_by_its_stages() {
    let found = finding(&back(stages_of(None, None)), &returned());
    assert_eq!(
        found.reason,
        "`telemetry` was seen after 1 `blackout`, 10.500s later; expected within 1min: DHCP after 3.000s, TLS after \
         9.990s, CONNACK after 10.000s"
    );
    let figures: Vec<_> = found.figures.iter().map(|figure| (figure.name.as_str(), figure.value)).collect();
    let ms = |ms| Measure::Time(Duration::from_millis(ms));
    let expected = [
        ("time_to_recover", ms(10_500)),
        ("time_to_dhcp", ms(3000)),
        ("time_to_tls", ms(9990)),
        ("time_to_connack", ms(10_000)),
    ];
    assert_eq!(figures, expected);
    let slow = finding(&back(stages_of(Some(2), None)), &returned());
    assert!(slow.reason.starts_with("DHCP took 3.000s; expected within 2s ("), "{}", slow.reason);
}

#[test]
fn a_broker_that_refuses_is_no_stable_connection() {
    let refused = Traffic::Mqtt(MqttSeen::Connack { conn: Conn(1), code: 0x87, session_present: false });
    let opened = Traffic::Tcp(TcpSeen::Opened { conn: Conn(1), service: Service::Broker, to: String::new() });
    let begin = start().offline(1).ms(10).attempt().traffic(opened).ms(40_000).traffic(refused).closed(1);
    let tape = begin.ms(1000).attempt().ms(1000).attempt().online().end();
    let found = finding(&backs_off(), &tape);
    assert_eq!(found.reason, "the device waited 1.000s before attempt 3 in a row; expected at least 1.500s");
}

//! Whom a device trusts, and whom it talks to.

use super::cases::{Case, absent, case, start};
use crate::action::Action;
use crate::check::tape::Tape;
use crate::check::{Check, NoPlaintext, OnlyTalksTo, RefusesTls};
use crate::event::What;
use crate::network::{
    AlertDescription, BadCertificate, Conn, DhcpSeen, DnsSeen, End, HttpSeen, Misbehave, Misbehaviour,
    MqttSeen, NtpSeen, Service, TcpSeen, TlsFault, TlsSeen, Traffic,
};
use crate::verdict::Verdict::{Fail, Inconclusive, Pass};

pub(super) fn cases() -> Vec<Case> {
    [refuses_tls(), no_plaintext(), only_talks_to()].into_iter().flatten().collect()
}

pub(super) fn refuses(alert: Option<AlertDescription>) -> Check {
    Check::RefusesTls(RefusesTls { fault: "tls_certificate".to_owned(), alert })
}

pub(super) fn plain() -> Check {
    Check::NoPlaintext(NoPlaintext { ports: vec![80, 1883] })
}

pub(super) fn only() -> Check {
    Check::OnlyTalksTo(OnlyTalksTo {
        services: vec![Service::Dhcp, Service::Dns, Service::Ntp, Service::Broker],
        names: vec!["mqtt.brownout.test".to_owned(), "*.pool.test".to_owned()],
        addresses: vec!["198.18.9.9".to_owned(), "224.0.0.251:5353".to_owned()],
    })
}

fn traffic(tape: Tape, seen: Traffic) -> Tape {
    tape.event(What::Traffic { dut: "dut".into(), seen })
}

fn tls(tape: Tape, seen: TlsSeen) -> Tape {
    traffic(tape, Traffic::Tls(seen))
}

fn to_service(tape: Tape, conn: u32, service: Service, resumes: bool) -> Tape {
    let (conn, to) = (Conn(conn), "198.18.0.10:8883".to_owned());
    let tape = traffic(tape, Traffic::Tcp(TcpSeen::Opened { conn, service, to })).ms(5);
    tls(tape, TlsSeen::ClientHello { conn, name: None, resumes })
}

fn hello(tape: Tape, conn: u32) -> Tape {
    to_service(tape, conn, Service::Broker, false)
}

fn through(tape: Tape, conn: u32) -> Tape {
    let (version, cipher) = ("TLSv1.3".to_owned(), "TLS_AES_128_GCM_SHA256".to_owned());
    tls(tape, TlsSeen::Established { conn: Conn(conn), version, cipher, client: None })
}

fn data(tape: Tape, conn: u32) -> Tape {
    tls(tape, TlsSeen::FirstData { conn: Conn(conn) })
}

fn alert(tape: Tape, conn: u32, description: &str) -> Tape {
    let (description, fatal) = (description.to_owned(), description != "close_notify");
    tls(tape, TlsSeen::Alert { conn: Conn(conn), description, fatal })
}

fn closed(tape: Tape, conn: u32, end: End) -> Tape {
    traffic(tape, Traffic::Tcp(TcpSeen::Closed { conn: Conn(conn), end }))
}

/// The device accepts a server.
pub(super) fn accepted(tape: Tape, conn: u32) -> Tape {
    data(through(hello(tape, conn), conn).ms(10), conn)
}

/// The broker's certificate goes bad, and the device meets it.
fn bad(tape: Tape) -> Tape {
    let how =
        Misbehave::Tls { service: Service::Broker, fault: TlsFault::Certificate(BadCertificate::Expired) };
    let action = Action::Misbehave(Misbehaviour { name: "tls_certificate".to_owned(), how });
    let met = What::Met { dut: "dut".into(), name: "tls_certificate".to_owned(), times: 1 };
    tape.armed("tls_certificate", 1).fired().action(action).acted().injected().ms(100).event(met).confirmed()
}

fn good(tape: Tape) -> Tape {
    tape.ms(1000).action(Action::Behave { name: "tls_certificate".to_owned() }).acted().reverted()
}

fn refuses_tls() -> Vec<Case> {
    let any = refuses(None);
    let expired = refuses(Some(AlertDescription::CertificateExpired));
    let before = || bad(closed(accepted(start(), 1), 1, End::ByService));
    let refused = |tape, conn| alert(hello(tape, conn), conn, "certificate_expired");
    let end = |tape| good(tape).end();
    vec![
        case("with an alert", &any, Pass, end(refused(before(), 2))),
        case("with the right alert", &expired, Pass, end(refused(before(), 2))),
        case("each time", &expired, Pass, end(refused(refused(before(), 2).ms(500), 3))),
        case("by closing", &any, Pass, end(closed(hello(before(), 2), 2, End::ByDevice))),
        case("by resetting", &any, Pass, end(closed(hello(before(), 2), 2, End::ResetByDevice))),
        case(
            "after the handshake, without a word",
            &any,
            Pass,
            end(alert(through(hello(before(), 2), 2), 2, "close_notify")),
        ),
        case("and accepts the good one only after that", &any, Pass, {
            accepted(good(refused(bad(start()), 1)), 2).end()
        }),
        case("another service is accepted all the while", &any, Pass, {
            let api = to_service(refused(before(), 2), 3, Service::Api, false);
            end(data(through(api, 3), 3))
        }),
        case("a session is resumed, without a certificate", &any, Pass, {
            end(data(through(to_service(refused(before(), 2), 3, Service::Broker, true), 3), 3))
        }),
        case("it is accepted", &any, Fail, end(accepted(before(), 2))),
        case("it is accepted the second time", &any, Fail, end(accepted(refused(before(), 2), 3))),
        case("data, then an alert", &any, Fail, end(alert(accepted(before(), 2), 2, "certificate_expired"))),
        case("data after the fault, on its connection", &any, Fail, {
            data(good(through(hello(before(), 2), 2)), 2).end()
        }),
        case("another alert", &expired, Fail, end(alert(hello(before(), 2), 2, "unknown_ca"))),
        case(
            "no alert where one is wanted",
            &expired,
            Fail,
            end(closed(hello(before(), 2), 2, End::ByDevice)),
        ),
        absent("held", &any, end(hello(before(), 2).ms(9_000))),
        absent(
            "held, then cut by the server",
            &any,
            end(closed(hello(before(), 2).ms(10_000), 2, End::ByService)),
        ),
        case("held for less", &any, Inconclusive, end(hello(before(), 2).ms(8_000))),
        case("cut before it could answer", &any, Inconclusive, {
            end(closed(hello(before(), 2).ms(10), 2, End::TimedOut))
        }),
        case("never accepts anybody", &any, Inconclusive, end(refused(bad(start()), 1))),
        case("no handshake", &any, Inconclusive, end(before())),
        case("no fault", &any, Inconclusive, refused(start(), 1).end()),
        case("refused before the fault only", &any, Inconclusive, {
            end(bad(refused(accepted(start(), 1), 2)))
        }),
    ]
}

fn asked(tape: Tape, service: Service, to: &str) -> Tape {
    traffic(tape, Traffic::Tcp(TcpSeen::Asked { service, to: to.to_owned() }))
}

fn connect(tape: Tape, conn: u32) -> Tape {
    let seen = MqttSeen::Connect {
        conn: Conn(conn),
        client: "x".to_owned(),
        version: 5,
        clean: false,
        keep_alive: 30,
    };
    traffic(tape, Traffic::Mqtt(seen))
}

fn get(tape: Tape, conn: u32) -> Tape {
    let seen =
        HttpSeen::Asked { conn: Conn(conn), method: "GET".to_owned(), path: "/".to_owned(), range: None };
    traffic(tape, Traffic::Http(seen))
}

fn astray(tape: Tape, protocol: &str, to: &str) -> Tape {
    traffic(tape, Traffic::Astray { protocol: protocol.to_owned(), to: to.to_owned() })
}

fn no_plaintext() -> Vec<Case> {
    let check = plain();
    let secured = || connect(accepted(asked(start(), Service::Broker, "198.18.0.10:8883"), 1), 1);
    vec![
        case("over TLS", &check, Pass, secured().end()),
        case("names over TCP", &check, Pass, asked(secured(), Service::Dns, "10.77.0.1:80").end()),
        case(
            "a lost packet to another port",
            &check,
            Pass,
            astray(secured(), "tcp", "198.18.9.9:8883").end(),
        ),
        case("a plain port", &check, Fail, asked(secured(), Service::Broker, "198.18.0.10:1883").end()),
        case("a plain port of nobody", &check, Fail, astray(secured(), "tcp", "198.18.9.9:80").end()),
        case("MQTT in the clear", &check, Fail, connect(secured(), 2).end()),
        case("HTTP in the clear", &check, Fail, get(secured(), 2).end()),
        case("MQTT to the port of TLS", &check, Fail, {
            tls(secured(), TlsSeen::NotTls { conn: Conn(2) }).end()
        }),
        case("before the steady phase", &check, Fail, {
            let tape = asked(Tape::blank(), Service::Broker, "198.18.0.10:1883");
            connect(accepted(tape, 1), 1).end()
        }),
        case("a handshake that came to nothing", &check, Inconclusive, hello(start(), 1).end()),
        case("nothing", &check, Inconclusive, start().end()),
    ]
}

fn only_talks_to() -> Vec<Case> {
    let check = only();
    let asks = |tape, name: &str| {
        let seen = DnsSeen::Asked { name: name.to_owned(), kind: "A".to_owned(), tcp: false };
        traffic(tape, Traffic::Dns(seen))
    };
    let usual = || {
        let tape = traffic(start(), Traffic::Dhcp(DhcpSeen::Asked { message: "DHCPDISCOVER".to_owned() }));
        let tape = traffic(asks(tape, "mqtt.brownout.test"), Traffic::Ntp(NtpSeen::Asked));
        asked(tape, Service::Broker, "198.18.0.10:8883")
    };
    let listed = || astray(astray(usual(), "udp", "224.0.0.251:5353"), "tcp", "198.18.9.9:8883");
    let everybody = OnlyTalksTo { services: Service::ALL.to_vec(), names: Vec::new(), addresses: Vec::new() };
    let everybody = Check::OnlyTalksTo(everybody);
    vec![
        case("those it may", &check, Pass, usual().end()),
        case("addresses it may", &check, Pass, listed().end()),
        case("a name below, and one in capitals", &check, Pass, {
            asks(asks(usual(), "2.POOL.test"), "MQTT.brownout.test.").end()
        }),
        case("any name", &everybody, Pass, asks(usual(), "anything.example").end()),
        case("another name", &check, Fail, asks(usual(), "telemetry.vendor.example").end()),
        case("the name above", &check, Fail, asks(usual(), "pool.test").end()),
        case("another service", &check, Fail, asked(usual(), Service::Api, "198.18.0.30:443").end()),
        case("another address", &check, Fail, astray(usual(), "udp", "8.8.8.8:53").end()),
        case("another port of that address", &check, Fail, astray(usual(), "udp", "224.0.0.251:1900").end()),
        case("in teardown too", &everybody, Fail, {
            astray(usual().phase(crate::event::Phase::Teardown), "icmp", "8.8.8.8")
        }),
        case("nothing", &check, Inconclusive, start().end()),
    ]
}

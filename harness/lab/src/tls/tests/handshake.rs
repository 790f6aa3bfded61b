//! What a healthy server does.

use super::{Device, World};
use crate::service::StreamService as _;
use crate::tls::Settings;
use brownout_core::network::{Conn, End};
use brownout_core::time::Instant;
use proptest::prelude::*;
use rustls::CipherSuite;
use rustls::version::{TLS12, TLS13};

#[test]
fn a_device_and_a_service_talk() {
    let mut world = World::new(Settings::default(), Device::usual);
    world.connect();
    world.say(b"hello");
    world.say(b"bye");
    assert_eq!(world.device.heard, b"hellobye");
    assert!(!world.device.truncated);
    assert_eq!(world.server.inner().heard, b"hellobye");
    assert_eq!(
        world.seen,
        [
            "ClientHello { conn: Conn(1), name: Some(\"mqtt.brownout.test\"), resumes: false }",
            "Established { conn: Conn(1), version: \"TLSv1.3\", cipher: \"TLS_AES_128_GCM_SHA256\", client: Some(\"thermostat-1\") }",
            "FirstData { conn: Conn(1) }",
        ]
    );
    assert_eq!(world.ended, Some("closed"));
}

#[test]
fn every_suite_and_group_works_in_both_versions() {
    for (version, suites) in [
        (&TLS13, &[CipherSuite::TLS13_AES_128_GCM_SHA256, CipherSuite::TLS13_CHACHA20_POLY1305_SHA256]),
        (
            &TLS12,
            &[
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            ],
        ),
    ] {
        for suite in suites {
            for group in 0..2 {
                let mut world = World::new(Settings::default(), |pki| {
                    Device::new(pki, true, &[version], |with| {
                        with.cipher_suites.retain(|one| one.suite() == *suite);
                        with.kx_groups.swap(0, group);
                        with.kx_groups.truncate(1);
                    })
                });
                world.connect();
                let long: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
                world.say(&long);
                assert_eq!(world.device.error, None);
                assert!(world.device.heard == long, "{suite:?} {group}");
                assert!(world.saw("client: Some(\"thermostat-1\")"), "{:?}", world.seen);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = |settings| {
        let mut world = World::new(settings, Device::usual);
        for _ in 0..2 {
            world.connect();
            world.say(b"hello");
            world.say(b"bye");
        }
        world.wire
    };
    let tickets = Settings { tickets: true, ..Settings::default() };
    assert_eq!(run(Settings::default()), run(Settings::default()));
    assert_eq!(run(tickets), run(tickets));
    assert_ne!(run(tickets), run(Settings::default()));
}

#[test]
fn a_device_without_certificate_is_refused_where_one_is_required() {
    let without = |pki: &_| Device::new(pki, false, &[&TLS13], |_| ());
    let mut world = World::new(Settings::default(), without);
    world.connect();
    assert!(world.saw("client: None"), "{:?}", world.seen);
    let mut world = World::new(Settings { client_required: true, ..Settings::default() }, without);
    world.connect();
    assert_eq!(
        world.device.error,
        Some(rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired))
    );
    assert!(world.saw("Failed { conn: Conn(1), why: \"peer sent no certificates\" }"), "{:?}", world.seen);
    assert_eq!(world.server.inner().opened, 0);
}

#[test]
fn sessions_are_resumed_only_where_there_are_tickets() {
    for (tickets, second) in [(false, "resumes: false"), (true, "resumes: true")] {
        let mut world = World::new(Settings { tickets, ..Settings::default() }, Device::usual);
        world.connect();
        world.say(b"bye");
        world.seen.clear();
        world.connect();
        assert!(world.saw(second) && world.saw("Established"), "{:?}", world.seen);
        let kind = world.device.tls().handshake_kind().unwrap();
        assert_eq!(kind == rustls::HandshakeKind::Resumed, tickets);
    }
}

#[test]
fn closing_and_breaking_off_reach_the_service_once() {
    let mut world = World::new(Settings::default(), Device::usual);
    world.connect();
    world.device.tls().send_close_notify();
    world.settle();
    world.server.ended(world.now, world.conn, End::ByDevice);
    assert_eq!(world.server.inner().ends, [End::ByDevice]);
    assert!(world.saw("description: \"close_notify\", fatal: false"), "{:?}", world.seen);

    world.connect();
    world.server.ended(world.now, world.conn, End::ByDevice);
    world.server.ended(world.now, world.conn, End::ResetByDevice);
    world.settle();
    world.connect();
    world.server.ended(world.now, world.conn, End::TimedOut);
    world.server.ended(world.now, world.conn, End::TimedOut);
    let ends = [End::ByDevice, End::ByDevice, End::TimedOut];
    assert_eq!(world.server.inner().ends, ends);
}

#[test]
fn a_device_that_does_not_speak_tls_is_told_off() {
    let mut world = World::new(Settings::default(), Device::usual);
    world.connect();
    world.server.opened(world.now, Conn(9), super::PEER);
    world.server.received(world.now, Conn(9), b"\x10\x1a\x00\x04MQTT\x05\x02\x00\x3c");
    world.settle();
    assert!(world.saw("NotTls { conn: Conn(9) }"), "{:?}", world.seen);
    assert!(world.saw("Failed { conn: Conn(9), why: \"received corrupt message"), "{:?}", world.seen);
    assert_eq!(world.ended, Some("closed"));
}

#[test]
fn a_handshake_that_takes_too_long_is_given_up() {
    let mut world = World::new(Settings::default(), Device::usual);
    world.server.opened(Instant(5), Conn(1), super::PEER);
    let due = world.server.deadline().unwrap();
    assert_eq!(due, Instant(60_000_000_005));
    world.device.connect();
    world.server.poll(due);
    world.settle();
    assert!(world.saw("no handshake within 1min"), "{:?}", world.seen);
    assert_eq!(world.server.deadline(), None);
}

#[test]
fn a_clone_keeps_the_service_and_no_connection() {
    let mut world = World::new(Settings::default(), Device::usual);
    world.connect();
    world.say(b"hello");
    let mut fork = world.server.clone();
    assert_eq!(fork.inner().heard, b"hello");
    fork.received(world.now, world.conn, b"x");
    fork.ended(world.now, world.conn, End::TimedOut);
    assert_eq!(fork.output(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_bytes_are_borne(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..200), 1..8), after: bool) {
        let mut world = World::new(Settings::default(), Device::usual);
        world.connect();
        let conn = if after { world.conn } else { Conn(7) };
        if !after {
            world.server.opened(world.now, conn, super::PEER);
        }
        for chunk in chunks {
            world.server.received(world.now, conn, &chunk);
            while world.server.output().is_some() {}
        }
        prop_assert!(world.server.inner().heard.is_empty());
    }

    #[test]
    fn a_damaged_byte_is_never_let_through(at in 0..4000_usize, bit in 0..8_u8) {
        let mut world = World::new(Settings::default(), Device::usual);
        world.device.connect();
        world.server.opened(world.now, Conn(1), super::PEER);
        world.conn = Conn(1);
        // The first message, the second (certificate and all), and data, with one bit turned over somewhere.
        let mut place = at;
        for round in 0..3 {
            if round == 2 && world.device.error.is_none() && !world.device.tls().is_handshaking() {
                world.device.write(b"hello");
            }
            let mut up = world.device.pending();
            match up.get_mut(place) {
                Some(byte) => { *byte ^= 1 << bit; place = usize::MAX; }
                None => place = place.saturating_sub(up.len()),
            }
            if !up.is_empty() {
                world.server.received(world.now, Conn(1), &up);
            }
            while let Some(out) = world.server.output() {
                if let crate::service::StreamOut::Send { bytes, .. } = out {
                    world.device.take(&bytes);
                }
            }
        }
        let heard = &world.server.inner().heard;
        prop_assert!(heard.is_empty() || heard == b"hello", "{heard:?}");
    }
}

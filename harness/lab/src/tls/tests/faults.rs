//! What a faulty server does, and what a device makes of it.

use super::{Device, World};
use crate::service::StreamService as _;
use crate::tls::Settings;
use brownout_core::network::{AlertDescription, BadCertificate, End, HandshakeState, TlsFault};
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription as Received, CertificateError, Error, SupportedProtocolVersion};

static BOTH: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

/// A world in which a fault is in force under the name `fault`.
fn faulty(version: &'static SupportedProtocolVersion, settings: Settings, fault: TlsFault) -> World {
    let mut world = World::new(settings, |pki| Device::new(pki, true, &[version], |_| ()));
    world.server.misbehave(world.now, "fault", fault).unwrap();
    world
}

/// The device connects again and all is well.
fn heals(world: &mut World) {
    world.seen.clear();
    world.connect();
    world.say(b"well");
    assert_eq!(world.device.heard, b"well", "{:?}", world.seen);
}

#[test]
fn bad_certificates_are_refused_with_the_alert_they_deserve() {
    for version in BOTH {
        for how in BadCertificate::ALL {
            let mut world = faulty(version, Settings::default(), TlsFault::Certificate(*how));
            world.connect();
            let alert = match how {
                BadCertificate::Expired | BadCertificate::ExpiredIntermediate => "certificate_expired",
                BadCertificate::NotYetValid | BadCertificate::WrongHost => "bad_certificate",
                BadCertificate::UnknownCa | BadCertificate::MissingIntermediate => "unknown_ca",
                // What is not an authority vouches for it.
                BadCertificate::SelfSigned => "unknown_ca",
                BadCertificate::WrongUsage => "unsupported_certificate",
                BadCertificate::Weak | BadCertificate::KeyMismatch => "decrypt_error",
            };
            let alert = match how {
                BadCertificate::NotYetValid => "certificate_expired",
                _ => alert,
            };
            assert!(
                world.saw(&format!("Alert {{ conn: Conn(1), description: {alert:?}, fatal: true }}")),
                "{how:?}: {:?} {:?}",
                world.device.error,
                world.seen
            );
            assert!(world.saw("Met { name: \"fault\", times: 1 }") && !world.saw("Established"), "{how:?}");
            assert_eq!(world.server.inner().opened, 0);
            assert_eq!(world.server.behave("fault"), Some(1));
            heals(&mut world);
        }
    }
}

#[test]
fn a_new_root_is_accepted_only_where_the_old_one_vouches_for_it() {
    let mut world = faulty(&TLS13, Settings::default(), TlsFault::CaRotated { cross_signed: false });
    world.connect();
    assert_eq!(world.device.error, Some(CertificateError::UnknownIssuer.into()));
    world.server.misbehave(world.now, "fault", TlsFault::CaRotated { cross_signed: true }).unwrap();
    heals(&mut world);
    assert_eq!(world.server.behave("fault"), Some(1));
}

#[test]
fn an_oversized_chain_is_valid_and_long() {
    for version in BOTH {
        for bytes in [16_384, 60_000] {
            let mut world = faulty(version, Settings::default(), TlsFault::OversizedChain { bytes });
            world.connect();
            let sent = world.wire.len() as u64;
            assert!((bytes..bytes + 8_000).contains(&sent), "{sent}");
            assert_eq!(world.device.error, None);
            heals(&mut world);
        }
    }
}

#[test]
fn a_device_is_refused_whatever_it_shows() {
    for (certificate, version) in [(true, BOTH[0]), (false, BOTH[0]), (true, BOTH[1]), (false, BOTH[1])] {
        let mut world =
            World::new(Settings::default(), |pki| Device::new(pki, certificate, &[version], |_| ()));
        let fault = TlsFault::ClientRefused { alert: AlertDescription::CertificateRevoked };
        world.server.misbehave(world.now, "fault", fault).unwrap();
        world.connect();
        assert_eq!(world.device.error, Some(Error::AlertReceived(Received::CertificateRevoked)));
        assert!(world.saw("Met") && world.saw("Failed"), "{:?}", world.seen);
        assert_eq!((world.server.inner().opened, world.ended), (0, Some("closed")));
        assert_eq!(world.server.behave("fault"), Some(1));
        heals(&mut world);
    }
}

#[test]
fn a_server_without_a_common_version_says_so() {
    let mut world = faulty(&TLS13, Settings::default(), TlsFault::NoCommonVersion);
    world.connect();
    assert_eq!(world.device.error, Some(Error::AlertReceived(Received::ProtocolVersion)));
    assert_eq!(world.ended, Some("closed"));
    assert_eq!(world.server.behave("fault"), Some(1));
    heals(&mut world);
}

/// The messages of the server that a device has got, from what it sends on when the server says no more.
fn got(world: &mut World) -> HandshakeState {
    use HandshakeState::{Certificate, CertificateVerify, ClientHello, Finished, ServerHello};
    let tls = world.device.tls();
    if !tls.is_handshaking() {
        return Finished;
    }
    match (tls.protocol_version(), tls.negotiated_cipher_suite(), tls.peer_certificates()) {
        (_, _, Some(_)) => CertificateVerify,
        (Some(_), Some(_), None) if world.wire.len() > 500 => Certificate,
        (Some(_), Some(_), None) => ServerHello,
        _ => ClientHello,
    }
}

#[test]
fn a_server_stops_where_it_is_told_to() {
    for at in HandshakeState::ALL {
        for reset in [false, true] {
            let fault = if reset { TlsFault::Reset { at: *at } } else { TlsFault::Stall { at: *at } };
            let mut world = faulty(&TLS13, Settings::default(), fault);
            world.connect();
            assert_eq!(world.device.error, None, "{at:?}");
            assert_eq!(got(&mut world), *at);
            assert!(world.saw("Met { name: \"fault\", times: 1 }") && !world.saw("Established"));
            assert_eq!(world.ended, None);
            assert_eq!(world.server.deadline().is_some(), reset);
            if let Some(due) = world.server.deadline() {
                assert_eq!(due.0, 100_000_000);
                world.server.poll(due);
                world.settle();
                assert_eq!(world.ended, Some("reset"));
            }
            assert_eq!(world.server.behave("fault"), Some(1));
            world.server.ended(world.now, world.conn, End::TimedOut);
            heals(&mut world);
        }
    }
}

#[test]
fn a_server_of_tls_12_stops_too() {
    let mut lengths = Vec::new();
    for at in HandshakeState::ALL {
        let mut world = faulty(&TLS12, Settings::default(), TlsFault::Stall { at: *at });
        world.connect();
        assert_eq!(world.device.error, None, "{at:?}");
        assert!(world.saw("Met") && !world.saw("Established"), "{:?}", world.seen);
        lengths.push(world.wire.len());
    }
    assert!(lengths[0] == 0 && lengths.is_sorted_by(|a, b| a < b), "{lengths:?}");
}

#[test]
fn an_oversized_chain_can_be_cut_too() {
    let mut world = faulty(&TLS13, Settings::default(), TlsFault::OversizedChain { bytes: 40_000 });
    world.server.misbehave(world.now, "stop", TlsFault::Stall { at: HandshakeState::Certificate }).unwrap();
    world.connect();
    assert_eq!((world.device.error.clone(), got(&mut world)), (None, HandshakeState::Certificate));
    assert!(world.wire.len() > 40_000);
    assert_eq!((world.server.behave("fault"), world.server.behave("stop")), (Some(1), Some(1)));
}

#[test]
fn an_alert_comes_in_mid_stream_and_not_before() {
    for version in BOTH {
        let fault = TlsFault::Alert { description: AlertDescription::InternalError, after: 7 };
        let mut world = faulty(version, Settings::default(), fault);
        world.connect();
        world.say(b"hello");
        assert_eq!((world.device.error.clone(), world.saw("Met")), (None, false));
        world.say(b"world");
        assert_eq!(world.device.heard, b"hellowo");
        assert_eq!(world.device.error, Some(Error::AlertReceived(Received::InternalError)));
        assert_eq!(
            (world.ended, world.server.inner().ends.as_slice()),
            (Some("closed"), &[End::ByService][..])
        );
        assert_eq!(world.server.behave("fault"), Some(1));
        heals(&mut world);
    }
}

#[test]
fn a_truncated_close_lacks_its_close_notify() {
    let mut world = faulty(&TLS13, Settings::default(), TlsFault::TruncatedClose { after: 7 });
    world.connect();
    world.say(b"hello world");
    assert_eq!(world.device.heard, b"hello w");
    assert!(world.device.truncated && world.ended == Some("closed"));
    assert_eq!(world.server.behave("fault"), Some(1));
    heals(&mut world);
    world.say(b"bye");
    assert!(!world.device.truncated && world.ended == Some("closed"));
}

#[test]
fn streams_that_stand_are_broken_off_too_and_their_bytes_counted_anew() {
    let mut world = World::new(Settings::default(), Device::usual);
    world.connect();
    world.say(b"hello");
    world.server.misbehave(world.now, "fault", TlsFault::TruncatedClose { after: 3 }).unwrap();
    world.settle();
    assert_eq!(world.ended, None);
    world.say(b"world");
    assert_eq!(world.device.heard, b"hellowor");
    world.server.behave("fault");
    world.connect();
    world.server.misbehave(world.now, "fault", TlsFault::TruncatedClose { after: 0 }).unwrap();
    world.settle();
    assert_eq!(world.ended, Some("closed"));
    assert_eq!(world.server.behave("fault"), Some(1));
}

#[test]
fn a_ticket_is_given_and_then_refused() {
    for version in BOTH {
        let mut world = faulty(version, Settings::default(), TlsFault::TicketRefused);
        for resumes in [false, true] {
            world.connect();
            world.say(b"bye");
            assert_eq!(world.device.heard, b"bye");
            assert_eq!(world.saw("resumes: true"), resumes);
            assert_eq!(world.device.tls().handshake_kind(), Some(rustls::HandshakeKind::Full));
        }
        assert_eq!(world.server.behave("fault"), Some(1));
    }
}

#[test]
fn a_resumed_session_can_be_stopped_too() {
    let tickets = Settings { tickets: true, ..Settings::default() };
    let mut world = World::new(tickets, Device::usual);
    world.connect();
    world.say(b"bye");
    world.seen.clear();
    world.server.misbehave(world.now, "fault", TlsFault::Stall { at: HandshakeState::ServerHello }).unwrap();
    world.connect();
    assert!(world.saw("resumes: true") && !world.saw("Established"), "{:?}", world.seen);
    assert_eq!(world.server.behave("fault"), Some(1));
}

#[test]
fn a_resumed_session_shows_no_certificate() {
    let tickets = Settings { tickets: true, ..Settings::default() };
    let mut world = World::new(tickets, Device::usual);
    world.connect();
    world.say(b"bye");
    world.server.misbehave(world.now, "fault", TlsFault::Certificate(BadCertificate::Expired)).unwrap();
    world.connect();
    assert!(world.saw("resumes: true") && world.device.error.is_none());
    assert_eq!(world.server.behave("fault"), Some(0));
}

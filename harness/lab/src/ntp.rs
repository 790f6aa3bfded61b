//! The time server (RFC 5905, unicast, as a primary server), at the address of [`Service::Ntp`] in the plan.
//!
//! [`Service::Ntp`]: brownout_core::network::Service::Ntp

use crate::faults::Faults;
use crate::service::{DatagramOut, DatagramService, Seen};
use crate::time::Epoch;
use brownout_core::network::{Kiss, NtpFault, NtpSeen, Traffic};
use brownout_core::time::Instant;
use core::net::SocketAddrV4;
use std::collections::VecDeque;

/// Seconds from 1900, where NTP's prime epoch is, to 1970 (RFC 5905 figure 4).
const TO_1970: i128 = 2_208_988_800;

/// The first second of NTP's era 1, since 1970: 2036-02-07T06:28:16Z.
const ERA_1: i128 = (1 << 32) - TO_1970;

/// How far a clock in the next era is in it, in seconds. Who knows of one era only takes that for 1900.
const INTO_ERA_1: i128 = 3600;

const SECOND: i128 = 1_000_000_000;

/// The length of a message without extensions and authentication (RFC 5905 figure 8).
const HEADER: usize = 48;

const CLIENT: u8 = 3;
const SERVER: u8 = 4;

/// The leap indicator of a clock that is not synchronised.
const UNKNOWN: u8 = 3;

/// The stratum of a clock that is not synchronised.
const UNSYNCHRONISED: u8 = 16;

/// Its clock is read to a microsecond: 2^-20 s.
const PRECISION: i8 = -20;

/// How often the clock was set by its reference: every 16 s.
const SET_EVERY: i128 = 16 * SECOND;

/// The time server.
#[derive(Clone, Debug)]
pub struct Ntp {
    epoch: Epoch,
    faults: Faults<NtpFault>,
    out: VecDeque<DatagramOut>,
}

/// What a client asks.
struct Ask {
    version: u8,
    poll: u8,
    /// When it asked, by its own clock; only it knows what that means.
    transmit: [u8; 8],
}

/// An answer (RFC 5905 figure 8).
struct Answer {
    leap: u8,
    stratum: u8,
    root_dispersion: u32,
    reference_id: [u8; 4],
    reference: [u8; 8],
    /// When the question came and when the answer left: the same, here.
    now: [u8; 8],
}

impl Ntp {
    /// A server whose clock is right.
    pub fn new(epoch: Epoch) -> Self {
        Self { epoch, faults: Faults::default(), out: VecDeque::new() }
    }

    /// Begins to do something wrong, under a name.
    pub fn misbehave(&mut self, name: &str, fault: NtpFault) {
        self.faults.set(name, fault);
    }

    /// Stops it: how often the device met it, `None` if it was not in force.
    pub fn behave(&mut self, name: &str) -> Option<u64> {
        self.faults.take_back(name)
    }

    fn meet<R>(&mut self, which: impl FnMut(&NtpFault) -> Option<R>) -> Option<R> {
        let (found, seen) = self.faults.meet(which)?;
        self.out.extend(seen.map(DatagramOut::Seen));
        Some(found)
    }

    fn meets(&mut self, which: &NtpFault) -> bool {
        self.meet(|fault| (fault == which).then_some(())).is_some()
    }

    fn seen(&mut self, seen: NtpSeen) {
        self.out.push_back(DatagramOut::Seen(Seen::Traffic(Traffic::Ntp(seen))));
    }

    /// What the server's clock shows, in nanoseconds since 1970.
    fn clock(&mut self, now: Instant) -> i128 {
        if self.meets(&NtpFault::NextEra) {
            return (ERA_1 + INTO_ERA_1) * SECOND + i128::from(now.0);
        }
        let off = self.meet(|fault| match fault {
            NtpFault::Off(off) => Some(i128::from(off.0) * SECOND),
            _ => None,
        });
        self.epoch.unix_nanos(now) + off.unwrap_or(0)
    }

    fn answer(&mut self, now: Instant, ask: &Ask) -> (Answer, i128) {
        let kiss = self.meet(|fault| match fault {
            NtpFault::KissOfDeath(kiss) => Some(*kiss),
            _ => None,
        });
        if let Some(kiss) = kiss {
            return (Answer::kiss(kiss, ask), unix_of(ask.transmit));
        }
        let clock = self.clock(now);
        let answer = Answer {
            leap: 0,
            stratum: 1,
            root_dispersion: 16,
            reference_id: *b"LOCL",
            reference: stamp(clock - clock.rem_euclid(SET_EVERY)),
            now: stamp(clock),
        };
        if self.meets(&NtpFault::Unsynchronised) {
            // A dispersion of 16 s is all there can be (MAXDISP).
            let never = Answer {
                leap: UNKNOWN,
                stratum: UNSYNCHRONISED,
                root_dispersion: 16 << 16,
                reference_id: [0; 4],
                reference: [0; 8],
                ..answer
            };
            return (never, clock);
        }
        (answer, clock)
    }
}

impl Answer {
    /// A kiss tells no time (RFC 5905 section 7.4): as ntpd does, it hands the client's own stamp back.
    fn kiss(code: Kiss, ask: &Ask) -> Self {
        let reference_id = match code {
            Kiss::Deny => *b"DENY",
            Kiss::Rstr => *b"RSTR",
            Kiss::Rate => *b"RATE",
        };
        let (reference, now) = ([0; 8], ask.transmit);
        Self { leap: UNKNOWN, stratum: 0, root_dispersion: 0, reference_id, reference, now }
    }

    fn write(&self, ask: &Ask) -> Vec<u8> {
        let first = self.leap << 6 | ask.version << 3 | SERVER;
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend([first, self.stratum, ask.poll, PRECISION.cast_unsigned()]);
        // There is no way to the reference, so no delay on it.
        bytes.extend(0_u32.to_be_bytes());
        bytes.extend(self.root_dispersion.to_be_bytes());
        bytes.extend(self.reference_id);
        for stamp in [self.reference, ask.transmit, self.now, self.now] {
            bytes.extend(stamp);
        }
        bytes
    }
}

impl Ask {
    /// A client's question; `None` for anything else. Extensions and authentication behind it are not looked at.
    fn read(bytes: &[u8]) -> Option<Self> {
        let header = bytes.first_chunk::<HEADER>()?;
        let [first, _, poll, ..] = *header;
        let version = first >> 3 & 7;
        let is_question = first & 7 == CLIENT && (1..=4).contains(&version);
        is_question.then_some(Self { version, poll, transmit: *header.last_chunk()? })
    }
}

impl DatagramService for Ntp {
    fn received(&mut self, now: Instant, from: SocketAddrV4, bytes: &[u8]) {
        let Some(ask) = Ask::read(bytes) else { return };
        self.seen(NtpSeen::Asked);
        if self.meets(&NtpFault::Silent) {
            return;
        }
        let (answer, clock) = self.answer(now, &ask);
        // It fits: a clock of 64 bits of nanoseconds and a deviation of some centuries, in seconds.
        let unix = clock.div_euclid(SECOND) as i64;
        self.seen(NtpSeen::Answered { stratum: answer.stratum, unix });
        self.out.push_back(DatagramOut::Send { to: from, bytes: answer.write(&ask) });
    }

    fn poll(&mut self, _: Instant) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn output(&mut self) -> Option<DatagramOut> {
        self.out.pop_front()
    }
}

/// Nanoseconds since 1970 as NTP has them: 32 bits of seconds since 1900, whatever the era, and 32 of their fraction.
fn stamp(unix_nanos: i128) -> [u8; 8] {
    let seconds = unix_nanos.div_euclid(SECOND) + TO_1970;
    let fraction = (unix_nanos.rem_euclid(SECOND) << 32) / SECOND;
    (((seconds as u64) << 32) | fraction as u64).to_be_bytes()
}

/// What a stamp says in era 0, in nanoseconds since 1970.
fn unix_of(stamp: [u8; 8]) -> i128 {
    let stamp = i128::from(u64::from_be_bytes(stamp));
    ((stamp >> 32) - TO_1970) * SECOND + (((stamp & 0xffff_ffff) * SECOND) >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use brownout_core::quantity::Offset;
    use core::net::Ipv4Addr;
    use proptest::prelude::*;

    const DEVICE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 100), 50_123);
    /// 2026-11-21T08:00:00Z.
    const UNIX: i64 = 1_795_248_000;
    const LATER: Instant = Instant(500_000_000);

    fn question() -> Vec<u8> {
        let mut bytes = vec![0; HEADER];
        bytes[0] = 4 << 3 | CLIENT;
        bytes[2] = 6;
        bytes[40..].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        bytes
    }

    fn ask(ntp: &mut Ntp) -> (Option<Vec<u8>>, Vec<Seen>) {
        ntp.received(LATER, DEVICE, &question());
        let (mut answer, mut seen) = (None, Vec::new());
        while let Some(out) = ntp.output() {
            match out {
                DatagramOut::Send { to, bytes } => {
                    assert_eq!(to, DEVICE);
                    answer = Some(bytes);
                }
                DatagramOut::Seen(one) => seen.push(one),
            }
        }
        (answer, seen)
    }

    fn with(fault: NtpFault) -> Vec<u8> {
        let mut ntp = Ntp::new(Epoch::from_unix(UNIX));
        ntp.misbehave("fault", fault);
        let (answer, seen) = ask(&mut ntp);
        assert!(seen.contains(&Seen::Met { name: "fault".to_owned(), times: 1 }));
        assert_eq!(ntp.behave("fault"), Some(1));
        answer.unwrap()
    }

    fn seconds(answer: &[u8]) -> u32 {
        u32::from_be_bytes(answer[40..44].try_into().unwrap())
    }

    #[test]
    fn the_right_time_in_the_fields_of_the_rfc() {
        let (answer, seen) = ask(&mut Ntp::new(Epoch::from_unix(UNIX)));
        let answer = answer.unwrap();
        assert_eq!(answer.len(), HEADER);
        assert_eq!(answer[..4], [0x24, 1, 6, 0xec], "no leap, version 4, server; stratum; poll; precision");
        assert_eq!(answer[24..32], [1, 2, 3, 4, 5, 6, 7, 8], "the question's transmit time");
        assert_eq!(answer[32..40], answer[40..48], "it comes and goes at the same time");
        assert_eq!(seconds(&answer), 4_004_236_800, "seconds since 1900");
        assert_eq!(answer[44..48], [0x80, 0, 0, 0], "and a half");
        assert_eq!(seconds(&answer) % 16, u32::from(answer[19]) % 16);
        assert_eq!(
            seen,
            [
                Seen::Traffic(Traffic::Ntp(NtpSeen::Asked)),
                Seen::Traffic(Traffic::Ntp(NtpSeen::Answered { stratum: 1, unix: UNIX })),
            ]
        );
    }

    #[test]
    fn the_eras_meet_in_2036() {
        assert_eq!(stamp(-TO_1970 * SECOND), [0; 8]);
        assert_eq!(stamp(0), [0x83, 0xaa, 0x7e, 0x80, 0, 0, 0, 0], "RFC 5905 figure 4");
        assert_eq!(stamp(ERA_1 * SECOND - 1)[..4], [0xff; 4]);
        assert_eq!(stamp(ERA_1 * SECOND), [0; 8]);
        assert_eq!(seconds(&with(NtpFault::NextEra)), 3600);
    }

    #[test]
    fn silence_is_met_too() {
        let mut ntp = Ntp::new(Epoch::from_unix(UNIX));
        ntp.misbehave("ntp_silence", NtpFault::Silent);
        assert_eq!(ask(&mut ntp).0, None);
        assert_eq!(ntp.behave("ntp_silence"), Some(1));
        assert!(ask(&mut ntp).0.is_some());
    }

    #[test]
    fn a_kiss_of_death_names_its_code_and_no_time() {
        for (code, text) in [(Kiss::Deny, b"DENY"), (Kiss::Rstr, b"RSTR"), (Kiss::Rate, b"RATE")] {
            let answer = with(NtpFault::KissOfDeath(code));
            assert_eq!(answer[..2], [0xe4, 0], "leap unknown, stratum 0");
            assert_eq!(answer[12..16], *text);
            assert_eq!(answer[40..48], answer[24..32]);
        }
    }

    #[test]
    fn a_clock_that_is_off_is_off_by_so_much() {
        let year = 31_536_000;
        assert_eq!(seconds(&with(NtpFault::Off(Offset(-year)))), 4_004_236_800 - 31_536_000);
        assert_eq!(seconds(&with(NtpFault::Off(Offset(90)))), 4_004_236_890);
    }

    #[test]
    fn one_that_is_not_synchronised_says_so() {
        let answer = with(NtpFault::Unsynchronised);
        assert_eq!(answer[..2], [0xe4, 16]);
        assert_eq!(answer[16..24], [0; 8], "it was never set");
        assert_eq!(seconds(&answer), 4_004_236_800);
    }

    proptest! {
        #[test]
        fn anything_is_answered_or_ignored(
            bytes in proptest::collection::vec(any::<u8>(), 0..120),
            nanos: u64,
            epoch: i64,
            off: i64,
        ) {
            let mut ntp = Ntp::new(Epoch { unix_nanos_at_zero: epoch });
            ntp.misbehave("off", NtpFault::Off(Offset(off)));
            let mut question = question();
            question.truncate(bytes.len());
            question[..bytes.len().min(3)].copy_from_slice(&bytes[..bytes.len().min(3)]);
            for datagram in [&bytes, &question] {
                ntp.received(Instant(nanos), DEVICE, datagram);
                let sent = std::iter::from_fn(|| ntp.output())
                    .filter(|out| matches!(out, DatagramOut::Send { bytes, .. } if bytes.len() == HEADER));
                prop_assert!(sent.count() <= 1);
            }
        }

        #[test]
        fn a_stamp_reads_back_to_the_nanosecond(nanos in 0..ERA_1 * SECOND) {
            prop_assert!((unix_of(stamp(nanos)) - nanos).abs() <= 1);
        }
    }
}

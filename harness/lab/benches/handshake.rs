//! What TLS costs the world: the certificates of a run, the server's side of a handshake, and bytes behind it.
//!
//! `cargo bench -p brownout-lab --bench handshake`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints")]
#![allow(clippy::disallowed_methods, reason = "a benchmark looks at the clock")]

use brownout_core::network::{BadCertificate, Conn, End};
use brownout_core::time::Instant;
use brownout_lab::pki::{Entropy, Pki};
use brownout_lab::service::{StreamOut, StreamService};
use brownout_lab::tls::{Client, Settings, Tls};
use core::net::{Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

const HOST: &str = "mqtt.brownout.test";
const UNIX: i64 = 1_767_225_600;
const TIMES: u32 = 500;
const PEER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 100), 49152);

/// Takes everything and says nothing.
struct Sink;

impl StreamService for Sink {
    fn opened(&mut self, _: Instant, _: Conn, _: SocketAddrV4) {}
    fn received(&mut self, _: Instant, _: Conn, _: &[u8]) {}
    fn ended(&mut self, _: Instant, _: Conn, _: End) {}
    fn poll(&mut self, _: Instant) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn output(&mut self) -> Option<StreamOut> {
        None
    }
}

/// Runs something, and adds the time it took.
fn timed<R>(spent: &mut Duration, work: impl FnOnce() -> R) -> R {
    let began = std::time::Instant::now();
    let result = work();
    *spent += began.elapsed();
    result
}

fn main() {
    let mut making = Duration::ZERO;
    let pki = timed(&mut making, || {
        (1..TIMES).for_each(|seed| drop(Pki::new(seed.into(), UNIX, "device", &[HOST]).unwrap()));
        Pki::new(TIMES.into(), UNIX, "device", &[HOST]).unwrap()
    });
    println!("certificates of a run: {:?}", making / TIMES);

    let mut expired = Duration::ZERO;
    timed(&mut expired, || (0..TIMES).for_each(|_| drop(pki.bad(BadCertificate::Expired).unwrap())));
    println!("a bad certificate: {:?}", expired / TIMES);

    let entropy = Entropy::new(1, "bench");
    let pki = Arc::new(pki);
    let mut server = Tls::new(Sink, pki.clone(), Settings::default(), &entropy, UNIX).unwrap();
    let mut client = Client::new(&pki, UNIX as u64, &entropy).unwrap();
    let (mut there, mut here) = (Duration::ZERO, Duration::ZERO);
    for n in 1..=TIMES {
        shake(&mut server, &mut client, Conn(n), &mut here, &mut there);
        server.ended(Instant::ZERO, Conn(n), End::TimedOut);
    }
    println!("handshake with client certificate: server {:?}, client {:?}", here / TIMES, there / TIMES);

    let conn = Conn(TIMES + 1);
    shake(&mut server, &mut client, conn, &mut here, &mut there);
    let (megabytes, mut opening) = (64, Duration::ZERO);
    for _ in 0..megabytes {
        client.write(&vec![7; 1 << 20]);
        let sealed = client.pending();
        timed(&mut opening, || {
            for segment in sealed.chunks(1460) {
                server.received(Instant::ZERO, conn, segment);
            }
        });
    }
    println!("data of a device: {:.0} MB/s", f64::from(megabytes) / opening.as_secs_f64());
}

/// A handshake, with the time that each side took.
fn shake(server: &mut Tls<Sink>, client: &mut Client, conn: Conn, here: &mut Duration, there: &mut Duration) {
    timed(there, || client.connect(HOST).unwrap());
    timed(here, || server.opened(Instant::ZERO, conn, PEER));
    loop {
        let up = timed(there, || client.pending());
        if up.is_empty() {
            break;
        }
        let down = timed(here, || {
            server.received(Instant::ZERO, conn, &up);
            let mut down = Vec::new();
            while let Some(out) = server.output() {
                if let StreamOut::Send { bytes, .. } = out {
                    down.extend(bytes);
                }
            }
            down
        });
        timed(there, || client.take(&down).unwrap());
    }
    assert!(client.connection().is_some_and(|connection| !connection.is_handshaking()));
}

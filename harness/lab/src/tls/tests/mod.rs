//! A device of rustls against the TLS layer, without a network between them.

mod device;
mod faults;
mod handshake;

use super::{Settings, Tls};
use crate::pki::{Entropy, Pki};
use crate::service::{Seen, StreamOut, StreamService};
use brownout_core::network::{Conn, End, Traffic};
use brownout_core::time::Instant;
use core::net::{Ipv4Addr, SocketAddrV4};
use device::Device;
use std::collections::VecDeque;
use std::sync::Arc;

pub(super) const EPOCH: i64 = 1_767_225_600;
pub(super) const HOST: &str = "mqtt.brownout.test";
const PEER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 100), 49152);

/// Gives back what it gets, and closes at `bye`.
#[derive(Clone, Debug, Default)]
pub(super) struct Echo {
    pub(super) heard: Vec<u8>,
    pub(super) ends: Vec<End>,
    pub(super) opened: u32,
    out: VecDeque<StreamOut>,
}

impl StreamService for Echo {
    fn opened(&mut self, _: Instant, _: Conn, _: SocketAddrV4) {
        self.opened += 1;
    }

    fn received(&mut self, _: Instant, conn: Conn, bytes: &[u8]) {
        self.heard.extend_from_slice(bytes);
        self.out.push_back(StreamOut::Send { conn, bytes: bytes.to_vec() });
        if bytes.ends_with(b"bye") {
            self.out.push_back(StreamOut::Close { conn });
        }
    }

    fn ended(&mut self, _: Instant, conn: Conn, end: End) {
        self.ends.push(end);
        self.out.push_back(StreamOut::Close { conn });
    }

    fn poll(&mut self, _: Instant) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn output(&mut self) -> Option<StreamOut> {
        self.out.pop_front()
    }
}

/// Both ends and the wire between them.
pub(super) struct World {
    pub(super) server: Tls<Echo>,
    pub(super) device: Device,
    pub(super) conn: Conn,
    pub(super) now: Instant,
    /// What was seen, in words.
    pub(super) seen: Vec<String>,
    /// All that the server sent.
    pub(super) wire: Vec<u8>,
    /// How the server ended the connection.
    pub(super) ended: Option<&'static str>,
}

impl World {
    pub(super) fn new(settings: Settings, device: impl FnOnce(&Pki) -> Device) -> Self {
        let pki = Arc::new(Pki::new(1, EPOCH, "thermostat-1", &[HOST]).unwrap());
        let device = device(&pki);
        let server = Tls::new(Echo::default(), pki, settings, &Entropy::new(1, "world"), EPOCH).unwrap();
        Self {
            server,
            device,
            conn: Conn(0),
            now: Instant::ZERO,
            seen: Vec::new(),
            wire: Vec::new(),
            ended: None,
        }
    }

    /// The device opens a connection and both talk until nobody has anything to say.
    pub(super) fn connect(&mut self) {
        self.conn = Conn(self.conn.0 + 1);
        self.ended = None;
        self.device.connect();
        self.server.opened(self.now, self.conn, PEER);
        self.settle();
    }

    pub(super) fn say(&mut self, bytes: &[u8]) {
        self.device.write(bytes);
        self.settle();
    }

    pub(super) fn settle(&mut self) {
        loop {
            let up = self.device.pending();
            if !up.is_empty() {
                self.server.received(self.now, self.conn, &up);
            }
            let mut quiet = up.is_empty();
            while let Some(out) = self.server.output() {
                quiet = false;
                match out {
                    StreamOut::Send { bytes, .. } => {
                        self.wire.extend(&bytes);
                        self.device.take(&bytes);
                    }
                    StreamOut::Close { .. } => {
                        self.device.closed();
                        self.ended = Some("closed");
                    }
                    StreamOut::Reset { .. } => self.ended = Some("reset"),
                    StreamOut::Deaf { .. } => (),
                    StreamOut::Seen(Seen::Traffic(Traffic::Tls(seen))) => self.seen.push(format!("{seen:?}")),
                    StreamOut::Seen(other) => self.seen.push(format!("{other:?}")),
                }
            }
            if quiet {
                return;
            }
        }
    }

    pub(super) fn saw(&self, part: &str) -> bool {
        self.seen.iter().any(|seen| seen.contains(part))
    }
}

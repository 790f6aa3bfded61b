//! TLS in front of a service: the handshake, the certificates, and what goes wrong with them.

mod client_hello;
mod config;
mod flight;
mod handshake;
mod machine;
mod plain;
mod provider;
mod stream;
mod surroundings;
mod wrong;

use crate::faults::Faults;
use crate::pki::{Entropy, Pki, PkiError};
use crate::service::{Seen, StreamOut, StreamService};
use brownout_core::network::{Conn, End, TlsFault, TlsSeen, Traffic};
use brownout_core::time::{Duration, Instant};
use client_hello::{ClientHello, FirstBytes};
use config::{Base, Offer};
use core::net::SocketAddrV4;
use machine::Machine;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use surroundings::Surroundings;
use wrong::{Stop, Wrong};

/// How a TLS server is set up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// A device that shows no certificate is refused. One is asked for in any case.
    pub client_required: bool,
    /// Sessions can be resumed by tickets. Without them each handshake is a whole one, and a certificate that was changed
    /// is really seen.
    pub tickets: bool,
}

/// How long a device may take for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(60);

/// How long after its last bytes a server resets a connection, so that they arrive before.
const RESET_AFTER: Duration = Duration::from_millis(100);

/// A service behind TLS. It ends TLS: what is behind it sees plain bytes, and knows of a connection once its handshake is
/// through.
///
/// Connections are not part of its clone: they are cut where a device loses power, and nothing else is cloned for.
#[derive(Debug)]
pub struct Tls<S> {
    inner: S,
    pki: Arc<Pki>,
    base: Base,
    settings: Settings,
    entropy: Entropy,
    /// Unix time at the beginning of the run, in seconds.
    epoch: i64,
    faults: Faults<Wrong>,
    connections: BTreeMap<Conn, Connection>,
    /// Those at the plain port.
    plain: BTreeSet<Conn>,
    now: Instant,
    out: VecDeque<StreamOut>,
}

#[derive(Debug)]
struct Connection {
    peer: SocketAddrV4,
    opened: Instant,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// The ClientHello is not whole yet.
    Hello(Vec<u8>),
    /// The handshake is under way.
    Handshake(Handshake),
    /// It is through.
    Open(Open),
    /// The server says nothing more, as a fault wants it.
    Stalled,
    /// The server resets the connection, as a fault wants it.
    Resetting(Instant),
    /// Nothing more is said, and nothing heard.
    Over,
}

#[derive(Debug)]
struct Handshake {
    machine: Machine,
    /// Where it stops.
    stop: Option<Box<Stopping>>,
}

/// What it takes to make a flight again.
#[derive(Debug)]
struct Stopping {
    stop: Stop,
    offer: Offer,
    surroundings: Surroundings,
    /// What the device sent.
    got: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    machine: Machine,
    /// Application data of the device has come.
    data: bool,
    /// The device has closed its side.
    closed: bool,
    /// So many bytes of application data were sent to the device, since the handshake or the last fault that counts them.
    sent: u64,
}

impl<S: Clone> Clone for Tls<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            pki: self.pki.clone(),
            base: self.base.clone(),
            settings: self.settings,
            entropy: self.entropy.clone(),
            epoch: self.epoch,
            faults: self.faults.clone(),
            connections: BTreeMap::new(),
            plain: BTreeSet::new(),
            now: self.now,
            out: VecDeque::new(),
        }
    }
}

impl<S: StreamService> Tls<S> {
    /// Puts TLS in front of a service. `epoch` is Unix time at the beginning of the run, in seconds; `entropy` feeds
    /// keys and nonces, each connection from its own number on.
    ///
    /// # Errors
    /// If the certificates do not fit together, which those that [`Pki`] makes do.
    pub fn new(
        inner: S,
        pki: Arc<Pki>,
        settings: Settings,
        entropy: &Entropy,
        epoch: i64,
    ) -> Result<Self, rustls::Error> {
        Ok(Self {
            inner,
            base: Base::new(pki.device_root(), settings.client_required)?,
            pki,
            settings,
            entropy: entropy.child("tls"),
            epoch,
            faults: Faults::default(),
            connections: BTreeMap::new(),
            plain: BTreeSet::new(),
            now: Instant::ZERO,
            out: VecDeque::new(),
        })
    }

    /// The service behind it.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    /// The service behind it; what it wants done comes out of [`StreamService::output`] as ever.
    pub const fn inner_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Lets it misbehave. The same name again replaces what it named.
    ///
    /// # Errors
    /// None for certificates that could be made before.
    pub fn misbehave(&mut self, now: Instant, name: &str, fault: TlsFault) -> Result<(), PkiError> {
        self.now = now;
        let wrong = Wrong::new(fault, &self.pki)?;
        let breaks_off = wrong.breaks_off().is_some();
        self.faults.set(name, wrong);
        if breaks_off {
            for conn in self.connections.keys().copied().collect::<Vec<_>>() {
                if let Some(open) = self.open_mut(conn) {
                    open.sent = 0;
                    self.break_off_when_due(conn);
                }
            }
        }
        Ok(())
    }

    /// Takes a misbehaviour back: how often it was met; `None` if it is not in force. Connections that were stalled stay
    /// so: it is for the device to give them up.
    pub fn behave(&mut self, name: &str) -> Option<u64> {
        self.faults.take_back(name)
    }

    /// A fault is met now.
    fn meet<R>(&mut self, which: impl FnMut(&Wrong) -> Option<R>) -> Option<R> {
        let (found, seen) = self.faults.meet(which)?;
        self.out.extend(seen.map(StreamOut::Seen));
        Some(found)
    }

    fn open_mut(&mut self, conn: Conn) -> Option<&mut Open> {
        match self.connections.get_mut(&conn).map(|of| &mut of.phase) {
            Some(Phase::Open(open)) => Some(open),
            _ => None,
        }
    }

    fn see(&mut self, seen: TlsSeen) {
        self.out.push_back(StreamOut::Seen(Seen::Traffic(Traffic::Tls(seen))));
    }

    fn send(&mut self, conn: Conn, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.out.push_back(StreamOut::Send { conn, bytes });
        }
    }

    fn unix(&self) -> u64 {
        let since = i64::try_from(self.now.0 / 1_000_000_000).unwrap_or(i64::MAX);
        u64::try_from(self.epoch.saturating_add(since)).unwrap_or_default()
    }

    fn phase(&mut self, conn: Conn, phase: Phase) {
        if let Some(connection) = self.connections.get_mut(&conn) {
            connection.phase = phase;
        }
    }

    fn take_phase(&mut self, conn: Conn) -> Option<Phase> {
        self.connections.get_mut(&conn).map(|of| std::mem::replace(&mut of.phase, Phase::Over))
    }
}

impl<S: StreamService> StreamService for Tls<S> {
    fn opened(&mut self, now: Instant, conn: Conn, peer: SocketAddrV4) {
        self.now = now;
        self.connections.insert(conn, Connection { peer, opened: now, phase: Phase::Hello(Vec::new()) });
    }

    fn received(&mut self, now: Instant, conn: Conn, bytes: &[u8]) {
        self.now = now;
        if self.received_plain(now, conn, bytes) {
            return;
        }
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let Phase::Hello(hello) = &mut connection.phase else { return self.take(conn, bytes) };
        hello.extend_from_slice(bytes);
        let first = match client_hello::read(hello) {
            FirstBytes::Partial => return,
            FirstBytes::Hello(first) => Some(first),
            FirstBytes::Other => None,
        };
        let bytes = std::mem::take(hello);
        if !client_hello::is_handshake(&bytes) {
            self.see(TlsSeen::NotTls { conn });
        }
        if let Some(ClientHello { name, resumes }) = first.clone() {
            self.see(TlsSeen::ClientHello { conn, name, resumes });
        }
        self.begin(conn, &bytes, first.as_ref());
    }

    fn ended(&mut self, now: Instant, conn: Conn, end: End) {
        self.now = now;
        if self.ended_plain(now, conn, end) {
            return;
        }
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let by_device = end == End::ByDevice;
        match &mut connection.phase {
            Phase::Open(open) if by_device => {
                // It may have said `close_notify` before: that was the end.
                if !std::mem::replace(&mut open.closed, true) {
                    self.inner.ended(now, conn, end);
                    self.drain();
                }
                return;
            }
            Phase::Open(_) => self.end(conn, end),
            Phase::Hello(_) | Phase::Handshake(_) => {
                let how = if by_device { "closed" } else { "broken off" };
                self.see(TlsSeen::Failed { conn, why: format!("{how} before the handshake was through") });
                self.out.extend(by_device.then_some(StreamOut::Close { conn }));
            }
            Phase::Stalled | Phase::Resetting(_) => {
                self.out.extend(by_device.then_some(StreamOut::Close { conn }))
            }
            Phase::Over => (),
        }
        self.connections.remove(&conn);
    }

    fn poll(&mut self, now: Instant) {
        self.now = now;
        let due = |of: &Connection| of.due().is_some_and(|due| due <= now);
        let due: Vec<Conn> =
            self.connections.iter().filter(|(_, of)| due(of)).map(|(conn, _)| *conn).collect();
        for conn in due {
            match self.take_phase(conn) {
                Some(Phase::Resetting(_)) => self.out.push_back(StreamOut::Reset { conn }),
                _ => self.fail(conn, format!("no handshake within {HANDSHAKE}")),
            }
        }
        self.inner.poll(now);
        self.drain();
    }

    fn deadline(&self) -> Option<Instant> {
        let own = self.connections.values().filter_map(Connection::due);
        own.chain(self.inner.deadline()).min()
    }

    fn output(&mut self) -> Option<StreamOut> {
        self.drain();
        self.out.pop_front()
    }
}

impl Connection {
    /// When something is to be done about it.
    fn due(&self) -> Option<Instant> {
        match self.phase {
            Phase::Hello(_) | Phase::Handshake(_) => Some(self.opened + HANDSHAKE),
            Phase::Resetting(at) => Some(at),
            Phase::Open(_) | Phase::Stalled | Phase::Over => None,
        }
    }
}

#[cfg(test)]
mod tests;

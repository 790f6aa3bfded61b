//! TLS in front of a service: the handshake, the certificates, and what goes wrong with them.

mod client_hello;
mod config;
mod machine;
mod provider;
mod surroundings;

use crate::faults::Faults;
use crate::pki::{Entropy, Pki};
use crate::service::{Seen, StreamOut, StreamService};
use brownout_core::network::{AlertDescription, Conn, End, TlsFault, TlsSeen, Traffic};
use brownout_core::time::{Duration, Instant};
use client_hello::FirstBytes;
use config::{Base, Offer, Tickets};
use core::net::SocketAddrV4;
use machine::{Broken, Machine, Taken};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use surroundings::Surroundings;

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
    faults: Faults<TlsFault>,
    connections: BTreeMap<Conn, Connection>,
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
    Handshake(Machine),
    /// It is through.
    Open {
        machine: Machine,
        /// Application data of the device has come.
        data: bool,
        /// The device has closed its side.
        closed: bool,
    },
    /// There is no TLS on it.
    Plain,
    /// Nothing more is said, and nothing heard.
    Over,
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

    /// A connection was opened past TLS, at the service's plain port: its bytes pass as they are.
    pub fn opened_plain(&mut self, now: Instant, conn: Conn, peer: SocketAddrV4) {
        self.now = now;
        self.connections.insert(conn, Connection { peer, opened: now, phase: Phase::Plain });
        self.inner.opened(now, conn, peer);
        self.drain();
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

    /// The whole ClientHello is there, or what is there is none.
    fn begin(&mut self, conn: Conn, bytes: &[u8]) {
        let offer = Offer {
            identity: self.pki.server().clone(),
            refuses_client: false,
            tickets: self
                .settings
                .tickets
                .then(|| Tickets { key: self.entropy.child("tickets").array(), refused: false }),
            record: None,
        };
        let surroundings = Surroundings::new(self.entropy.child(&format!("connection {}", conn.0)));
        let machine = self.base.server(offer).and_then(|config| Machine::new(config, surroundings));
        match machine {
            Ok(machine) => {
                self.phase(conn, Phase::Handshake(machine));
                self.take(conn, bytes);
            }
            Err(error) => self.fail(conn, error.to_string()),
        }
    }

    fn phase(&mut self, conn: Conn, phase: Phase) {
        if let Some(connection) = self.connections.get_mut(&conn) {
            connection.phase = phase;
        }
    }

    /// Gives up a connection whose handshake is not through.
    fn fail(&mut self, conn: Conn, why: String) {
        self.phase(conn, Phase::Over);
        self.see(TlsSeen::Failed { conn, why });
        self.out.push_back(StreamOut::Close { conn });
    }

    /// Bytes of the device for a connection that has its machine.
    fn take(&mut self, conn: Conn, bytes: &[u8]) {
        let unix = self.unix();
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let taken = match &mut connection.phase {
            Phase::Handshake(machine) => machine.take(unix, bytes),
            Phase::Open { machine, closed: false, .. } => machine.take(unix, bytes),
            _ => return,
        };
        let Taken { data, closed, broken, send } = taken;
        self.send(conn, send);
        self.open_if_through(conn);
        self.deliver(conn, &data);
        if closed {
            self.device_closed(conn);
        }
        if let Some(broken) = broken {
            self.break_off(conn, broken);
        }
    }

    fn open_if_through(&mut self, conn: Conn) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let peer = connection.peer;
        match std::mem::replace(&mut connection.phase, Phase::Over) {
            Phase::Handshake(machine) if machine.is_open() => {
                let agreed = machine.agreed();
                connection.phase = Phase::Open { machine, data: false, closed: false };
                let (version, cipher, client) = (agreed.version, agreed.cipher, agreed.client);
                self.see(TlsSeen::Established { conn, version, cipher, client });
                self.inner.opened(self.now, conn, peer);
                self.drain();
            }
            other => connection.phase = other,
        }
    }

    fn deliver(&mut self, conn: Conn, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let Some(Phase::Open { data, .. }) = self.connections.get_mut(&conn).map(|of| &mut of.phase) else {
            return;
        };
        if !std::mem::replace(data, true) {
            self.see(TlsSeen::FirstData { conn });
        }
        self.inner.received(self.now, conn, bytes);
        self.drain();
    }

    fn device_closed(&mut self, conn: Conn) {
        self.see_alert(conn, AlertDescription::CloseNotify.code());
        match self.connections.get_mut(&conn).map(|of| &mut of.phase) {
            Some(Phase::Open { closed, .. }) if !*closed => {
                *closed = true;
                self.inner.ended(self.now, conn, End::ByDevice);
                self.drain();
            }
            Some(phase) => {
                *phase = Phase::Over;
                self.out.push_back(StreamOut::Close { conn });
            }
            None => (),
        }
    }

    fn see_alert(&mut self, conn: Conn, code: u8) {
        let fatal =
            code != AlertDescription::CloseNotify.code() && code != AlertDescription::UserCanceled.code();
        self.see(TlsSeen::Alert { conn, description: AlertDescription::name_of(code), fatal });
    }

    /// The connection is beyond use.
    fn break_off(&mut self, conn: Conn, broken: Broken) {
        let end = match broken {
            Broken::Alert(code) => {
                self.see_alert(conn, code);
                End::ResetByDevice
            }
            Broken::Peer { why, .. } => {
                self.see(TlsSeen::Failed { conn, why });
                End::ByService
            }
        };
        self.end(conn, end);
        self.out.push_back(StreamOut::Close { conn });
    }

    /// A connection ends here; the service behind hears of it if it knows of it.
    fn end(&mut self, conn: Conn, end: End) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        if let Phase::Open { .. } = std::mem::replace(&mut connection.phase, Phase::Over) {
            self.inner.ended(self.now, conn, end);
            self.drain();
        }
    }

    /// Takes what the service behind wants done.
    fn drain(&mut self) {
        while let Some(out) = self.inner.output() {
            match out {
                out @ (StreamOut::Send { conn, .. }
                | StreamOut::Close { conn }
                | StreamOut::Reset { conn })
                    if self.is_plain(conn) =>
                {
                    self.out.push_back(out);
                }
                StreamOut::Send { conn, bytes } => {
                    if let Some(Phase::Open { machine, .. }) =
                        self.connections.get_mut(&conn).map(|of| &mut of.phase)
                    {
                        let sealed = machine.seal(&bytes);
                        self.send(conn, sealed);
                    }
                }
                StreamOut::Close { conn } => {
                    if let Some(Phase::Open { mut machine, .. }) = self.take_phase(conn) {
                        self.send(conn, machine.close(None));
                        self.out.push_back(StreamOut::Close { conn });
                    }
                }
                StreamOut::Reset { conn } => {
                    if let Some(Phase::Open { .. }) = self.take_phase(conn) {
                        self.out.push_back(StreamOut::Reset { conn });
                    }
                }
                other @ (StreamOut::Deaf { .. } | StreamOut::Seen(_)) => self.out.push_back(other),
            }
        }
    }

    fn is_plain(&self, conn: Conn) -> bool {
        self.connections.get(&conn).is_some_and(|of| matches!(of.phase, Phase::Plain))
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
        if self.is_plain(conn) {
            self.inner.received(now, conn, bytes);
            return self.drain();
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
        if let Some(first) = first {
            self.see(TlsSeen::ClientHello { conn, name: first.name, resumes: first.resumes });
        }
        self.begin(conn, &bytes);
    }

    fn ended(&mut self, now: Instant, conn: Conn, end: End) {
        self.now = now;
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let by_device = end == End::ByDevice;
        match &connection.phase {
            // It said `close_notify` before: that was the end.
            Phase::Open { closed: true, .. } if by_device => return,
            Phase::Open { .. } if by_device => {
                if let Phase::Open { closed, .. } = &mut connection.phase {
                    *closed = true;
                }
                self.inner.ended(now, conn, end);
                return self.drain();
            }
            Phase::Open { .. } => self.end(conn, end),
            Phase::Hello(_) | Phase::Handshake(_) => {
                let how = if by_device { "closed" } else { "broken off" };
                self.see(TlsSeen::Failed { conn, why: format!("{how} before the handshake was through") });
                if by_device {
                    self.out.push_back(StreamOut::Close { conn });
                }
            }
            Phase::Plain => {
                self.inner.ended(now, conn, end);
                self.drain();
                if by_device {
                    return;
                }
            }
            Phase::Over => (),
        }
        self.connections.remove(&conn);
    }

    fn poll(&mut self, now: Instant) {
        self.now = now;
        let late: Vec<Conn> = self
            .connections
            .iter()
            .filter(|(_, of)| of.due().is_some_and(|due| due <= now))
            .map(|(conn, _)| *conn)
            .collect();
        for conn in late {
            self.fail(conn, format!("no handshake within {HANDSHAKE}"));
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
    /// When its handshake takes too long.
    fn due(&self) -> Option<Instant> {
        matches!(self.phase, Phase::Hello(_) | Phase::Handshake(_)).then(|| self.opened + HANDSHAKE)
    }
}

#[cfg(test)]
mod tests;

//! The broker: its connections, what it remembers, and how it goes wrong at present.

use super::credentials::Credentials;
use super::fault::InForce;
use super::frame::Frame;
use super::framer::Framer;
use super::packet::{self, Broken, Packet, Version};
use super::session::{Durable, Message, Session};
use crate::faults::Faults;
use crate::service::{Seen, StreamOut, StreamService};
use brownout_core::network::{Conn, End, MqttFault, MqttSeen, Publication, Traffic};
use brownout_core::time::{Duration, Instant};
use core::net::SocketAddrV4;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// How long a client may take from the opening of its connection to its CONNECT.
const SILENT: Duration = Duration::from_secs(30);

/// The most connections at a time; further ones are reset.
const CONNECTIONS: usize = 256;

/// Reason code: another client with the same identifier came.
pub(super) const TAKEN_OVER: u8 = 0x8e;
/// Reason code: nothing was heard for one and a half times the keep-alive time.
const KEEP_ALIVE_TIMEOUT: u8 = 0x8d;

/// An MQTT broker for versions 3.1.1 and 5.0, with everything that can go wrong with one.
///
/// It takes what its clients send and gives what it sends, as bytes; whether TLS is between does not matter to it.
/// Shared subscriptions and extended authentication it does not have, and says so.
#[derive(Debug)]
pub struct Broker {
    pub(super) durable: Durable,
    pub(super) live: BTreeMap<Conn, Live>,
    /// The connections of those who were let in.
    pub(super) online: BTreeMap<String, Conn>,
    pub(super) framer: Framer,
    pub(super) faults: Faults<InForce>,
    pub(super) credentials: Credentials,
    pub(super) out: VecDeque<StreamOut>,
    /// The last message that a client acknowledged.
    pub(super) last: Option<Message>,
    /// Counts the messages that are made here.
    pub(super) serial: u64,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Live {
    buffer: Vec<u8>,
    opened: Instant,
    /// The fault that cut it off: nothing that is received has an effect, and nothing is sent.
    pub(super) dead: Option<String>,
    /// Faults that do something to each connection once, and did it to this one.
    pub(super) struck: BTreeSet<String>,
    /// Who was let in.
    pub(super) client: Option<Client>,
}

/// A client that was let in.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) version: Version,
    pub(super) let_in: Instant,
    /// When it was heard last.
    pub(super) heard: Instant,
    /// How long it may be silent.
    pub(super) patience: Option<Duration>,
    pub(super) will: Option<(Duration, Message)>,
    /// What the numbers stand for that it uses in the place of topics.
    pub(super) aliases: BTreeMap<u16, String>,
    /// What it was told that numbers stand for, from 1.
    pub(super) told_aliases: Vec<String>,
    pub(super) alias_maximum: u16,
    pub(super) window: usize,
    pub(super) maximum_packet: Option<u32>,
    /// What it asked for when it connected.
    pub(super) asked_expiry: u32,
}

impl Broker {
    /// A broker that knows nobody.
    pub fn new(seed: u64) -> Self {
        Self::with(Durable::new(seed))
    }

    /// A broker that was restarted: it remembers what is durable, and all its clients are gone.
    pub fn with(durable: Durable) -> Self {
        Self {
            durable,
            live: BTreeMap::new(),
            online: BTreeMap::new(),
            framer: Framer::default(),
            faults: Faults::default(),
            credentials: Credentials::Anyone,
            out: VecDeque::new(),
            last: None,
            serial: 0,
        }
    }

    /// What outlives its connections.
    pub fn durable(&self) -> &Durable {
        &self.durable
    }

    /// Who is let in from now on. Those inside stay.
    pub fn admit(&mut self, credentials: Credentials) {
        self.credentials = credentials;
    }

    /// Resets every connection; with `forgets` it loses its memory too. Misbehaviours stay in force.
    pub fn restart(&mut self, now: Instant, forgets: bool) {
        for conn in self.conns() {
            self.reset(now, conn);
        }
        if forgets {
            let seed = self.durable.chance.number();
            self.durable = Durable::new(seed);
            self.last = None;
        }
    }

    /// Publishes a message.
    pub fn publish(&mut self, now: Instant, publication: &Publication) {
        let message = Message {
            topic: publication.topic.clone(),
            payload: publication.payload.0.as_slice().into(),
            qos: publication.qos.min(2),
            retain: publication.retain,
            expires: None,
            properties: [].into(),
        };
        self.route(now, &message, None);
    }

    /// Begins to misbehave. The same name again replaces what it named.
    pub fn misbehave(&mut self, now: Instant, name: &str, fault: MqttFault) {
        self.behave(now, name);
        for live in self.live.values_mut() {
            live.struck.remove(name);
        }
        self.faults.set(name, InForce::new(name, now, fault));
        self.begin(now, name);
        self.poll(now);
    }

    /// Ends a misbehaviour: how often it was met; `None` if it is not in force.
    pub fn behave(&mut self, now: Instant, name: &str) -> Option<u64> {
        self.undo(name);
        let times = self.faults.take_back(name);
        self.poll(now);
        times
    }

    pub(super) fn conns(&self) -> Vec<Conn> {
        self.live.keys().copied().collect()
    }

    pub(super) fn client(&self, conn: Conn) -> Option<&Client> {
        self.live.get(&conn)?.client.as_ref()
    }

    pub(super) fn client_mut(&mut self, conn: Conn) -> Option<&mut Client> {
        self.live.get_mut(&conn)?.client.as_mut()
    }

    /// The session of a connection's client.
    pub(super) fn session(&mut self, conn: Conn) -> Option<&mut Session> {
        let id = &self.live.get(&conn)?.client.as_ref()?.id;
        self.durable.sessions.get_mut(id)
    }

    pub(super) fn see(&mut self, seen: MqttSeen) {
        self.out.push_back(StreamOut::Seen(Seen::Traffic(Traffic::Mqtt(seen))));
    }

    /// The first fault in force for which `which` gives something is met now.
    pub(super) fn meet<R>(&mut self, which: impl FnMut(&InForce) -> Option<R>) -> Option<R> {
        let (found, seen) = self.faults.meet(which)?;
        self.out.extend(seen.map(StreamOut::Seen));
        Some(found)
    }

    /// The fault of this name is met now, if it is still in force.
    pub(super) fn met(&mut self, name: &str) {
        self.meet(|fault| (fault.name == name).then_some(()));
    }

    /// Sends a packet, or what becomes of it.
    pub(super) fn send(&mut self, now: Instant, conn: Conn, frame: Frame) {
        if self.live.get(&conn).is_some_and(|live| live.dead.is_none()) {
            self.framer.pass(now, conn, frame, &mut self.faults, &mut self.out);
        }
    }

    /// Ends a connection: a client of version 5 is told why.
    pub(super) fn end(&mut self, now: Instant, conn: Conn, code: Option<u8>) {
        if let (Some(code), Some(Version::V5)) = (code, self.client(conn).map(|client| client.version)) {
            self.send(now, conn, Frame::disconnect(conn, code));
        }
        // Of a connection that is cut off the client gets to know nothing.
        if self.live.get(&conn).is_some_and(|live| live.dead.is_none()) {
            self.out.push_back(StreamOut::Close { conn });
            self.gone(now, conn, true);
        }
    }

    /// Resets a connection.
    pub(super) fn reset(&mut self, now: Instant, conn: Conn) {
        self.out.push_back(StreamOut::Reset { conn });
        self.gone(now, conn, true);
    }

    /// A connection is no more. With `will`, its client did not say farewell.
    pub(super) fn gone(&mut self, now: Instant, conn: Conn, will: bool) {
        self.framer.forget(conn);
        if let Some(client) = self.live.remove(&conn).and_then(|live| live.client) {
            self.leave(now, conn, client, will);
        }
    }

    /// A client is no more, though its connection may be.
    fn leave(&mut self, now: Instant, conn: Conn, client: Client, will: bool) {
        if self.online.get(&client.id) == Some(&conn) {
            self.online.remove(&client.id);
        }
        let Some(session) = self.durable.sessions.get_mut(&client.id) else { return };
        session.gone = Some(now);
        if will && let Some((delay, message)) = client.will {
            session.will = Some((now + delay, message));
        }
        self.wills(now);
    }

    /// The broker gives a client up without closing its connection: the client does not get to know that.
    pub(super) fn abandon(&mut self, now: Instant, conn: Conn) {
        let Some(live) = self.live.get_mut(&conn) else { return };
        live.opened = Instant(u64::MAX);
        if let Some(client) = live.client.take() {
            self.leave(now, conn, client, true);
        }
    }

    /// Publishes the wills that are due, and ends sessions that nobody came back for.
    fn wills(&mut self, now: Instant) {
        for will in self.durable.due(now) {
            self.route(now, &will, None);
        }
    }

    /// What was received so far, packet by packet.
    fn take(&mut self, now: Instant, conn: Conn) {
        let Some(live) = self.live.get_mut(&conn) else { return };
        let mut received = std::mem::take(&mut live.buffer);
        let mut taken = 0;
        while let Some(live) = self.live.get(&conn) {
            let version = live.client.as_ref().map(|client| client.version);
            let read = match packet::split(received.get(taken..).unwrap_or_default()) {
                Ok(None) => break,
                Ok(Some(raw)) => {
                    taken += raw.length;
                    packet::read(version, raw.first, raw.body)
                        .map_err(|broken| (broken, packet::version_asked(raw.body)))
                }
                Err(broken) => Err((broken, None)),
            };
            match read {
                Ok(packet) => self.handle(now, conn, packet),
                Err((broken, asked)) => {
                    self.violated(now, conn, &broken, asked);
                    break;
                }
            }
        }
        received.drain(..taken);
        if let Some(live) = self.live.get_mut(&conn) {
            live.buffer = received;
        }
    }

    /// What a client sent is against the protocol: it is told, and its connection ends.
    pub(super) fn violated(&mut self, now: Instant, conn: Conn, broken: &Broken, asked: Option<u8>) {
        self.see(MqttSeen::Violation { conn, why: broken.why.clone() });
        if self.client(conn).is_none() && broken.code == 0x84 {
            // An old client understands the code of its own version (MQTT 5.0 section 3.1.2.2).
            let (version, code) =
                if asked.is_some_and(|asked| asked < 5) { (Version::V3, 1) } else { (Version::V5, 0x84) };
            self.send(now, conn, Frame::connack(conn, version, code, false, &[]));
        }
        self.end(now, conn, Some(broken.code));
    }

    fn handle(&mut self, now: Instant, conn: Conn, packet: Packet) {
        if let Some(client) = self.client_mut(conn) {
            client.heard = now;
        }
        let seen = |packet: &str, code: u8| MqttSeen::Packet {
            conn,
            packet: packet.to_owned(),
            code: (code >= 0x80).then_some(code),
        };
        match packet {
            Packet::Connect(connect) => self.greet(now, conn, *connect),
            Packet::Publish(publish) => self.published(now, conn, publish),
            Packet::Puback { id, code } => {
                self.see(seen("PUBACK", code));
                self.puback(now, conn, id);
            }
            Packet::Pubrec { id, code } => {
                self.see(seen("PUBREC", code));
                self.pubrec(now, conn, id, code);
            }
            Packet::Pubrel { id } => {
                self.see(seen("PUBREL", 0));
                self.pubrel(now, conn, id);
            }
            Packet::Pubcomp { id } => {
                self.see(seen("PUBCOMP", 0));
                self.pubcomp(now, conn, id);
            }
            Packet::Subscribe { id, filters, identifier } => {
                self.see(seen("SUBSCRIBE", 0));
                self.subscribe(now, conn, id, &filters, identifier);
            }
            Packet::Unsubscribe { id, filters } => {
                self.see(seen("UNSUBSCRIBE", 0));
                self.unsubscribe(now, conn, id, &filters);
            }
            Packet::Pingreq => {
                self.see(seen("PINGREQ", 0));
                self.send(now, conn, Frame::pingresp(conn));
            }
            Packet::Disconnect { code, session_expiry } => {
                self.see(seen("DISCONNECT", code));
                self.farewell(now, conn, code, session_expiry);
            }
            Packet::Auth => {
                let broken = Broken::new(packet::PROTOCOL_ERROR, "AUTH without an authentication method");
                self.violated(now, conn, &broken, None);
            }
        }
    }

    /// A client says farewell.
    fn farewell(&mut self, now: Instant, conn: Conn, code: u8, session_expiry: Option<u32>) {
        let Some(client) = self.client(conn) else { return };
        if let Some(seconds) = session_expiry {
            if client.asked_expiry == 0 && seconds != 0 {
                let broken =
                    Broken::new(packet::PROTOCOL_ERROR, "DISCONNECT wants a session that CONNECT did not");
                return self.violated(now, conn, &broken, None);
            }
            if let Some(session) = self.session(conn) {
                session.expiry = seconds;
            }
        }
        self.out.push_back(StreamOut::Close { conn });
        // 0x04: disconnect with will message.
        self.gone(now, conn, code != 0);
    }

    /// When a connection is given up if nothing more is heard of it.
    fn patience(live: &Live) -> Option<Instant> {
        match &live.client {
            None => Some(live.opened + SILENT),
            Some(client) => Some(client.heard + client.patience?),
        }
        .filter(|at| at.0 != u64::MAX)
    }

    fn give_up(&mut self, now: Instant) {
        for conn in self.conns() {
            let Some(live) = self.live.get_mut(&conn) else { continue };
            if Self::patience(live).is_none_or(|until| until > now) {
                continue;
            }
            if live.dead.is_some() {
                self.abandon(now, conn);
                continue;
            }
            let why = match live.client {
                None => "no CONNECT".to_owned(),
                Some(_) => "silent for one and a half times its keep-alive time".to_owned(),
            };
            self.see(MqttSeen::Violation { conn, why });
            self.end(now, conn, Some(KEEP_ALIVE_TIMEOUT));
        }
    }
}

impl StreamService for Broker {
    fn opened(&mut self, now: Instant, conn: Conn, _: SocketAddrV4) {
        if self.live.len() >= CONNECTIONS {
            self.out.push_back(StreamOut::Reset { conn });
            return;
        }
        let live =
            Live { buffer: Vec::new(), opened: now, dead: None, struck: BTreeSet::new(), client: None };
        self.live.insert(conn, live);
    }

    fn received(&mut self, now: Instant, conn: Conn, bytes: &[u8]) {
        let Some(live) = self.live.get_mut(&conn) else { return };
        if let Some(name) = live.dead.clone() {
            return self.met(&name);
        }
        live.buffer.extend_from_slice(bytes);
        self.take(now, conn);
        self.poll(now);
    }

    fn ended(&mut self, now: Instant, conn: Conn, end: End) {
        if !self.live.contains_key(&conn) {
            return;
        }
        if end == End::ByDevice {
            self.out.push_back(StreamOut::Close { conn });
        }
        self.gone(now, conn, true);
        self.poll(now);
    }

    fn poll(&mut self, now: Instant) {
        self.framer.release(now, &mut self.out);
        self.give_up(now);
        self.wills(now);
        self.strike(now);
    }

    fn deadline(&self) -> Option<Instant> {
        let patience = self.live.values().filter_map(Self::patience).min();
        [patience, self.durable.deadline(), self.framer.deadline(), self.next_strike()]
            .into_iter()
            .flatten()
            .min()
    }

    fn output(&mut self) -> Option<StreamOut> {
        self.out.pop_front()
    }
}

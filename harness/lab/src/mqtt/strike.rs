//! What the broker does wrong of its own accord, without a packet that it goes wrong with.

use super::broker::{Broker, TAKEN_OVER};
use super::fault::{InForce, invalid_utf8, oversized};
use super::frame::Frame;
use super::packet::Version;
use super::session::{Message, Queued, Session};
use super::topic;
use crate::payload;
use brownout_core::network::{BrokerPacket, Conn, Content, MqttFault};
use brownout_core::time::Instant;

/// Reason code with which a client is put out whose credentials are good no more.
const NOT_AUTHORIZED: u8 = 0x87;
/// The most messages of a flood that are made up for when the broker was not asked in time.
const CATCH_UP: u32 = 1000;
/// What other clients leave behind where no client here says what it would.
const WILL: &[u8] = br#"{"online":false}"#;

impl Broker {
    /// A fault begins.
    pub(super) fn begin(&mut self, now: Instant, name: &str) {
        let Some(fault) = self.faults.find(|fault| (fault.name == name).then(|| fault.fault.clone())) else {
            return;
        };
        match fault {
            MqttFault::HalfOpen => {
                for live in self.live.values_mut().filter(|live| live.client.is_some()) {
                    live.dead.get_or_insert_with(|| name.to_owned());
                }
            }
            MqttFault::SessionLost => {
                self.durable.sessions.clear();
                for conn in self.conns() {
                    self.reset(now, conn);
                }
            }
            MqttFault::CredentialsRefused { kick: true, .. } => {
                for conn in self.online.values().copied().collect::<Vec<_>>() {
                    self.met(name);
                    self.end(now, conn, Some(NOT_AUTHORIZED));
                }
            }
            _ => {}
        }
    }

    /// A fault ends: what it left behind is taken away.
    pub(super) fn undo(&mut self, name: &str) {
        let left = self.faults.find(|fault| {
            let retained = matches!(fault.fault, MqttFault::Retained { .. });
            (fault.name == name && retained).then(|| fault.topic.clone()).flatten()
        });
        if let Some(topic) = left {
            self.durable.retained.remove(&topic);
        }
    }

    /// The fault that left the message that is kept under a topic.
    pub(super) fn retained_by(&self, topic: &str) -> Option<String> {
        self.faults.find(|fault| {
            let retained = matches!(fault.fault, MqttFault::Retained { .. });
            (retained && fault.topic.as_deref() == Some(topic)).then(|| fault.name.clone())
        })
    }

    /// Does what faults do of their own accord, as far as it is due.
    pub(super) fn strike(&mut self, now: Instant) {
        if self.faults.is_empty() {
            return;
        }
        for fault in self.faults.iter().cloned().collect::<Vec<_>>() {
            if !fault.done {
                self.strike_once(now, &fault);
            }
            for conn in self.online.values().copied().collect::<Vec<_>>() {
                self.strike_one(now, conn, &fault);
            }
        }
    }

    /// When [`Self::strike`] has something to do that nothing else brings about.
    pub(super) fn next_strike(&self) -> Option<Instant> {
        let of_clients = self.faults.iter().flat_map(|fault| {
            let clients =
                self.live.values().filter(|live| live.dead.is_none() && !live.struck.contains(&fault.name));
            clients.filter_map(|live| ends_at(fault, live.client.as_ref()?.let_in))
        });
        let floods = self.faults.iter().filter_map(|fault| {
            let flood = matches!(fault.fault, MqttFault::Flood { .. });
            (flood && self.anybody_listens()).then_some(fault.next)
        });
        of_clients.chain(floods).min()
    }

    fn anybody_listens(&self) -> bool {
        self.online
            .keys()
            .any(|id| self.durable.sessions.get(id).is_some_and(|one| !one.subscriptions.is_empty()))
    }

    /// What is done once, or again and again, and not to each connection.
    fn strike_once(&mut self, now: Instant, fault: &InForce) {
        let InForce { name, .. } = fault;
        let done = match &fault.fault {
            MqttFault::Messages { topic, contents, qos } => {
                let Some(topic) = self.place(topic.as_deref(), "brownout") else { return };
                let mut any = false;
                for content in contents {
                    let message = self.made(&topic, content, *qos, false);
                    any |= self.give(now, &message, name);
                }
                any
            }
            MqttFault::Replay { times } => {
                let Some(last) = self.last.clone() else { return };
                (0..*times).fold(false, |any, _| self.give(now, &last, name) || any)
            }
            MqttFault::WillStorm { count, topic } => {
                let will = self.wills_look_like();
                let mut any = false;
                for other in 1..=*count {
                    let Some(topic) = self.place(topic.as_deref(), &format!("brownout-{other}")) else {
                        return;
                    };
                    any |= self.give(now, &message(&topic, will.clone(), 1, false), name);
                }
                any
            }
            MqttFault::Retained { topic, content } => {
                let Some(topic) = self.place(topic.as_deref(), "brownout") else { return };
                let message = self.made(&topic, content, 1, true);
                self.durable.retain(&message);
                self.give(now, &message, name);
                self.mark(name, |fault| fault.topic = Some(topic.clone()));
                true
            }
            MqttFault::Flood { every, topic, content, qos } => {
                let mut next = fault.next;
                for _ in 0..CATCH_UP {
                    if next > now {
                        break;
                    }
                    let Some(topic) = self.place(topic.as_deref(), "brownout") else { break };
                    let message = self.made(&topic, content, *qos, false);
                    self.give(now, &message, name);
                    next = next + *every;
                }
                // What could not be made up for is left out.
                let next = if next > now { next } else { now + *every };
                self.mark(name, |fault| fault.next = next);
                false
            }
            _ => return,
        };
        self.mark(name, |fault| fault.done = done);
    }

    /// What is done to a connection.
    fn strike_one(&mut self, now: Instant, conn: Conn, fault: &InForce) {
        let Some(client) = self.client(conn) else { return };
        let (let_in, version) = (client.let_in, client.version);
        let struck =
            self.live.get(&conn).is_none_or(|live| live.dead.is_some() || live.struck.contains(&fault.name));
        if struck || fault.done {
            return;
        }
        if ends_at(fault, let_in).is_some_and(|at| at > now) {
            return;
        }
        match fault.fault {
            MqttFault::Kick { code, .. } | MqttFault::Disconnect { code } => {
                self.strikes(conn, fault);
                self.end(now, conn, code);
            }
            MqttFault::Takeover { again, .. } => {
                self.strikes(conn, fault);
                self.mark(&fault.name, |fault| fault.done = !again);
                self.end(now, conn, Some(TAKEN_OVER));
            }
            MqttFault::Malformed { packet: BrokerPacket::Disconnect, .. } if version == Version::V5 => {
                self.strikes(conn, fault);
                self.end(now, conn, Some(0x8b));
            }
            MqttFault::Malformed { packet: BrokerPacket::Publish, .. } => {
                if let Some(frame) = self.sample(now, conn, &fault.name) {
                    self.strikes(conn, fault);
                    self.send(now, conn, frame);
                }
            }
            MqttFault::InvalidUtf8 => {
                if let Some(frame) = self.sample(now, conn, &fault.name) {
                    self.met(&fault.name);
                    self.strikes(conn, fault);
                    self.framer.plain(conn, invalid_utf8(&frame), &mut self.out);
                }
            }
            MqttFault::Oversized { length } => {
                if let Some(frame) = self.sample(now, conn, &fault.name) {
                    self.met(&fault.name);
                    self.strikes(conn, fault);
                    self.framer.last(conn, oversized(&frame, length), &mut self.out);
                }
            }
            _ => {}
        }
    }

    /// A fault does to a connection what it does to each once. Where the framer does not see it bite, it bites now.
    fn strikes(&mut self, conn: Conn, fault: &InForce) {
        if let Some(live) = self.live.get_mut(&conn) {
            live.struck.insert(fault.name.clone());
        }
        if ends_at(fault, Instant::ZERO).is_some() {
            self.met(&fault.name);
        }
    }

    fn mark(&mut self, name: &str, change: impl FnOnce(&mut InForce)) {
        if let Some(fault) = self.faults.iter_mut().find(|fault| fault.name == name) {
            change(fault);
        }
    }

    /// A PUBLISH to a client where it listens, to be spoilt; `None` while it listens nowhere, or if it takes not even
    /// that.
    fn sample(&mut self, now: Instant, conn: Conn, by: &str) -> Option<Frame> {
        let filter = self.session(conn)?.subscriptions.keys().next()?.clone();
        let topic = topic::name_for(&filter, "brownout");
        let mut queued = Queued::new(message(&topic, b"{}".to_vec(), 0, false), 0, false);
        queued.by = Some(by.to_owned());
        self.deliver(now, conn, &queued, 0, false)
    }

    /// The topic that is meant: one with wildcards is that of a filter which it takes in, one that is left out any on which
    /// somebody listens, those who are connected first. What a filter leaves open is filled. `None` while nobody listens
    /// there.
    fn place(&self, topic: Option<&str>, fill: &str) -> Option<String> {
        if let Some(topic) = topic.filter(|topic| topic::is_name(topic)) {
            return Some(topic.to_owned());
        }
        let listens = |(_, session): (&String, &Session)| {
            let mut names = session.subscriptions.keys().map(|filter| topic::name_for(filter, fill));
            names.find(|name| topic.is_none_or(|topic| topic::matches(topic, name)))
        };
        let sessions = || self.durable.sessions.iter();
        let online = sessions().filter(|(id, _)| self.online.contains_key(*id)).find_map(listens);
        online.or_else(|| sessions().find_map(listens))
    }

    /// What the wills of other devices hold: they are of the same make as the one that is here.
    fn wills_look_like(&self) -> Vec<u8> {
        let wills = self.live.values().filter_map(|live| live.client.as_ref()?.will.as_ref());
        wills.map(|(_, will)| will.payload.to_vec()).next().unwrap_or_else(|| WILL.to_vec())
    }

    fn made(&mut self, topic: &str, content: &Content, qos: u8, retain: bool) -> Message {
        self.serial += 1;
        message(topic, payload::bytes(content, self.serial), qos, retain)
    }

    /// Gives a fault's message to those who want it; whether anybody did.
    fn give(&mut self, now: Instant, message: &Message, by: &str) -> bool {
        let mut reached = Vec::new();
        let mut any = false;
        for (id, session) in &mut self.durable.sessions {
            let Some(mut queued) = session.wants(message, false) else { continue };
            queued.by = Some(by.to_owned());
            if session.push(queued) {
                any = true;
                reached.extend(self.online.get(id).copied());
            }
        }
        for conn in reached {
            self.pump(now, conn);
        }
        any
    }
}

fn message(topic: &str, payload: Vec<u8>, qos: u8, retain: bool) -> Message {
    Message {
        topic: topic.to_owned(),
        payload: payload.into(),
        qos,
        retain,
        expires: None,
        properties: [].into(),
    }
}

/// When a fault ends a connection, if it is one that does.
fn ends_at(fault: &InForce, let_in: Instant) -> Option<Instant> {
    let from = let_in.max(fault.since);
    match fault.fault {
        MqttFault::Kick { after, .. } => Some(from + after),
        MqttFault::Takeover { after, again } => (again || !fault.done).then(|| from + after),
        MqttFault::Disconnect { .. } => Some(from),
        _ => None,
    }
}

//! PUBLISH, SUBSCRIBE and their answers.

use super::broker::Broker;
use super::frame::{Ack, Alias, Delivery, Frame};
use super::greet::{RECEIVE_MAXIMUM, TOPIC_ALIASES};
use super::packet::{Broken, Filter, PROTOCOL_ERROR, Publish, Version};
use super::session::{Inflight, Message, Queued, SUBSCRIPTIONS};
use super::topic;
use crate::faults::is_told;
use brownout_core::network::{Conn, MqttFault, MqttSeen, Payload};
use brownout_core::time::{Duration, Instant};
use mqtt_protocol_core::mqtt::packet::{Property, RetainHandling};

/// The most bytes of a payload that an event shows.
const SHOWN: usize = 4096;
/// The most messages of QoS 2 that a client of version 3.1.1, which cannot be told a limit, may have open.
const OPEN_V3: usize = 1024;

/// Reason codes.
const NO_SUBSCRIPTION: u8 = 0x11;
const TOPIC_NAME_INVALID: u8 = 0x90;
const FILTER_INVALID: u8 = 0x8f;
const ID_NOT_FOUND: u8 = 0x92;
const RECEIVE_MAXIMUM_EXCEEDED: u8 = 0x93;
const ALIAS_INVALID: u8 = 0x94;
const QUOTA_EXCEEDED: u8 = 0x97;
const NO_SHARED_SUBSCRIPTIONS: u8 = 0x9e;

/// When nobody wants a message any more, by its properties.
pub(super) fn expires(now: Instant, properties: &[Property]) -> Option<Instant> {
    properties.iter().find_map(|property| match property {
        Property::MessageExpiryInterval(seconds) => Some(now + Duration::from_secs(u64::from(seconds.val()))),
        _ => None,
    })
}

impl Broker {
    /// A client published a message.
    pub(super) fn published(&mut self, now: Instant, conn: Conn, publish: Publish) {
        let topic = match self.topic_of(conn, &publish) {
            Ok(topic) => topic,
            Err(broken) => return self.violated(now, conn, &broken, None),
        };
        let shown = publish.payload.get(..SHOWN).unwrap_or(&publish.payload).to_vec();
        self.see(MqttSeen::Publish {
            conn,
            topic: topic.clone(),
            payload: Payload(shown),
            qos: publish.qos,
            dup: publish.dup,
            retain: publish.retain,
            id: publish.id,
        });
        let Some((version, from)) = self.client(conn).map(|client| (client.version, client.id.clone()))
        else {
            return;
        };
        let message = Message {
            topic,
            payload: publish.payload.into(),
            qos: publish.qos,
            retain: publish.retain,
            expires: expires(now, &publish.properties),
            properties: publish.properties.into(),
        };
        let id = publish.id.unwrap_or(0);
        match publish.qos {
            0 => self.route(now, &message, Some(&from)),
            1 => {
                self.send(now, conn, Frame::ack(conn, version, Ack::Puback, id, 0));
                self.route(now, &message, Some(&from));
            }
            _ => {
                let Some(session) = self.session(conn) else { return };
                let most = if version == Version::V5 { usize::from(RECEIVE_MAXIMUM) } else { OPEN_V3 };
                if session.received.len() >= most && !session.received.contains(&id) {
                    let broken =
                        Broken::new(RECEIVE_MAXIMUM_EXCEEDED, "more messages open than the broker takes");
                    return self.violated(now, conn, &broken, None);
                }
                // One that is sent again is acknowledged again, and goes to nobody.
                let first = session.received.insert(id);
                self.send(now, conn, Frame::ack(conn, version, Ack::Pubrec, id, 0));
                if first {
                    self.route(now, &message, Some(&from));
                }
            }
        }
    }

    /// The topic of a message, which may be written as a number.
    fn topic_of(&mut self, conn: Conn, publish: &Publish) -> Result<String, Broken> {
        let Some(client) = self.client_mut(conn) else {
            return Err(Broken::new(PROTOCOL_ERROR, "PUBLISH before CONNECT"));
        };
        if let Some(alias) = publish.alias {
            if alias == 0 || alias > TOPIC_ALIASES {
                return Err(Broken::new(ALIAS_INVALID, format!("topic alias {alias}")));
            }
            if publish.topic.is_empty() {
                let known = client.aliases.get(&alias).cloned();
                return known.ok_or_else(|| {
                    Broken::new(PROTOCOL_ERROR, format!("topic alias {alias} stands for nothing"))
                });
            }
            if topic::is_name(&publish.topic) {
                client.aliases.insert(alias, publish.topic.clone());
            }
        }
        if topic::is_name(&publish.topic) {
            Ok(publish.topic.clone())
        } else {
            Err(Broken::new(TOPIC_NAME_INVALID, format!("`{}` is no topic to publish to", publish.topic)))
        }
    }

    /// Gives a message to everybody who wants it, and keeps it if that is asked.
    pub(super) fn route(&mut self, now: Instant, message: &Message, from: Option<&str>) {
        if message.retain {
            self.durable.retain(message);
        }
        let mut reached = Vec::new();
        for (id, session) in &mut self.durable.sessions {
            if let Some(queued) = session.wants(message, from == Some(id))
                && session.push(queued)
            {
                reached.extend(self.online.get(id).copied());
            }
        }
        for conn in reached {
            self.pump(now, conn);
        }
    }

    /// Sends what waits for a client, as far as it takes more.
    pub(super) fn pump(&mut self, now: Instant, conn: Conn) {
        let Some(window) = self.client(conn).map(|client| client.window) else { return };
        loop {
            let Some(session) = self.session(conn) else { return };
            let Some(queued) = session.pop(now, window) else { return };
            let id = if queued.qos > 0 { session.id() } else { 0 };
            let Some(frame) = self.deliver(now, conn, &queued, id, false) else { continue };
            if queued.qos > 0 {
                let inflight = Inflight { id, what: queued, released: false, redelivered: 0 };
                if let Some(session) = self.session(conn) {
                    session.inflight.push_back(inflight);
                }
                self.send(now, conn, frame);
            } else {
                self.send(now, conn, frame);
                if let Some(name) = &queued.by {
                    self.met(name);
                }
            }
        }
    }

    /// Sends again what a client has not acknowledged to the end before it went (MQTT 5.0 section 4.4).
    pub(super) fn resend(&mut self, now: Instant, conn: Conn) {
        let Some(version) = self.client(conn).map(|client| client.version) else { return };
        let Some(inflight) = self.session(conn).map(|session| session.inflight.clone()) else { return };
        for one in inflight {
            if one.released {
                self.send(now, conn, Frame::ack(conn, version, Ack::Pubrel, one.id, 0));
            } else if let Some(frame) = self.deliver(now, conn, &one.what, one.id, true) {
                self.send(now, conn, frame);
            } else if let Some(session) = self.session(conn) {
                session.acknowledged(one.id);
            }
        }
    }

    /// A message as it goes to a client; `None` if it is larger than the client takes.
    pub(super) fn deliver(
        &mut self,
        now: Instant,
        conn: Conn,
        queued: &Queued,
        id: u16,
        dup: bool,
    ) -> Option<Frame> {
        let client = self.client_mut(conn)?;
        let message = &queued.message;
        let alias = match client.told_aliases.iter().position(|told| *told == message.topic) {
            Some(at) => Some(Alias { number: u16::try_from(at + 1).ok()?, known: true }),
            None if client.told_aliases.len() < usize::from(client.alias_maximum) => {
                client.told_aliases.push(message.topic.clone());
                Some(Alias { number: u16::try_from(client.told_aliases.len()).ok()?, known: false })
            }
            None => None,
        };
        let delivery = Delivery {
            topic: &message.topic,
            alias,
            payload: &message.payload,
            qos: queued.qos,
            dup,
            retain: queued.retain,
            id,
            properties: &message.properties,
            expiry: message.expiry(now),
            identifiers: &queued.identifiers,
        };
        let frame = Frame::publish(conn, client.version, &delivery);
        let limit = client.maximum_packet.filter(|most| frame.bytes.len() > *most as usize);
        let Some(limit) = limit else { return Some(frame) };
        if alias.is_some_and(|alias| !alias.known) {
            client.told_aliases.pop();
        }
        self.withhold(conn, queued, frame.bytes.len(), limit);
        None
    }

    /// A message is not sent, because the client takes none so large (MQTT 5.0 section 3.1.2.11.4).
    fn withhold(&mut self, conn: Conn, queued: &Queued, bytes: usize, limit: u32) {
        let fault = self.faults.iter_mut().find(|fault| Some(&fault.name) == queued.by.as_ref());
        if let Some(fault) = fault {
            fault.too_large += 1;
            if !is_told(fault.too_large) {
                return;
            }
        }
        let (topic, by) = (queued.message.topic.clone(), queued.by.clone());
        self.see(MqttSeen::Withheld { conn, topic, bytes: bytes as u64, limit, by });
    }

    /// A client has a message of QoS 1.
    pub(super) fn puback(&mut self, now: Instant, conn: Conn, id: u16) {
        let Some(session) = self.session(conn) else { return };
        let Some(at) = session.inflight.iter().position(|one| one.id == id) else { return };
        let redelivered = session.inflight[at].redelivered;
        let again = self.meet(|fault| match fault.fault {
            MqttFault::Redeliver { times } => (redelivered < times).then_some(()),
            _ => None,
        });
        let Some(session) = self.session(conn) else { return };
        if again.is_some() {
            let Some(one) = session.inflight.get_mut(at) else { return };
            one.redelivered += 1;
            let one = one.clone();
            if let Some(frame) = self.deliver(now, conn, &one.what, id, true) {
                self.send(now, conn, frame);
            }
            return;
        }
        if let Some(one) = session.acknowledged(id) {
            self.taken(one);
        }
        self.pump(now, conn);
    }

    /// A client has a message for good.
    fn taken(&mut self, one: Inflight) {
        if let Some(name) = &one.what.by {
            self.met(name);
        }
        self.last = Some(one.what.message);
    }

    /// A client has a message of QoS 2, or does not want it.
    pub(super) fn pubrec(&mut self, now: Instant, conn: Conn, id: u16, code: u8) {
        let Some(version) = self.client(conn).map(|client| client.version) else { return };
        let Some(session) = self.session(conn) else { return };
        if code >= 0x80 {
            session.acknowledged(id);
            return self.pump(now, conn);
        }
        let found = session.inflight.iter_mut().find(|one| one.id == id);
        let code = if found.is_some() { 0 } else { ID_NOT_FOUND };
        if let Some(one) = found {
            one.released = true;
        }
        self.send(now, conn, Frame::ack(conn, version, Ack::Pubrel, id, code));
    }

    /// A client lets the broker forget a message of QoS 2.
    pub(super) fn pubrel(&mut self, now: Instant, conn: Conn, id: u16) {
        let Some(version) = self.client(conn).map(|client| client.version) else { return };
        let known = self.session(conn).is_some_and(|session| session.received.remove(&id));
        let code = if known { 0 } else { ID_NOT_FOUND };
        self.send(now, conn, Frame::ack(conn, version, Ack::Pubcomp, id, code));
    }

    /// A client forgets a message of QoS 2.
    pub(super) fn pubcomp(&mut self, now: Instant, conn: Conn, id: u16) {
        if let Some(one) = self.session(conn).and_then(|session| session.acknowledged(id)) {
            self.taken(one);
        }
        self.pump(now, conn);
    }

    /// A client subscribes; what is kept for it comes after the answer.
    pub(super) fn subscribe(
        &mut self,
        now: Instant,
        conn: Conn,
        id: u16,
        filters: &[Filter],
        identifier: Option<u32>,
    ) {
        let Some(version) = self.client(conn).map(|client| client.version) else { return };
        let mut codes = Vec::with_capacity(filters.len());
        let mut kept = Vec::new();
        for filter in filters {
            let Some(session) = self.session(conn) else { return };
            if !topic::is_filter(&filter.filter) {
                codes.push(FILTER_INVALID);
            } else if filter.filter.starts_with("$share/") {
                codes.push(NO_SHARED_SUBSCRIPTIONS);
            } else if session.subscriptions.len() >= SUBSCRIPTIONS
                && !session.subscriptions.contains_key(&filter.filter)
            {
                codes.push(QUOTA_EXCEEDED);
            } else {
                let new = session.subscribe(filter, identifier);
                codes.push(filter.qos);
                let wanted = match filter.retained {
                    RetainHandling::SendRetained => true,
                    RetainHandling::SendRetainedIfNotExists => new,
                    RetainHandling::DoNotSendRetained => false,
                };
                if wanted {
                    kept.extend(self.kept_for(now, filter, identifier));
                }
            }
        }
        self.send(now, conn, Frame::suback(conn, version, id, &codes));
        if let Some(session) = self.session(conn) {
            for queued in kept {
                session.push(queued);
            }
        }
        self.pump(now, conn);
    }

    /// The messages kept for those who subscribe to a filter.
    fn kept_for(&self, now: Instant, filter: &Filter, identifier: Option<u32>) -> Vec<Queued> {
        let kept = self.durable.retained.values();
        kept.filter(|message| !message.expired(now) && topic::matches(&filter.filter, &message.topic))
            .map(|message| Queued {
                identifiers: identifier.into_iter().collect(),
                by: self.retained_by(&message.topic),
                ..Queued::new(message.clone(), filter.qos.min(message.qos), true)
            })
            .collect()
    }

    /// A client unsubscribes.
    pub(super) fn unsubscribe(&mut self, now: Instant, conn: Conn, id: u16, filters: &[String]) {
        let Some(version) = self.client(conn).map(|client| client.version) else { return };
        let Some(session) = self.session(conn) else { return };
        let codes: Vec<u8> = filters
            .iter()
            .map(|filter| if session.subscriptions.remove(filter).is_some() { 0 } else { NO_SUBSCRIPTION })
            .collect();
        self.send(now, conn, Frame::unsuback(conn, version, id, &codes));
    }
}

//! What the broker remembers of its clients while they are away, and what it keeps for those who come later. Plain
//! values: connections are not part of it, so that it can be cloned and carried over.

use super::packet::Filter;
use super::topic;
use brownout_core::chance::Chance;
use brownout_core::time::{Duration, Instant};
use mqtt_protocol_core::mqtt::packet::Property;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The most sessions that are kept; the longest gone makes room.
const SESSIONS: usize = 256;
/// The most messages that wait for a client.
const QUEUED: usize = 1000;
/// The most bytes of payload that wait for a client.
const QUEUED_BYTES: usize = 1024 * 1024;
/// The most messages that are kept for those who come later.
const RETAINED: usize = 1024;
/// The most filters of a client.
pub(super) const SUBSCRIPTIONS: usize = 256;

/// What a broker knows that outlives its connections.
#[derive(Clone, Debug)]
pub struct Durable {
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) retained: BTreeMap<String, Message>,
    /// What is random: the names given to clients without one.
    pub(super) chance: Chance,
}

/// A message, as it was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: Arc<[u8]>,
    pub(super) qos: u8,
    pub(super) retain: bool,
    /// When nobody wants it any more.
    pub(super) expires: Option<Instant>,
    pub(super) properties: Arc<[Property]>,
}

/// What is remembered of a client.
#[derive(Clone, Debug, Default)]
pub(super) struct Session {
    pub(super) subscriptions: BTreeMap<String, Subscription>,
    /// Messages that were not sent yet.
    queue: VecDeque<Queued>,
    queued_bytes: usize,
    /// Messages that were sent and not acknowledged to the end, in the order in which they were sent.
    pub(super) inflight: VecDeque<Inflight>,
    /// Packet identifiers of QoS 2 messages of the client that it has not released.
    pub(super) received: BTreeSet<u16>,
    last_id: u16,
    /// How long it is kept when the client is gone, in seconds; `u32::MAX` is for ever.
    pub(super) expiry: u32,
    /// Since when the client is gone; `None` while it is connected.
    pub(super) gone: Option<Instant>,
    /// A will that waits for its delay.
    pub(super) will: Option<(Instant, Message)>,
}

/// A filter that a client subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) qos: u8,
    pub(super) no_local: bool,
    pub(super) retain_as_published: bool,
    pub(super) identifier: Option<u32>,
}

/// A message that waits for a client.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) message: Message,
    pub(super) qos: u8,
    pub(super) retain: bool,
    pub(super) identifiers: Vec<u32>,
    /// The fault that sent it, whose evidence is that it is taken.
    pub(super) by: Option<String>,
}

/// A message that is under way to a client.
#[derive(Clone, Debug)]
pub(super) struct Inflight {
    pub(super) id: u16,
    pub(super) what: Queued,
    /// QoS 2: the client has it, and was told that it may forget its number.
    pub(super) released: bool,
    /// How often it was sent again although it was acknowledged.
    pub(super) redelivered: u32,
}

impl Durable {
    /// Nothing remembered.
    pub fn new(seed: u64) -> Self {
        Self { sessions: BTreeMap::new(), retained: BTreeMap::new(), chance: Chance::new(seed) }
    }

    /// A name for a client that has none.
    pub(super) fn name(&mut self) -> String {
        format!("brownout-{:016x}", self.chance.number())
    }

    /// Keeps a message for those who come later; an empty one takes back what was kept.
    pub(super) fn retain(&mut self, message: &Message) {
        if message.payload.is_empty() {
            self.retained.remove(&message.topic);
        } else if self.retained.len() < RETAINED || self.retained.contains_key(&message.topic) {
            self.retained.insert(message.topic.clone(), message.clone());
        }
    }

    /// Opens the session of a client: whether there was one, and the will that its end sets free.
    pub(super) fn open(&mut self, client: &str, clean: bool, expiry: u32) -> (bool, Option<Message>) {
        let mut freed = None;
        if clean {
            freed = self.sessions.remove(client).and_then(|old| old.will).map(|(_, will)| will);
        }
        let present = self.sessions.contains_key(client);
        if !present && self.sessions.len() >= SESSIONS {
            let longest =
                self.sessions.iter().filter_map(|(name, session)| Some((session.gone?, name.clone()))).min();
            if let Some((_, name)) = longest {
                freed = self.sessions.remove(&name).and_then(|old| old.will).map(|(_, will)| will).or(freed);
            }
        }
        let session = self.sessions.entry(client.to_owned()).or_default();
        session.expiry = expiry;
        session.gone = None;
        session.will = None;
        (present, freed)
    }

    /// The wills whose time has come, and those of sessions that ended.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Message> {
        let mut wills = Vec::new();
        self.sessions.retain(|_, session| {
            let over = session.ends().is_some_and(|end| end <= now);
            if session.will.as_ref().is_some_and(|(due, _)| *due <= now || over) {
                wills.extend(session.will.take().map(|(_, will)| will));
            }
            !over
        });
        self.retained.retain(|_, message| !message.expired(now));
        wills
    }

    /// When [`Self::due`] has something to do.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let ends = self.sessions.values().filter_map(Session::ends);
        let wills = self.sessions.values().filter_map(|session| Some(session.will.as_ref()?.0));
        ends.chain(wills).min()
    }
}

impl Message {
    /// Whether nobody wants it any more.
    pub(super) fn expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    /// Whole seconds until nobody wants it any more.
    pub(super) fn expiry(&self, now: Instant) -> Option<u32> {
        let left = self.expires?.since(now).0.div_ceil(1_000_000_000);
        Some(u32::try_from(left).unwrap_or(u32::MAX))
    }
}

impl Session {
    /// When it ends, if its client stays away.
    fn ends(&self) -> Option<Instant> {
        let gone = self.gone?;
        (self.expiry != u32::MAX).then(|| gone + Duration::from_secs(u64::from(self.expiry)))
    }

    /// Subscribes; whether it had not before.
    pub(super) fn subscribe(&mut self, filter: &Filter, identifier: Option<u32>) -> bool {
        let subscription = Subscription {
            qos: filter.qos,
            no_local: filter.no_local,
            retain_as_published: filter.retain_as_published,
            identifier,
        };
        self.subscriptions.insert(filter.filter.clone(), subscription).is_none()
    }

    /// How the client wants a message: once, at the best quality of the filters that take it in. `None` if it does not.
    pub(super) fn wants(&self, message: &Message, from_itself: bool) -> Option<Queued> {
        let mut found: Option<Queued> = None;
        for (filter, subscription) in &self.subscriptions {
            if (from_itself && subscription.no_local) || !topic::matches(filter, &message.topic) {
                continue;
            }
            let qos = subscription.qos.min(message.qos);
            let retain = message.retain && subscription.retain_as_published;
            let queued = found.get_or_insert_with(|| Queued::new(message.clone(), qos, retain));
            queued.qos = queued.qos.max(qos);
            queued.retain |= retain;
            queued.identifiers.extend(subscription.identifier);
        }
        found
    }

    /// Lets a message wait; whether there was room. While the client is away, only what is acknowledged waits.
    pub(super) fn push(&mut self, queued: Queued) -> bool {
        let bytes = queued.message.payload.len();
        let room = self.queue.len() < QUEUED && self.queued_bytes + bytes <= QUEUED_BYTES;
        if !room || (self.gone.is_some() && queued.qos == 0) {
            return false;
        }
        self.queued_bytes += bytes;
        self.queue.push_back(queued);
        true
    }

    /// The next message that may be sent, given how many may be under way.
    pub(super) fn pop(&mut self, now: Instant, window: usize) -> Option<Queued> {
        loop {
            let next = self.queue.front()?;
            if next.qos > 0 && self.inflight.len() >= window {
                return None;
            }
            let next = self.queue.pop_front()?;
            self.queued_bytes = self.queued_bytes.saturating_sub(next.message.payload.len());
            if !next.message.expired(now) {
                return Some(next);
            }
        }
    }

    /// A packet identifier that nothing under way has.
    pub(super) fn id(&mut self) -> u16 {
        loop {
            self.last_id = if self.last_id == u16::MAX { 1 } else { self.last_id + 1 };
            // There are never as many under way as there are numbers.
            if self.inflight.iter().all(|inflight| inflight.id != self.last_id) {
                return self.last_id;
            }
        }
    }

    /// Takes a message off those under way.
    pub(super) fn acknowledged(&mut self, id: u16) -> Option<Inflight> {
        let at = self.inflight.iter().position(|inflight| inflight.id == id)?;
        self.inflight.remove(at)
    }
}

impl Queued {
    pub(super) fn new(message: Message, qos: u8, retain: bool) -> Self {
        Self { message, qos, retain, identifiers: Vec::new(), by: None }
    }
}

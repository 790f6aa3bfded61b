//! CONNECT: who is let in, and what is still there for them.

use super::broker::{Broker, Client, TAKEN_OVER};
use super::credentials::Login;
use super::fault::connack_code;
use super::frame::Frame;
use super::packet::{Broken, Connect, MALFORMED, MAXIMUM_PACKET, Version, Will};
use super::session::Message;
use super::topic;
use brownout_core::network::{Conn, MqttFault, MqttSeen};
use brownout_core::time::{Duration, Instant};
use mqtt_protocol_core::mqtt::packet::{
    AssignedClientIdentifier, MaximumPacketSize, Property, ReceiveMaximum, SharedSubscriptionAvailable,
    TopicAliasMaximum,
};

/// How many messages of QoS 1 and 2 the broker takes at a time from a client.
pub(super) const RECEIVE_MAXIMUM: u16 = 64;
/// How many messages it sends at a time without an acknowledgement.
const WINDOW: u16 = 64;
/// How many topics a client may give a number.
pub(super) const TOPIC_ALIASES: u16 = 16;

/// Reason code: the client identifier is not one.
const BAD_IDENTIFIER: u8 = 0x85;
/// Reason code: extended authentication is not known here.
const BAD_METHOD: u8 = 0x8c;

impl Broker {
    /// A client wants to be let in.
    pub(super) fn greet(&mut self, now: Instant, conn: Conn, connect: Connect) {
        self.see(MqttSeen::Connect {
            conn,
            client: connect.client.clone(),
            version: if connect.version == Version::V5 { 5 } else { 4 },
            clean: connect.clean,
            keep_alive: connect.keep_alive,
        });
        if let Some(will) = &connect.will
            && !topic::is_name(&will.topic)
        {
            return self.violated(now, conn, &Broken::new(MALFORMED, "a will without a topic"), None);
        }
        if let Err(code) = self.admitted(now, &connect) {
            let frame =
                Frame::connack(conn, connect.version, connack_code(connect.version, code), false, &[]);
            self.send(now, conn, frame);
            return self.end(now, conn, None);
        }
        let assigned = connect.client.is_empty().then(|| self.durable.name());
        let id = assigned.clone().unwrap_or_else(|| connect.client.clone());
        if let Some(old) = self.online.get(&id).copied() {
            self.end(now, old, Some(TAKEN_OVER));
            // One that is cut off cannot be told; the broker forgets it.
            self.abandon(now, old);
        }
        let lost = |name: &MqttFault| matches!(name, MqttFault::SessionLost);
        if !connect.clean && self.meet(|fault| lost(&fault.fault).then_some(())).is_some() {
            self.durable.sessions.remove(&id);
        }
        let (present, freed) = self.durable.open(&id, connect.clean, connect.session_expiry);
        if let Some(will) = freed {
            self.route(now, &will, None);
        }
        let told = told(connect.version, assigned);
        self.let_in(now, conn, id, connect);
        let Some(version) = self.client(conn).map(|client| client.version) else { return };
        self.send(now, conn, Frame::connack(conn, version, 0, present, &told));
        self.resend(now, conn);
        self.pump(now, conn);
    }

    /// Whether a client is let in; the reason code if not.
    fn admitted(&mut self, now: Instant, connect: &Connect) -> Result<(), u8> {
        let refused = self.meet(|fault| match fault.fault {
            MqttFault::Refuse { code } | MqttFault::CredentialsRefused { code, .. } => Some(code),
            _ => None,
        });
        if let Some(code) = refused {
            return Err(code);
        }
        if connect.client.is_empty() && !connect.clean && connect.version == Version::V3 {
            return Err(BAD_IDENTIFIER);
        }
        if connect.extended_authentication {
            return Err(BAD_METHOD);
        }
        let login = Login {
            client: &connect.client,
            user: connect.user.as_deref(),
            password: connect.password.as_deref(),
        };
        self.credentials.check(now, &login)
    }

    fn let_in(&mut self, now: Instant, conn: Conn, id: String, connect: Connect) {
        let Some(live) = self.live.get_mut(&conn) else { return };
        // One and a half times the keep-alive time (MQTT 5.0 section 3.1.2.10).
        let patience = Duration::from_millis(u64::from(connect.keep_alive) * 1500);
        live.client = Some(Client {
            id: id.clone(),
            version: connect.version,
            let_in: now,
            heard: now,
            patience: (connect.keep_alive > 0).then_some(patience),
            will: connect.will.map(|will| as_message(now, will)),
            aliases: std::collections::BTreeMap::new(),
            told_aliases: Vec::new(),
            alias_maximum: connect.topic_aliases.min(TOPIC_ALIASES),
            window: usize::from(connect.receive_maximum.min(WINDOW)),
            maximum_packet: connect.maximum_packet,
            asked_expiry: connect.session_expiry,
        });
        self.online.insert(id, conn);
    }
}

fn as_message(now: Instant, will: Will) -> (Duration, Message) {
    let message = Message {
        topic: will.topic,
        payload: will.payload.into(),
        qos: will.qos,
        retain: will.retain,
        expires: super::exchange::expires(now, &will.properties),
        properties: will.properties.into(),
    };
    (Duration::from_secs(u64::from(will.delay)), message)
}

/// What a client of version 5 is told of the broker's limits.
fn told(version: Version, assigned: Option<String>) -> Vec<Property> {
    if version == Version::V3 {
        return Vec::new();
    }
    let size = u32::try_from(MAXIMUM_PACKET).unwrap_or(u32::MAX);
    [
        ReceiveMaximum::new(RECEIVE_MAXIMUM).map(Property::ReceiveMaximum).ok(),
        MaximumPacketSize::new(size).map(Property::MaximumPacketSize).ok(),
        assigned
            .and_then(|id| AssignedClientIdentifier::new(id).ok())
            .map(Property::AssignedClientIdentifier),
        TopicAliasMaximum::new(TOPIC_ALIASES).map(Property::TopicAliasMaximum).ok(),
        SharedSubscriptionAvailable::new(0).map(Property::SharedSubscriptionAvailable).ok(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

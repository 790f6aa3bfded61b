//! What the broker says: packets of either version of the protocol, as bytes and as what is seen of them.

use super::packet::Version;
use brownout_core::network::{BrokerPacket, Conn, MqttSeen, Payload};
use mqtt_protocol_core::mqtt::packet::{Property, SubscriptionIdentifier, TopicAlias};

/// The most bytes of a payload that an event shows.
const SHOWN: usize = 4096;

/// A packet on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: BrokerPacket,
    pub(super) bytes: Vec<u8>,
    /// What is seen when it leaves.
    pub(super) seen: MqttSeen,
}

/// A message as it goes to one client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery<'a> {
    pub(super) topic: &'a str,
    pub(super) alias: Option<Alias>,
    pub(super) payload: &'a [u8],
    pub(super) qos: u8,
    pub(super) dup: bool,
    pub(super) retain: bool,
    /// Of QoS 1 and 2.
    pub(super) id: u16,
    pub(super) properties: &'a [Property],
    /// In seconds.
    pub(super) expiry: Option<u32>,
    pub(super) identifiers: &'a [u32],
}

/// A number that stands for a topic from now on, or stood for it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alias {
    pub(super) number: u16,
    /// The client knows it, so that the topic may be left out.
    pub(super) known: bool,
}

/// The acknowledgements that consist of a packet identifier and a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ack {
    Puback,
    Pubrec,
    Pubrel,
    Pubcomp,
}

/// A packet: its first byte, its length, its body.
pub(super) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(body.len() + 5);
    bytes.push(first);
    length(body.len(), &mut bytes);
    bytes.extend_from_slice(body);
    bytes
}

/// A variable byte integer (MQTT 5.0 section 1.5.5); what it cannot hold is cut down to what it can.
pub(super) fn length(value: usize, bytes: &mut Vec<u8>) {
    let mut rest = value.min(268_435_455);
    loop {
        let low = (rest & 0x7f) as u8;
        rest >>= 7;
        bytes.push(if rest == 0 { low } else { low | 0x80 });
        if rest == 0 {
            return;
        }
    }
}

fn text(text: &str, bytes: &mut Vec<u8>) {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&text.as_bytes()[..usize::from(length)]);
}

fn properties<'a>(all: impl Iterator<Item = &'a Property>, bytes: &mut Vec<u8>) {
    let mut written = Vec::new();
    for property in all {
        written.extend(property.to_continuous_buffer());
    }
    length(written.len(), bytes);
    bytes.append(&mut written);
}

/// Only what is not success is told.
fn trouble(code: u8) -> Option<u8> {
    (code >= 0x80).then_some(code)
}

impl Frame {
    /// Lets a client in or refuses it. The code is one of the client's version.
    pub(super) fn connack(
        conn: Conn,
        version: Version,
        code: u8,
        session_present: bool,
        told: &[Property],
    ) -> Self {
        let mut body = vec![u8::from(session_present && code == 0), code];
        if version == Version::V5 {
            properties(told.iter(), &mut body);
        }
        Self {
            kind: BrokerPacket::Connack,
            bytes: packet(0x20, &body),
            seen: MqttSeen::Connack { conn, code, session_present: session_present && code == 0 },
        }
    }

    /// A message.
    pub(super) fn publish(conn: Conn, version: Version, message: &Delivery<'_>) -> Self {
        let mut body = Vec::with_capacity(message.topic.len() + message.payload.len() + 16);
        let known = message.alias.is_some_and(|alias| alias.known);
        text(if known { "" } else { message.topic }, &mut body);
        if message.qos > 0 {
            body.extend_from_slice(&message.id.to_be_bytes());
        }
        if version == Version::V5 {
            let mut own: Vec<Property> = Vec::new();
            own.extend(
                message.alias.and_then(|alias| TopicAlias::new(alias.number).ok()).map(Property::TopicAlias),
            );
            own.extend(
                message
                    .identifiers
                    .iter()
                    .filter_map(|identifier| SubscriptionIdentifier::new(*identifier).ok())
                    .map(Property::SubscriptionIdentifier),
            );
            let expiry = message.expiry.and_then(|seconds| {
                mqtt_protocol_core::mqtt::packet::MessageExpiryInterval::new(seconds).ok()
            });
            own.extend(expiry.map(Property::MessageExpiryInterval));
            let others =
                message.properties.iter().filter(|one| !matches!(one, Property::MessageExpiryInterval(_)));
            properties(own.iter().chain(others), &mut body);
        }
        body.extend_from_slice(message.payload);
        let first = 0x30 | u8::from(message.dup) << 3 | message.qos << 1 | u8::from(message.retain);
        let shown = message.payload.get(..SHOWN).unwrap_or(message.payload);
        Self {
            kind: BrokerPacket::Publish,
            bytes: packet(first, &body),
            seen: MqttSeen::Delivered {
                conn,
                topic: message.topic.to_owned(),
                payload: Payload(shown.to_vec()),
                id: (message.qos > 0).then_some(message.id),
            },
        }
    }

    /// An acknowledgement. MQTT 3.1.1 knows no reasons.
    pub(super) fn ack(conn: Conn, version: Version, ack: Ack, id: u16, code: u8) -> Self {
        let (kind, first) = match ack {
            Ack::Puback => (BrokerPacket::Puback, 0x40),
            Ack::Pubrec => (BrokerPacket::Pubrec, 0x50),
            Ack::Pubrel => (BrokerPacket::Pubrel, 0x62),
            Ack::Pubcomp => (BrokerPacket::Pubcomp, 0x70),
        };
        let mut body = id.to_be_bytes().to_vec();
        // Success is what is left out.
        if version == Version::V5 && code != 0 {
            body.push(code);
        }
        Self::sent(conn, kind, packet(first, &body), code)
    }

    /// The answer to a SUBSCRIBE: a code for each filter.
    pub(super) fn suback(conn: Conn, version: Version, id: u16, codes: &[u8]) -> Self {
        let mut body = id.to_be_bytes().to_vec();
        match version {
            Version::V3 => body.extend(codes.iter().map(|code| if *code > 2 { 0x80 } else { *code })),
            Version::V5 => {
                body.push(0);
                body.extend_from_slice(codes);
            }
        }
        let worst = codes.iter().copied().max().unwrap_or(0);
        Self::sent(conn, BrokerPacket::Suback, packet(0x90, &body), worst)
    }

    /// The answer to an UNSUBSCRIBE.
    pub(super) fn unsuback(conn: Conn, version: Version, id: u16, codes: &[u8]) -> Self {
        let mut body = id.to_be_bytes().to_vec();
        if version == Version::V5 {
            body.push(0);
            body.extend_from_slice(codes);
        }
        Self::sent(conn, BrokerPacket::Unsuback, packet(0xb0, &body), 0)
    }

    /// The answer to a PINGREQ.
    pub(super) fn pingresp(conn: Conn) -> Self {
        Self::sent(conn, BrokerPacket::Pingresp, packet(0xd0, &[]), 0)
    }

    /// Ends a connection of version 5; in 3.1.1 a broker just closes it.
    pub(super) fn disconnect(conn: Conn, code: u8) -> Self {
        let body = [code, 0];
        Self::sent(conn, BrokerPacket::Disconnect, packet(0xe0, if code == 0 { &[] } else { &body }), code)
    }

    fn sent(conn: Conn, kind: BrokerPacket, bytes: Vec<u8>, code: u8) -> Self {
        let seen = MqttSeen::Sent { conn, packet: kind.standard_name().to_owned(), code: trouble(code) };
        Self { kind, bytes, seen }
    }
}

//! A client that notes what it receives, and answers as the standard wants.

use brownout_core::network::End;
use mqtt_protocol_core::mqtt::connection::{Event, role};
use mqtt_protocol_core::mqtt::packet::{
    GenericPacketTrait, MaximumPacketSize, Packet, Property, Qos, ReceiveMaximum, SessionExpiryInterval,
    SubEntry, SubOpts, TopicAliasMaximum, WillDelayInterval, v3_1_1, v5_0,
};
use mqtt_protocol_core::mqtt::{Connection, Version, common::Cursor};

pub(super) struct Client {
    connection: Connection<role::Client>,
    version: Version,
    /// What it wants to send.
    pub(super) out: Vec<u8>,
    /// The bytes that it received, as they came.
    pub(super) raw: Vec<u8>,
    /// The packets that it received.
    pub(super) received: Vec<Packet>,
    /// Whether something that it received was against the protocol.
    pub(super) broken: bool,
    pub(super) ended: Option<End>,
}

/// What a client asks for when it connects.
pub(super) struct Wish {
    pub(super) version: Version,
    pub(super) id: &'static str,
    pub(super) clean: bool,
    pub(super) expiry: u32,
    pub(super) keep_alive: u16,
    /// Topic, payload, delay in seconds.
    pub(super) will: Option<(&'static str, &'static str, u32)>,
    pub(super) receive_maximum: Option<u16>,
    pub(super) packet_maximum: Option<u32>,
    pub(super) aliases: u16,
    pub(super) acknowledges: bool,
    pub(super) user: Option<(&'static str, &'static str)>,
}

pub(super) const V5: Wish = Wish {
    version: Version::V5_0,
    id: "device",
    clean: false,
    expiry: 3600,
    keep_alive: 30,
    will: None,
    receive_maximum: None,
    packet_maximum: None,
    aliases: 0,
    acknowledges: true,
    user: None,
};

pub(super) const V3: Wish = Wish { version: Version::V3_1_1, ..V5 };

impl Client {
    pub(super) fn new(wish: &Wish) -> Self {
        let mut connection = Connection::<role::Client>::new(wish.version);
        connection.set_auto_pub_response(wish.acknowledges);
        let mut client = Self {
            connection,
            version: wish.version,
            out: Vec::new(),
            raw: Vec::new(),
            received: Vec::new(),
            broken: false,
            ended: None,
        };
        let packet: Packet = match wish.version {
            Version::V5_0 => {
                let mut properties: Vec<Property> =
                    vec![SessionExpiryInterval::new(wish.expiry).unwrap().into()];
                properties.extend(wish.receive_maximum.map(|most| ReceiveMaximum::new(most).unwrap().into()));
                properties
                    .extend(wish.packet_maximum.map(|most| MaximumPacketSize::new(most).unwrap().into()));
                if wish.aliases > 0 {
                    properties.push(TopicAliasMaximum::new(wish.aliases).unwrap().into());
                }
                let mut connect = v5_0::Connect::builder()
                    .client_id(wish.id)
                    .unwrap()
                    .clean_start(wish.clean)
                    .keep_alive(wish.keep_alive)
                    .props(properties);
                if let Some((topic, payload, delay)) = wish.will {
                    let delay: Property = WillDelayInterval::new(delay).unwrap().into();
                    connect = connect.will_message(topic, payload, Qos::AtLeastOnce, false).unwrap();
                    connect = connect.will_props(vec![delay]);
                }
                if let Some((user, password)) = wish.user {
                    connect = connect.user_name(user).unwrap().password(password).unwrap();
                }
                connect.build().unwrap().into()
            }
            _ => {
                let mut connect = v3_1_1::Connect::builder()
                    .client_id(wish.id)
                    .unwrap()
                    .clean_session(wish.clean)
                    .keep_alive(wish.keep_alive);
                if let Some((topic, payload, _)) = wish.will {
                    connect = connect.will_message(topic, payload, Qos::AtLeastOnce, false).unwrap();
                }
                connect.build().unwrap().into()
            }
        };
        client.send(packet);
        client
    }

    fn send(&mut self, packet: Packet) {
        let events = self.connection.send(packet);
        self.take(events);
    }

    fn take(&mut self, events: Vec<Event>) {
        for event in events {
            match event {
                Event::RequestSendPacket { packet, .. } => self.out.extend(packet.to_continuous_buffer()),
                Event::NotifyPacketReceived(packet) => self.received.push(packet),
                Event::NotifyError(_) => self.broken = true,
                _ => {}
            }
        }
    }

    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        let mut cursor = Cursor::new(bytes);
        while (cursor.position() as usize) < bytes.len() && !self.broken {
            let events = self.connection.recv(&mut cursor);
            self.take(events);
        }
    }

    pub(super) fn subscribe(&mut self, filter: &str, qos: Qos) {
        let id = self.connection.acquire_packet_id().unwrap();
        let entry = SubEntry::new(filter, SubOpts::new().set_qos(qos)).unwrap();
        self.send(match self.version {
            Version::V5_0 => {
                v5_0::Subscribe::builder().packet_id(id).entries(vec![entry]).build().unwrap().into()
            }
            _ => v3_1_1::Subscribe::builder().packet_id(id).entries(vec![entry]).build().unwrap().into(),
        });
    }

    pub(super) fn publish(&mut self, topic: &str, payload: &str, qos: Qos, retain: bool) {
        let id = (qos != Qos::AtMostOnce).then(|| self.connection.acquire_packet_id().unwrap());
        self.send(match self.version {
            Version::V5_0 => {
                let packet = v5_0::Publish::builder().topic_name(topic).unwrap().qos(qos).retain(retain);
                let packet = match id {
                    Some(id) => packet.packet_id(id),
                    None => packet,
                };
                packet.payload(payload.as_bytes()).build().unwrap().into()
            }
            _ => {
                let packet = v3_1_1::Publish::builder().topic_name(topic).unwrap().qos(qos).retain(retain);
                let packet = match id {
                    Some(id) => packet.packet_id(id),
                    None => packet,
                };
                packet.payload(payload.as_bytes()).build().unwrap().into()
            }
        });
    }

    pub(super) fn ping(&mut self) {
        self.send(match self.version {
            Version::V5_0 => v5_0::Pingreq::new().into(),
            _ => v3_1_1::Pingreq::new().into(),
        });
    }

    pub(super) fn farewell(&mut self) {
        self.send(match self.version {
            Version::V5_0 => v5_0::Disconnect::builder().build().unwrap().into(),
            _ => v3_1_1::Disconnect::new().into(),
        });
    }

    /// The messages that came: topic, payload, retained.
    pub(super) fn messages(&self) -> Vec<(String, String, bool)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.received
            .iter()
            .filter_map(|packet| match packet {
                Packet::V5_0Publish(p) => {
                    Some((p.topic_name().to_owned(), text(p.payload().as_slice()), p.retain()))
                }
                Packet::V3_1_1Publish(p) => {
                    Some((p.topic_name().to_owned(), text(p.payload().as_slice()), p.retain()))
                }
                _ => None,
            })
            .collect()
    }

    /// The payloads that came.
    pub(super) fn payloads(&self) -> Vec<String> {
        self.messages().into_iter().map(|(_, payload, _)| payload).collect()
    }

    /// How it was let in: the code, and whether its session went on.
    pub(super) fn connack(&self) -> Option<(u8, bool)> {
        self.received.iter().find_map(|packet| match packet {
            Packet::V5_0Connack(p) => Some((p.reason_code() as u8, p.session_present())),
            Packet::V3_1_1Connack(p) => Some((p.return_code() as u8, p.session_present())),
            _ => None,
        })
    }

    /// How often a packet of this name came.
    pub(super) fn count(&self, name: &str) -> usize {
        let all = self.received.iter().map(|packet| packet.packet_type());
        all.filter(|kind| kind.as_str().eq_ignore_ascii_case(name)).count()
    }

    /// The reason of the DISCONNECT that came.
    pub(super) fn told(&self) -> Option<u8> {
        self.received.iter().find_map(|packet| match packet {
            Packet::V5_0Disconnect(p) => Some(p.reason_code().map_or(0, |code| code as u8)),
            _ => None,
        })
    }
}

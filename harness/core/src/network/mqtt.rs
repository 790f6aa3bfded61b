//! MQTT 3.1.1 and 5.0 (OASIS): what is seen of it and how a broker goes wrong.

use super::{Conn, Content, Payload};
use crate::time::Duration;
use serde::{Deserialize, Serialize};

/// A packet that a broker sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrokerPacket {
    /// Lets a client in, or not.
    Connack,
    /// A message.
    Publish,
    /// Has a message of QoS 1.
    Puback,
    /// Has a message of QoS 2.
    Pubrec,
    /// Lets the client forget a message of QoS 2.
    Pubrel,
    /// Forgets a message of QoS 2.
    Pubcomp,
    /// Subscribed.
    Suback,
    /// Unsubscribed.
    Unsuback,
    /// Is there.
    Pingresp,
    /// Ends the connection; only in MQTT 5.0.
    Disconnect,
}

crate::words!(BrokerPacket {
    Connack = "connack",
    Publish = "publish",
    Puback = "puback",
    Pubrec = "pubrec",
    Pubrel = "pubrel",
    Pubcomp = "pubcomp",
    Suback = "suback",
    Unsuback = "unsuback",
    Pingresp = "pingresp",
    Disconnect = "disconnect",
});

impl BrokerPacket {
    /// As the standard writes it.
    pub const fn standard_name(self) -> &'static str {
        match self {
            Self::Connack => "CONNACK",
            Self::Publish => "PUBLISH",
            Self::Puback => "PUBACK",
            Self::Pubrec => "PUBREC",
            Self::Pubrel => "PUBREL",
            Self::Pubcomp => "PUBCOMP",
            Self::Suback => "SUBACK",
            Self::Unsuback => "UNSUBACK",
            Self::Pingresp => "PINGRESP",
            Self::Disconnect => "DISCONNECT",
        }
    }
}

/// What is wrong with a malformed packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Damage {
    /// The reserved flags of its first byte are wrong; of a PUBLISH, its QoS is 3.
    Flags,
    /// It ends before its contents do.
    Truncated,
    /// Bytes follow its contents.
    Trailing,
    /// Its remaining length has five bytes, where four are the most.
    Length,
    /// Its type is 0, which there is not.
    Type,
    /// Its contents are random.
    Noise,
}

crate::words!(Damage {
    Flags = "flags",
    Truncated = "truncated",
    Trailing = "trailing",
    Length = "length",
    Type = "type",
    Noise = "noise",
});

/// How the broker misbehaves.
///
/// A topic with wildcards is one that it takes in and on which the device listens; one that is left out is any on which the
/// device listens. What the device's own filter leaves open is filled with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MqttFault {
    /// It takes the connection and refuses the client with this reason code (MQTT 5.0 section 3.2.2.2, 3.1.1 table 3.1).
    Refuse {
        /// The code, of either version; a client of the other gets the nearest of its own.
        code: u8,
    },
    /// It never sends these packets.
    Withhold {
        /// Which.
        packet: BrokerPacket,
    },
    /// It sends packets late.
    Late {
        /// Which; all of them if left out.
        packet: Option<BrokerPacket>,
        /// By how much.
        by: Duration,
    },
    /// It sends these packets twice.
    Duplicate {
        /// Which.
        packet: BrokerPacket,
    },
    /// Its answers carry a packet identifier that nobody asked about.
    WrongId {
        /// Which answers.
        packet: BrokerPacket,
    },
    /// It sends packets against the rules. A PUBLISH or a DISCONNECT it sends of its own accord, to each client once.
    Malformed {
        /// Which.
        packet: BrokerPacket,
        /// What is wrong with them.
        damage: Damage,
    },
    /// It sends each client one PUBLISH that is too large.
    Oversized {
        /// Its remaining length in bytes, at most 268435455. No more than 1 MiB of it is sent; then the broker stays
        /// in the middle of the packet and nothing more comes.
        length: u32,
    },
    /// It sends each client one PUBLISH whose topic is not UTF-8.
    InvalidUtf8,
    /// It lets clients in, and ends their connections soon after.
    Kick {
        /// How soon.
        after: Duration,
        /// With a DISCONNECT of this reason (MQTT 5.0 only); without one it just closes.
        code: Option<u8>,
    },
    /// Connections that stand are dead: nothing that the client sends has an effect, and nothing comes back. Dead they
    /// stay. New ones are served.
    HalfOpen,
    /// Another client with the same identifier takes the session over.
    Takeover {
        /// How long after the client was let in.
        after: Duration,
        /// Again and again, or once.
        again: bool,
    },
    /// It ends each connection once.
    Disconnect {
        /// With a DISCONNECT of this reason (MQTT 5.0 only); without one it just closes.
        code: Option<u8>,
    },
    /// It has lost its sessions and the connections with them; while this is in force no client finds one.
    SessionLost,
    /// A message is kept for those who subscribe.
    Retained {
        /// Its topic.
        topic: Option<String>,
        /// What it is.
        content: Content,
    },
    /// It does not take note of acknowledgements, and sends each message of QoS 1 again, with DUP and the same
    /// identifier.
    Redeliver {
        /// How often.
        times: u32,
    },
    /// The wills of other clients are published, one right after the other.
    WillStorm {
        /// How many.
        count: u32,
        /// Where to; the name of the other client stands for what the device's filter leaves open.
        topic: Option<String>,
    },
    /// Messages come without pause.
    Flood {
        /// One in this time.
        every: Duration,
        /// Where to.
        topic: Option<String>,
        /// What they are.
        content: Content,
        /// Their quality of service.
        qos: u8,
    },
    /// Credentials that were good are so no more: CONNECT is refused with this code.
    CredentialsRefused {
        /// The code, 0x86 (bad user name or password) or 0x87 (not authorized).
        code: u8,
        /// Whether connections that stand are ended (DISCONNECT with 0x87).
        kick: bool,
    },
    /// Messages are published, one right after the other. Met when the device acknowledges them, or, at QoS 0, when
    /// they are sent.
    Messages {
        /// Where to.
        topic: Option<String>,
        /// What.
        contents: Vec<Content>,
        /// Their quality of service.
        qos: u8,
    },
    /// The last message that the device got and acknowledged is published anew.
    Replay {
        /// How often.
        times: u32,
    },
}

/// What is seen of MQTT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MqttSeen {
    /// The device asks to be let in.
    Connect {
        /// Of which connection.
        conn: Conn,
        /// Its client identifier.
        client: String,
        /// 4 is MQTT 3.1.1, 5 is 5.0.
        version: u8,
        /// Whether it wants to begin anew (clean start, clean session).
        clean: bool,
        /// Its keep-alive time in seconds.
        keep_alive: u16,
    },
    /// It is let in, or not.
    Connack {
        /// Of which connection.
        conn: Conn,
        /// The reason code; 0 is success.
        code: u8,
        /// Whether its session goes on.
        session_present: bool,
    },
    /// A message of the device.
    Publish {
        /// Of which connection.
        conn: Conn,
        /// Its topic.
        topic: String,
        /// Its payload, at most 4 KiB of it.
        payload: Payload,
        /// Its quality of service.
        qos: u8,
        /// Whether the device says that it may have sent it before.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        dup: bool,
        /// Whether the broker is to keep it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        retain: bool,
        /// Its packet identifier, of QoS 1 and 2.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u16>,
    },
    /// A message to the device.
    Delivered {
        /// Of which connection.
        conn: Conn,
        /// Its topic.
        topic: String,
        /// Its payload, at most 4 KiB of it.
        payload: Payload,
        /// Its packet identifier.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<u16>,
    },
    /// A message to the device that the broker did not send, because it is larger than what the device said in its CONNECT
    /// that it takes (Maximum Packet Size, MQTT 5.0 section 3.1.2.11.4). Of those of a fault the first is told, and each
    /// tenfold.
    Withheld {
        /// Of which connection.
        conn: Conn,
        /// Its topic.
        topic: String,
        /// How long its packet would have been, in bytes.
        bytes: u64,
        /// The longest packet that the device takes, in bytes.
        limit: u32,
        /// The misbehaviour that published it, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// Any other packet of the device: `PUBACK`, `SUBSCRIBE`, `PINGREQ`, `DISCONNECT`, …
    Packet {
        /// Of which connection.
        conn: Conn,
        /// Its type, as the standard writes it.
        packet: String,
        /// Its reason code, if it carries one that is not success.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<u8>,
    },
    /// The broker sent another packet: `PUBACK`, `SUBACK`, `PINGRESP`, `DISCONNECT`, …
    Sent {
        /// Of which connection.
        conn: Conn,
        /// Its type.
        packet: String,
        /// Its reason code, if it carries one that is not success.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<u8>,
    },
    /// The device broke the rules of the protocol.
    Violation {
        /// Of which connection.
        conn: Conn,
        /// How.
        why: String,
    },
}

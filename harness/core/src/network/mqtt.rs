//! MQTT 3.1.1 and 5.0 (OASIS): what is seen of it and how a broker goes wrong.

use super::{Conn, Payload};
use serde::{Deserialize, Serialize};

/// How the broker misbehaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MqttFault {
    /// It takes the connection and refuses the client with this reason code (MQTT 5.0 table 3-1).
    Refuse {
        /// The code.
        code: u8,
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

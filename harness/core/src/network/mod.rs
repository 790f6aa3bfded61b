//! What is between a device and its cloud: the link, and the services at the other end of it. How each can be made to
//! go wrong, and what is seen of each; one file a protocol.

mod conditions;
mod corpus;
mod dhcp;
mod dns;
mod http;
mod mqtt;
mod ntp;
mod packet;
mod payload;
mod reason;
mod tcp;
mod tls;

pub use conditions::{Conditions, Direction, Distribution, Loss, Reorder};
pub use corpus::CorpusFile;
pub use dhcp::{DhcpFault, DhcpSeen};
pub use dns::{DnsFault, DnsMisbehaviour, DnsSeen, Host, Rcode};
pub use http::{HttpFault, HttpHost, HttpSeen, MoreOrLess, StatusCode};
pub use mqtt::{BrokerPacket, Damage, MqttFault, MqttSeen};
pub use ntp::{Kiss, NtpFault, NtpSeen};
pub use packet::{Fate, PacketRule, Predicate, Protocol, TcpFlag};
pub use payload::{Content, PayloadKind, Written};
pub use reason::{Farewell, Refusal};
pub use tcp::{Conn, End, TcpSeen};
pub use tls::{AlertDescription, BadCertificate, HandshakeState, Secured, TlsFault, TlsSeen};

use serde::{Deserialize, Serialize};

/// A service that the harness stands in for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Gives out addresses (RFC 2131).
    Dhcp,
    /// Resolves names (RFC 1035).
    Dns,
    /// Tells the time (RFC 5905).
    Ntp,
    /// The MQTT broker.
    Broker,
    /// The cloud's HTTP interface.
    Api,
    /// The identity provider, which gives out tokens over HTTP.
    Identity,
}

crate::words!(Service {
    Dhcp = "dhcp",
    Dns = "dns",
    Ntp = "ntp",
    Broker = "broker",
    Api = "api",
    Identity = "identity",
});

impl Service {
    /// Every service there is.
    pub const ALL: &[Self] = &[Self::Dhcp, Self::Dns, Self::Ntp, Self::Broker, Self::Api, Self::Identity];
}

/// A thing done to the link, by the name under which it is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impairment {
    /// Names it; that of the fault's kind. Setting the same name again replaces it.
    pub name: String,
    /// What is done.
    pub how: Impair,
}

/// What can be done to a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impair {
    /// Conditions that every frame of a direction meets.
    Conditions {
        /// Which way.
        direction: Direction,
        /// The conditions.
        conditions: Conditions,
    },
    /// A rule for chosen packets.
    Packet(PacketRule),
    /// IP packets longer than this are dropped without a word (RFC 2923, a path MTU black hole).
    MtuBlackHole {
        /// The longest IP packet that passes, in bytes.
        mtu: u32,
        /// Which way.
        direction: Direction,
    },
    /// The cable is pulled: the device's PHY loses its link.
    Unplug,
    /// The cable comes and goes.
    Flap {
        /// How long it is plugged.
        up: crate::time::Duration,
        /// How long it is not; it begins with this.
        down: crate::time::Duration,
    },
}

/// How a service misbehaves, by the name under which it is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misbehaviour {
    /// Names it; that of the fault's kind. Setting the same name again replaces it.
    pub name: String,
    /// What it does.
    pub how: Misbehave,
}

/// What a service can do wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misbehave {
    /// DHCP.
    Dhcp(DhcpFault),
    /// DNS.
    Dns(DnsFault),
    /// NTP.
    Ntp(NtpFault),
    /// TLS, of one of the services over it.
    Tls {
        /// Which.
        service: Service,
        /// How.
        fault: TlsFault,
    },
    /// The MQTT broker.
    Mqtt(MqttFault),
    /// HTTP, of one of the services over it.
    Http {
        /// Which.
        service: Service,
        /// How.
        fault: HttpFault,
    },
    /// A service is not there.
    Down {
        /// Which.
        services: Vec<Service>,
        /// How that shows.
        how: Absence,
    },
    /// Every answer of a service comes late.
    Slow {
        /// Which.
        services: Vec<Service>,
        /// By how much.
        by: crate::time::Duration,
    },
    /// A service is stopped and started again: its connections are reset.
    Restart {
        /// Which.
        services: Vec<Service>,
        /// How long it is away.
        away: crate::time::Duration,
        /// Whether it forgets its durable state too: sessions, retained messages, leases.
        forgets: bool,
    },
}

/// How a service that is not there shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absence {
    /// Nobody listens: a TCP reset, an ICMP port unreachable.
    Refuses,
    /// Nobody answers: packets vanish. Connections that stand stay as they are, half-open.
    Silent,
}

crate::words!(Absence { Refuses = "refuses", Silent = "silent" });

/// Something seen of the device's traffic. Everything textual in it is hostile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Traffic {
    /// The device's end of the cable: it has a link, or has lost it.
    Carrier {
        /// A link.
        up: bool,
    },
    /// What the link did with frames since the run began; told at the end, and when something is taken back.
    Counters {
        /// Which way.
        direction: Direction,
        /// Frames that arrived at the link.
        frames: u64,
        /// Bytes of them.
        bytes: u64,
        /// Those it dropped, for whatever reason.
        dropped: u64,
        /// Those it delayed.
        delayed: u64,
        /// Copies it made.
        duplicated: u64,
        /// Those it damaged.
        corrupted: u64,
        /// Those that overtook others.
        reordered: u64,
    },
    /// A packet to an address and port at which nobody is.
    Astray {
        /// `tcp`, `udp`, `icmp` or a number.
        protocol: String,
        /// Where to.
        to: String,
    },
    /// TCP.
    Tcp(TcpSeen),
    /// DHCP.
    Dhcp(DhcpSeen),
    /// DNS.
    Dns(DnsSeen),
    /// NTP.
    Ntp(NtpSeen),
    /// TLS.
    Tls(TlsSeen),
    /// MQTT.
    Mqtt(MqttSeen),
    /// HTTP.
    Http(HttpSeen),
}

impl Traffic {
    /// The connection of which it is, if it is of one.
    pub const fn conn(&self) -> Option<Conn> {
        match self {
            Self::Tcp(TcpSeen::Opened { conn, .. } | TcpSeen::Closed { conn, .. })
            | Self::Tls(
                TlsSeen::ClientHello { conn, .. }
                | TlsSeen::Established { conn, .. }
                | TlsSeen::Alert { conn, .. }
                | TlsSeen::Failed { conn, .. }
                | TlsSeen::NotTls { conn }
                | TlsSeen::FirstData { conn },
            )
            | Self::Mqtt(
                MqttSeen::Connect { conn, .. }
                | MqttSeen::Connack { conn, .. }
                | MqttSeen::Publish { conn, .. }
                | MqttSeen::Delivered { conn, .. }
                | MqttSeen::Withheld { conn, .. }
                | MqttSeen::Packet { conn, .. }
                | MqttSeen::Sent { conn, .. }
                | MqttSeen::Violation { conn, .. },
            )
            | Self::Http(HttpSeen::Asked { conn, .. } | HttpSeen::Answered { conn, .. }) => Some(*conn),
            Self::Tcp(TcpSeen::Asked { .. })
            | Self::Carrier { .. }
            | Self::Counters { .. }
            | Self::Astray { .. }
            | Self::Dhcp(_)
            | Self::Dns(_)
            | Self::Ntp(_) => None,
        }
    }
}

/// A message that is published to the device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Its topic.
    pub topic: String,
    /// Its payload.
    pub payload: Payload,
    /// Its quality of service: 0 or 1.
    pub qos: u8,
    /// Whether the broker keeps it for those who come later.
    pub retain: bool,
}

/// Bytes that are mostly text: shown as text where they are, in hex behind `hex:` where they are not.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Payload(pub Vec<u8>);

impl Payload {
    /// As it is shown and stored: the text, or `hex:` and hex digits.
    pub fn shown(&self) -> String {
        match std::str::from_utf8(&self.0) {
            Ok(text) if !text.starts_with("hex:") => text.to_owned(),
            _ => {
                let hex: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("hex:{hex}")
            }
        }
    }
}

impl crate::language::Decode for Payload {
    fn shape() -> crate::language::Shape {
        crate::language::Shape::Scalar("a text, or bytes in hex behind `hex:`", "'{\"id\":\"7\"}'")
    }

    fn decode(node: &crate::language::Node, out: &mut crate::language::Diagnostics) -> Option<Self> {
        crate::language::scalar::from_str(node, "a text, or bytes in hex behind `hex:`", out)
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self(text.as_bytes().to_vec())
    }
}

impl std::str::FromStr for Payload {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some(hex) = text.strip_prefix("hex:") else { return Ok(Self::from(text)) };
        let digits: Option<Vec<u8>> = hex.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => {
                Ok(Self(digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect()))
            }
            _ => Err(format!("`{text}` is not hex; write two digits for each byte behind `hex:`")),
        }
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.shown())
    }
}

impl Serialize for Payload {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.shown())
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Payload;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_payload_reads_back(bytes in proptest::collection::vec(any::<u8>(), 0..64), text in "(hex:)?\\PC{0,16}") {
            for bytes in [bytes, text.into_bytes()] {
                let payload = Payload(bytes);
                prop_assert_eq!(payload.shown().parse(), Ok(payload));
            }
        }
    }
}

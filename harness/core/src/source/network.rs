//! `{network: connack}`: a signal that every device on a network gives, whatever it calls things itself.

use crate::names::Signal;
use crate::network::{DhcpSeen, DnsSeen, MqttSeen, NtpSeen, Service, TcpSeen, TlsSeen, Traffic};
use crate::port::Port;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What every device does on a network. A scenario can name each without a line in the board file, as `net.` and its
/// word: `wait: net.connack`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkSignal {
    /// It has a link.
    Carrier,
    /// It lost its link.
    NoCarrier,
    /// It was given an address (DHCPACK).
    Dhcp,
    /// A name that it asked for was resolved.
    Dns,
    /// It was told the time, by a server that is synchronised.
    Time,
    /// It asks for a TCP connection, whatever becomes of it.
    Attempt,
    /// A TCP connection stands.
    Tcp,
    /// A TCP connection ended.
    Closed,
    /// A TLS handshake is through.
    Tls,
    /// It sent a TLS alert.
    Alert,
    /// The broker let it in.
    Connack,
    /// The broker refused it.
    Refused,
    /// It sent a packet to where nobody is.
    Astray,
}

crate::words!(NetworkSignal {
    Carrier = "carrier",
    NoCarrier = "no_carrier",
    Dhcp = "dhcp",
    Dns = "dns",
    Time = "time",
    Attempt = "attempt",
    Tcp = "tcp",
    Closed = "closed",
    Tls = "tls",
    Alert = "alert",
    Connack = "connack",
    Refused = "refused",
    Astray = "astray",
});

/// What stands before the word in the name of a signal that needs no board file.
const RESERVED: &str = "net.";

type Fields = BTreeMap<String, String>;

impl NetworkSignal {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Carrier,
        Self::NoCarrier,
        Self::Dhcp,
        Self::Dns,
        Self::Time,
        Self::Attempt,
        Self::Tcp,
        Self::Closed,
        Self::Tls,
        Self::Alert,
        Self::Connack,
        Self::Refused,
        Self::Astray,
    ];

    /// The name by which a scenario can use it without a line in the board file.
    pub fn reserved_name(self) -> String {
        format!("{RESERVED}{}", self.word())
    }

    /// The one that a name stands for, if it begins with `net.`; `Some(None)` where there is none of that word.
    pub fn reserved(name: &Signal) -> Option<Option<Self>> {
        let word = name.as_str().strip_prefix(RESERVED)?;
        Some(Self::ALL.iter().find(|signal| signal.word() == word).copied())
    }

    /// The port by which it comes.
    pub const fn port(self) -> Port {
        match self {
            Self::Carrier | Self::NoCarrier => Port::Link,
            _ => Port::Services,
        }
    }

    /// The names of its fields.
    pub const fn groups(self) -> &'static [&'static str] {
        match self {
            Self::Carrier | Self::NoCarrier => &[],
            Self::Dhcp => &["address"],
            Self::Dns => &["address", "name"],
            Self::Time => &["stratum", "unix"],
            Self::Attempt | Self::Tcp => &["service", "to"],
            Self::Closed => &["end", "service"],
            Self::Tls => &["cipher", "service", "version"],
            Self::Alert => &["description", "service"],
            Self::Connack => &["session_present"],
            Self::Refused => &["code"],
            Self::Astray => &["protocol", "to"],
        }
    }

    /// What something that was seen is, and its fields. `service` is that of its connection, if it is of one.
    pub(crate) fn of(seen: &Traffic, service: Option<Service>) -> Option<(Self, Fields)> {
        let (signal, values): (Self, Vec<(&str, String)>) = match seen {
            Traffic::Carrier { up: true } => (Self::Carrier, Vec::new()),
            Traffic::Carrier { up: false } => (Self::NoCarrier, Vec::new()),
            Traffic::Dhcp(DhcpSeen::Answered { message, address, .. }) if message == "ack" => {
                (Self::Dhcp, address.iter().map(|address| ("address", address.clone())).collect())
            }
            Traffic::Dns(DnsSeen::Answered { name, code, addresses, .. }) if code == "noerror" => {
                let address = addresses.first()?.clone();
                (Self::Dns, vec![("name", name.clone()), ("address", address)])
            }
            Traffic::Ntp(NtpSeen::Answered { stratum: stratum @ 1..=15, unix }) => {
                (Self::Time, vec![("stratum", stratum.to_string()), ("unix", unix.to_string())])
            }
            Traffic::Tcp(TcpSeen::Asked { service, to }) => {
                (Self::Attempt, vec![("service", service.word().to_owned()), ("to", to.clone())])
            }
            Traffic::Tcp(TcpSeen::Opened { service, to, .. }) => {
                (Self::Tcp, vec![("service", service.word().to_owned()), ("to", to.clone())])
            }
            Traffic::Tcp(TcpSeen::Closed { end, .. }) => (Self::Closed, vec![("end", end.word().to_owned())]),
            Traffic::Tls(TlsSeen::Established { version, cipher, .. }) => {
                (Self::Tls, vec![("version", version.clone()), ("cipher", cipher.clone())])
            }
            Traffic::Tls(TlsSeen::Alert { description, .. }) => {
                (Self::Alert, vec![("description", description.clone())])
            }
            Traffic::Mqtt(MqttSeen::Connack { code: 0, session_present, .. }) => {
                (Self::Connack, vec![("session_present", session_present.to_string())])
            }
            Traffic::Mqtt(MqttSeen::Connack { code, .. }) => {
                (Self::Refused, vec![("code", code.to_string())])
            }
            Traffic::Astray { protocol, to } => {
                (Self::Astray, vec![("protocol", protocol.clone()), ("to", to.clone())])
            }
            _ => return None,
        };
        let service = service
            .filter(|_| signal.groups().contains(&"service"))
            .map(|s| ("service", s.word().to_owned()));
        // What the event itself says comes last, and stands.
        let fields =
            service.into_iter().chain(values).map(|(group, value)| (group.to_owned(), value)).collect();
        Some((signal, fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Conn, End};

    #[test]
    fn traffic_is_a_signal_with_the_fields_that_it_promises() {
        let conn = Conn(1);
        let text = || "x".to_owned();
        let seen = [
            Traffic::Carrier { up: true },
            Traffic::Carrier { up: false },
            Traffic::Dhcp(DhcpSeen::Answered {
                message: "ack".to_owned(),
                address: Some(text()),
                lease: None,
            }),
            Traffic::Dns(DnsSeen::Answered {
                name: text(),
                code: "noerror".to_owned(),
                addresses: vec![text()],
                ttl: None,
            }),
            Traffic::Ntp(NtpSeen::Answered { stratum: 2, unix: 7 }),
            Traffic::Tcp(TcpSeen::Asked { service: Service::Broker, to: text() }),
            Traffic::Tcp(TcpSeen::Opened { conn, service: Service::Broker, to: text() }),
            Traffic::Tcp(TcpSeen::Closed { conn, end: End::ByDevice }),
            Traffic::Tls(TlsSeen::Established { conn, version: text(), cipher: text(), client: None }),
            Traffic::Tls(TlsSeen::Alert { conn, description: text(), fatal: true }),
            Traffic::Mqtt(MqttSeen::Connack { conn, code: 0, session_present: true }),
            Traffic::Mqtt(MqttSeen::Connack { conn, code: 0x87, session_present: false }),
            Traffic::Astray { protocol: text(), to: text() },
        ];
        for (seen, expected) in seen.iter().zip(NetworkSignal::ALL) {
            let (signal, fields) = NetworkSignal::of(seen, Some(Service::Broker)).unwrap();
            assert_eq!(signal, *expected);
            assert!(fields.keys().eq(signal.groups()), "{signal:?}: {fields:?}");
            assert_eq!(NetworkSignal::reserved(&signal.reserved_name().as_str().into()), Some(Some(signal)));
        }
        let unsynchronised = Traffic::Ntp(NtpSeen::Answered { stratum: 16, unix: 7 });
        assert_eq!(NetworkSignal::of(&unsynchronised, None), None);
        assert_eq!(NetworkSignal::reserved(&"net.nothing".into()), Some(None));
        assert_eq!(NetworkSignal::reserved(&"ready".into()), None);
    }
}

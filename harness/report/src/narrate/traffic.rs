//! A device's traffic in words.

use super::{Detail, Tone};
use brownout_core::network::{
    Conn, DhcpSeen, Direction, DnsSeen, End, HttpSeen, MqttSeen, NtpSeen, Payload, TcpSeen, TlsSeen, Traffic,
};

type Told = (&'static str, String, Tone, Detail);

/// What was seen: its column, its words, how they look, and how much of the story it is.
pub(super) fn narrate(seen: &Traffic) -> Told {
    match seen {
        Traffic::Carrier { up: true } => {
            ("link", "the device has a link".to_owned(), Tone::Plain, Detail::Key)
        }
        Traffic::Carrier { up: false } => {
            ("link", "the device lost its link".to_owned(), Tone::Warn, Detail::Key)
        }
        Traffic::Counters {
            direction, frames, dropped, delayed, duplicated, corrupted, reordered, ..
        } => {
            let way = if *direction == Direction::Up { "from the device" } else { "to the device" };
            let parts = [
                (dropped, "dropped"),
                (delayed, "delayed"),
                (duplicated, "duplicated"),
                (corrupted, "damaged"),
                (reordered, "reordered"),
            ];
            let told: String =
                parts.iter().filter(|(n, _)| **n > 0).map(|(n, word)| format!(", {n} {word}")).collect();
            ("link", format!("{frames} frames {way}{told}"), Tone::Faint, Detail::Fine)
        }
        Traffic::Astray { protocol, to } => {
            ("link", format!("{protocol} to {to}, where nobody is"), Tone::Warn, Detail::Fine)
        }
        Traffic::Tcp(seen) => tcp(seen),
        Traffic::Dhcp(DhcpSeen::Asked { message }) => {
            ("dhcp", format!("device: {message}"), Tone::Plain, Detail::Fine)
        }
        Traffic::Dhcp(DhcpSeen::Answered { message, address, lease }) => {
            let address = address.as_ref().map(|address| format!(" {address}")).unwrap_or_default();
            let lease = lease.map(|lease| format!(" for {lease}")).unwrap_or_default();
            ("dhcp", format!("server: {message}{address}{lease}"), Tone::Plain, Detail::Fine)
        }
        Traffic::Dns(DnsSeen::Asked { name, kind, tcp }) => {
            let over = if *tcp { " over TCP" } else { "" };
            ("dns", format!("device asks for {kind} of {name}{over}"), Tone::Plain, Detail::Fine)
        }
        Traffic::Dns(DnsSeen::Answered { name, code, addresses, ttl }) => {
            let what = if addresses.is_empty() { code.clone() } else { addresses.join(", ") };
            let ttl = ttl.map(|ttl| format!(" for {ttl}")).unwrap_or_default();
            ("dns", format!("{name}: {what}{ttl}"), Tone::Plain, Detail::Fine)
        }
        Traffic::Ntp(NtpSeen::Asked) => {
            ("ntp", "device asks for the time".to_owned(), Tone::Plain, Detail::Fine)
        }
        Traffic::Ntp(NtpSeen::Answered { stratum, unix }) => {
            ("ntp", format!("told {unix} at stratum {stratum}"), Tone::Plain, Detail::Fine)
        }
        Traffic::Tls(seen) => tls(seen),
        Traffic::Mqtt(seen) => mqtt(seen),
        Traffic::Http(HttpSeen::Asked { conn, method, path, range }) => {
            let range = range.as_ref().map(|range| format!(" ({range})")).unwrap_or_default();
            ("http", on(*conn, format!("{method} {path}{range}")), Tone::Plain, Detail::Fine)
        }
        Traffic::Http(HttpSeen::Answered { conn, status, bytes }) => {
            ("http", on(*conn, format!("status {status}, {bytes} bytes")), Tone::Plain, Detail::Fine)
        }
    }
}

fn on(conn: Conn, text: String) -> String {
    format!("[{}] {text}", conn.0)
}

fn tcp(seen: &TcpSeen) -> Told {
    match seen {
        TcpSeen::Asked { service, to } => {
            let text = format!("device connects to the {}, {to}", service.word());
            ("tcp", text, Tone::Faint, Detail::Fine)
        }
        TcpSeen::Opened { conn, service, to } => {
            let text = format!("connected to the {}, {to}", service.word());
            ("tcp", on(*conn, text), Tone::Plain, Detail::Fine)
        }
        TcpSeen::Closed { conn, end } => {
            let (how, tone) = match end {
                End::ByDevice => ("closed by the device", Tone::Plain),
                End::ResetByDevice => ("reset by the device", Tone::Plain),
                End::ByService => ("closed by the service", Tone::Plain),
                End::ResetByService => ("reset by the service", Tone::Warn),
                End::TimedOut => ("the device does not answer any more", Tone::Warn),
            };
            ("tcp", on(*conn, how.to_owned()), tone, Detail::Fine)
        }
    }
}

fn tls(seen: &TlsSeen) -> Told {
    match seen {
        TlsSeen::ClientHello { conn, name, resumes } => {
            let name = name.as_deref().unwrap_or("nobody by name");
            let resumes = if *resumes { ", to resume a session" } else { "" };
            ("tls", on(*conn, format!("client hello for {name}{resumes}")), Tone::Faint, Detail::Fine)
        }
        TlsSeen::NotTls { conn } => {
            ("tls", on(*conn, "what the device sent is no TLS".to_owned()), Tone::Warn, Detail::Key)
        }
        TlsSeen::Established { conn, version, cipher, client } => {
            let client = client.as_ref().map(|client| format!(", client {client}")).unwrap_or_default();
            ("tls", on(*conn, format!("{version} {cipher}{client}")), Tone::Plain, Detail::Fine)
        }
        TlsSeen::Alert { conn, description, fatal: false } => {
            ("tls", on(*conn, format!("device: {description}")), Tone::Faint, Detail::Bulk)
        }
        TlsSeen::Alert { conn, description, fatal: true } => {
            ("tls", on(*conn, format!("alert of the device: {description}")), Tone::Warn, Detail::Key)
        }
        TlsSeen::Failed { conn, why } => {
            ("tls", on(*conn, format!("no handshake: {why}")), Tone::Warn, Detail::Key)
        }
        TlsSeen::FirstData { conn } => {
            ("tls", on(*conn, "first application data of the device".to_owned()), Tone::Faint, Detail::Bulk)
        }
    }
}

/// Ends a connection; of all packets without a message the one that tells a story.
const DISCONNECT: &str = "DISCONNECT";

/// The most characters of a payload in a line; the record has all of it.
const PAYLOAD_MAX: usize = 160;

/// As much of a payload as belongs in a line.
pub(super) fn brief(payload: &Payload) -> String {
    let shown = payload.shown();
    match shown.char_indices().nth(PAYLOAD_MAX) {
        Some((end, _)) => format!("{}… ({} bytes)", shown.get(..end).unwrap_or_default(), payload.0.len()),
        None => shown,
    }
}

fn mqtt(seen: &MqttSeen) -> Told {
    let code = |code: &Option<u8>| code.map(|code| format!(" with {code:#04x}")).unwrap_or_default();
    let (conn, text, tone, detail) = match seen {
        MqttSeen::Connect { conn, client, version, clean, keep_alive } => {
            let version = if *version == 5 { "5.0" } else { "3.1.1" };
            let clean = if *clean { ", begins anew" } else { "" };
            let text = format!("CONNECT of {client}, MQTT {version}, keep alive {keep_alive} s{clean}");
            (conn, text, Tone::Plain, Detail::Fine)
        }
        MqttSeen::Connack { conn, code: 0, session_present } => {
            let session = if *session_present { "its session goes on" } else { "a new session" };
            (conn, format!("let in, {session}"), Tone::Plain, Detail::Key)
        }
        MqttSeen::Connack { conn, code, .. } => {
            (conn, format!("refused with {code:#04x}"), Tone::Warn, Detail::Key)
        }
        MqttSeen::Publish { conn, topic, payload, dup, .. } => {
            let dup = if *dup { " (again)" } else { "" };
            (conn, format!("{topic}{dup}: {}", brief(payload)), Tone::Plain, Detail::Bulk)
        }
        MqttSeen::Delivered { conn, topic, payload, .. } => {
            (conn, format!("to the device, {topic}: {}", brief(payload)), Tone::Plain, Detail::Fine)
        }
        MqttSeen::Withheld { conn, topic, bytes, limit, .. } => {
            let text = format!(
                "withheld from the device, {topic}: {bytes} bytes, and it takes no more than {limit}"
            );
            (conn, text, Tone::Warn, Detail::Key)
        }
        MqttSeen::Packet { conn, packet, code: with } if packet == DISCONNECT => {
            (conn, format!("device: {packet}{}", code(with)), Tone::Plain, Detail::Fine)
        }
        MqttSeen::Sent { conn, packet, code: with } if packet == DISCONNECT => {
            (conn, format!("broker: {packet}{}", code(with)), Tone::Warn, Detail::Key)
        }
        MqttSeen::Packet { conn, packet, code: with } => {
            (conn, format!("device: {packet}{}", code(with)), Tone::Faint, Detail::Bulk)
        }
        MqttSeen::Sent { conn, packet, code: with } => {
            (conn, format!("broker: {packet}{}", code(with)), Tone::Faint, Detail::Bulk)
        }
        MqttSeen::Violation { conn, why } => {
            (conn, format!("against the protocol: {why}"), Tone::Warn, Detail::Key)
        }
    };
    ("mqtt", on(*conn, text), tone, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use brownout_core::network::Service;
    use brownout_core::time::Duration;

    #[test]
    fn a_connection_reads_as_it_went() {
        let conn = Conn(3);
        let text = |text: &str| text.to_owned();
        let to = || text("198.18.0.10:8883");
        let publish = |payload: &str| MqttSeen::Publish {
            conn,
            topic: text("devices/d/telemetry"),
            payload: payload.into(),
            qos: 1,
            dup: true,
            retain: false,
            id: Some(7),
        };
        let packet = |packet: &str| MqttSeen::Packet { conn, packet: text(packet), code: None };
        let seen = [
            Traffic::Carrier { up: true },
            Traffic::Dhcp(DhcpSeen::Asked { message: text("request") }),
            Traffic::Dhcp(DhcpSeen::Answered {
                message: text("ack"),
                address: Some(text("10.77.0.100")),
                lease: Some(Duration::from_secs(3600)),
            }),
            Traffic::Dns(DnsSeen::Asked { name: text("mqtt.test"), kind: text("A"), tcp: true }),
            Traffic::Dns(DnsSeen::Answered {
                name: text("mqtt.test"),
                code: text("servfail"),
                addresses: Vec::new(),
                ttl: None,
            }),
            Traffic::Ntp(NtpSeen::Answered { stratum: 2, unix: 1_700_000_000 }),
            Traffic::Tcp(TcpSeen::Asked { service: Service::Broker, to: to() }),
            Traffic::Tcp(TcpSeen::Opened { conn, service: Service::Broker, to: to() }),
            Traffic::Tls(TlsSeen::ClientHello { conn, name: Some(text("mqtt.test")), resumes: true }),
            Traffic::Tls(TlsSeen::Alert { conn, description: text("certificate_expired"), fatal: true }),
            Traffic::Mqtt(MqttSeen::Connect {
                conn,
                client: text("d"),
                version: 5,
                clean: false,
                keep_alive: 30,
            }),
            Traffic::Mqtt(MqttSeen::Connack { conn, code: 0, session_present: true }),
            Traffic::Mqtt(MqttSeen::Connack { conn, code: 0x87, session_present: false }),
            Traffic::Mqtt(publish("{\"seq\":1}")),
            Traffic::Mqtt(publish(&"x".repeat(4096))),
            Traffic::Mqtt(MqttSeen::Withheld {
                conn,
                topic: text("devices/d/command"),
                bytes: 61_512,
                limit: 4096,
                by: Some(text("payload")),
            }),
            Traffic::Mqtt(packet("PINGREQ")),
            Traffic::Mqtt(packet(DISCONNECT)),
            Traffic::Mqtt(MqttSeen::Sent { conn, packet: text(DISCONNECT), code: Some(0x8e) }),
            Traffic::Tcp(TcpSeen::Closed { conn, end: End::ResetByService }),
            Traffic::Astray { protocol: text("tcp"), to: text("198.18.9.9:8883") },
        ];
        let told = |(topic, text, tone, detail): Told| format!("{topic:<5} {text}  ({tone:?}, {detail:?})");
        let lines: Vec<_> = seen.iter().map(|seen| told(narrate(seen))).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }
}

//! A device's traffic in words.

use super::{Detail, Tone};
use brownout_core::network::{
    Conn, DhcpSeen, Direction, DnsSeen, End, HttpSeen, MqttSeen, NtpSeen, TcpSeen, TlsSeen, Traffic,
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
        TcpSeen::Asked { to, .. } => ("tcp", format!("device connects to {to}"), Tone::Faint, Detail::Fine),
        TcpSeen::Opened { conn, to, .. } => {
            ("tcp", on(*conn, format!("connected to {to}")), Tone::Plain, Detail::Fine)
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
        TlsSeen::ClientHello { conn, name, .. } => {
            let name = name.as_deref().unwrap_or("nobody by name");
            ("tls", on(*conn, format!("client hello for {name}")), Tone::Faint, Detail::Fine)
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

fn mqtt(seen: &MqttSeen) -> Told {
    let code = |code: &Option<u8>| code.map(|code| format!(" with {code:#04x}")).unwrap_or_default();
    let (conn, text, tone, detail) = match seen {
        MqttSeen::Connect { conn, client, .. } => {
            (conn, format!("CONNECT of {client}"), Tone::Plain, Detail::Fine)
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
            (conn, format!("{topic}{dup}: {}", payload.shown()), Tone::Plain, Detail::Bulk)
        }
        MqttSeen::Delivered { conn, topic, payload, .. } => {
            (conn, format!("to the device, {topic}: {}", payload.shown()), Tone::Plain, Detail::Fine)
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

//! `no_plaintext: {}`: the device says nothing that others could read.

use super::{CheckKind, Mark, Timeline, quoted, times};
use crate::event::What;
use crate::network::{Conn, HttpSeen, MqttSeen, Service, TcpSeen, TlsSeen, Traffic};
use crate::port::Port;
use crate::verdict::Finding;
use std::collections::BTreeSet;

crate::record! {
    /// The device speaks to its broker and to HTTP servers over TLS only: it does not even ask for a connection to a port
    /// on which they are spoken in the clear, and sends nothing else than TLS to the others.
    ///
    /// `no_plaintext: {}`
    pub struct NoPlaintext {
        /// The ports on which they are spoken in the clear.
        ports: Vec<u32> = "ports" or vec![80, 1883, 8080],
    }
}

impl CheckKind for NoPlaintext {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let mut secured: BTreeSet<Conn> = BTreeSet::new();
        let mut clear: Vec<(Mark<'_>, String)> = Vec::new();
        let mut through = Vec::new();
        for mark in timeline.marks() {
            let What::Traffic { seen, .. } = &mark.event.what else { continue };
            match seen {
                Traffic::Tcp(TcpSeen::Asked { service, to })
                    if *service != Service::Dns && self.is_plain(to) =>
                {
                    clear.push((mark, format!("asked for a connection to {}", quoted(to))));
                }
                Traffic::Astray { protocol, to } if protocol == "tcp" && self.is_plain(to) => {
                    clear.push((mark, format!("asked for a connection to {}", quoted(to))));
                }
                Traffic::Tls(TlsSeen::NotTls { .. }) => {
                    clear.push((mark, "sent something else than TLS where TLS is spoken".to_owned()));
                }
                Traffic::Tls(TlsSeen::Established { conn, .. }) => {
                    secured.insert(*conn);
                    through.push(mark.event.n);
                }
                Traffic::Mqtt(MqttSeen::Connect { conn, .. }) if !secured.contains(conn) => {
                    clear.push((mark, "sent CONNECT in the clear".to_owned()));
                }
                Traffic::Http(HttpSeen::Asked { conn, method, path, .. }) if !secured.contains(conn) => {
                    clear.push((
                        mark,
                        format!("asked for {} in the clear", quoted(&format!("{method} {path}"))),
                    ));
                }
                _ => {}
            }
        }
        if let Some((first, how)) = clear.first() {
            let more = match clear.len() {
                1 => String::new(),
                n => format!(", and did the like {} more", times(n as u64 - 1)),
            };
            return Finding::fail(format!("the device {how} at {}{more}", first.event.at))
                .showing(clear.iter().map(|(mark, _)| mark.event.n));
        }
        if through.is_empty() {
            return Finding::inconclusive("the device was never seen to speak TLS either");
        }
        Finding::pass(format!(
            "the device spoke TLS on {}, and nothing in the clear",
            connections(through.len())
        ))
        .showing(through)
    }

    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        Some(self.judge(timeline))
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

impl NoPlaintext {
    /// Whether an address has a port on which one speaks in the clear.
    fn is_plain(&self, to: &str) -> bool {
        let port = to.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        port.is_some_and(|port: u32| self.ports.contains(&port))
    }
}

fn connections(count: usize) -> String {
    if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") }
}

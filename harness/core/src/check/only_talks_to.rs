//! `only_talks_to: {services: [dhcp, dns, ntp, broker]}`: the device talks to nobody else.

use super::{CheckKind, Timeline, quoted, times};
use crate::event::{EventNo, What};
use crate::network::{DnsSeen, Service, TcpSeen, Traffic};
use crate::port::Port;
use crate::verdict::Finding;
use std::collections::BTreeMap;

crate::record! {
    /// The device talks to these services, asks for these names, and sends nothing anywhere else.
    ///
    /// A host to which a fault sends it must be listed in `addresses`.
    ///
    /// `only_talks_to: {services: [dhcp, dns, ntp, broker], names: [mqtt.brownout.test, time.brownout.test]}`
    pub struct OnlyTalksTo {
        /// The services.
        services: Vec<Service> = "services",
        /// The names that it may ask for; `*.brownout.test` is every name below that one. Any, if left out.
        names: Vec<String> = "names" or Vec::new(),
        /// Further addresses to which it may send, with a port or without: `224.0.0.251:5353`, `198.18.9.9`.
        addresses: Vec<String> = "addresses" or Vec::new(),
    }
}

impl CheckKind for OnlyTalksTo {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        // In words, where it first was, and how often.
        let mut others: BTreeMap<String, (EventNo, u64)> = BTreeMap::new();
        let mut spoken = Vec::new();
        for mark in timeline.marks() {
            let What::Traffic { seen, .. } = &mark.event.what else { continue };
            let Some(said) = self.weigh(seen) else { continue };
            match said {
                Said::Allowed => spoken.push(mark.event.n),
                Said::Other(what) => others.entry(what).or_insert((mark.event.n, 0)).1 += 1,
            }
        }
        if !others.is_empty() {
            let mut told: Vec<_> = others.iter().collect();
            told.sort_by_key(|(_, (first, _))| *first);
            let text: Vec<String> = told
                .iter()
                .take(SHOWN)
                .map(|(what, (_, count))| format!("{what} {}", times(*count)))
                .collect();
            let more =
                if told.len() > SHOWN { format!(", and {} more", told.len() - SHOWN) } else { String::new() };
            return Finding::fail(format!("the device talked to others: {}{more}", text.join(", ")))
                .showing(told.iter().map(|(_, (first, _))| *first));
        }
        match spoken.len() {
            0 => Finding::inconclusive("the device was not seen to talk to anybody"),
            _ => Finding::pass("the device talked to nobody else").showing(spoken),
        }
    }

    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        Some(self.judge(timeline))
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

/// How many others a reason names.
const SHOWN: usize = 4;

enum Said {
    Allowed,
    Other(String),
}

impl OnlyTalksTo {
    /// What is said of something that the device sent; nothing of what it did not send.
    fn weigh(&self, seen: &Traffic) -> Option<Said> {
        let service = match seen {
            Traffic::Astray { protocol, to } => {
                return Some(if self.is_listed(to) {
                    Said::Allowed
                } else {
                    Said::Other(format!("{} {}", protocol_name(protocol), quoted(to)))
                });
            }
            Traffic::Dns(DnsSeen::Asked { name, .. }) if !self.may_ask_for(name) => {
                return Some(Said::Other(format!("the name {}", quoted(name))));
            }
            Traffic::Tcp(TcpSeen::Asked { service, to }) if !self.is_listed(to) => *service,
            Traffic::Tcp(TcpSeen::Asked { .. }) => return Some(Said::Allowed),
            Traffic::Dns(DnsSeen::Asked { .. }) => Service::Dns,
            Traffic::Dhcp(crate::network::DhcpSeen::Asked { .. }) => Service::Dhcp,
            Traffic::Ntp(crate::network::NtpSeen::Asked) => Service::Ntp,
            _ => return None,
        };
        Some(match self.services.contains(&service) {
            true => Said::Allowed,
            false => Said::Other(format!("`{}`", service.word())),
        })
    }

    fn may_ask_for(&self, name: &str) -> bool {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        self.names.is_empty()
            || self.names.iter().map(|one| one.to_ascii_lowercase()).any(|one| match one.strip_prefix('*') {
                Some(below) if below.starts_with('.') => name.ends_with(below),
                _ => name == one,
            })
    }

    fn is_listed(&self, to: &str) -> bool {
        let host = to.rsplit_once(':').map_or(to, |(host, _)| host);
        self.addresses.iter().any(|one| one == to || one == host)
    }
}

/// The name of a protocol; it comes off the wire as a number if it has none.
fn protocol_name(protocol: &str) -> String {
    match protocol {
        "tcp" | "udp" | "icmp" => protocol.to_owned(),
        other => format!("protocol {}", quoted(other)),
    }
}

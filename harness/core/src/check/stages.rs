//! What a device goes through anew on its way back to its cloud: link, address, name, time, TLS, broker.

use super::Timeline;
use crate::event::{EventNo, What};
use crate::network::{TlsSeen, Traffic};
use crate::source::NetworkSignal;
use crate::time::{Duration, Instant};
use std::ops::Range;

crate::record! {
    /// How long each stage may take, from the moment the fault was undone. One that the device need not go through anew,
    /// because it still has its address or knows the name, is not missed.
    pub struct Stages {
        /// Until it has a link.
        link: Option<Duration> = "link" optional,
        /// Until it has an address.
        dhcp: Option<Duration> = "dhcp" optional,
        /// Until a name is resolved.
        dns: Option<Duration> = "dns" optional,
        /// Until it was told the time.
        time: Option<Duration> = "time" optional,
        /// Until the TLS handshake with the broker is through.
        tls: Option<Duration> = "tls" optional,
        /// Until the broker lets it in.
        connack: Option<Duration> = "connack" optional,
    }
}

/// A stage that was gone through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    /// `DHCP`.
    pub(super) name: &'static str,
    /// `time_to_dhcp`.
    pub(super) figure: &'static str,
    /// How long it took from the beginning.
    pub(super) took: Duration,
    /// The event.
    pub(super) event: EventNo,
    /// How long it may take, if that is bounded.
    pub(super) within: Option<Duration>,
}

impl Stages {
    /// The stages that were gone through at these places, from `since` on.
    pub(super) fn passed(&self, timeline: &Timeline<'_>, places: Range<usize>, since: Instant) -> Vec<Stage> {
        let seen: Vec<_> = timeline
            .marks()
            .take(places.end)
            .skip(places.start)
            .filter_map(|mark| match &mark.event.what {
                What::Traffic { seen, .. } => Some((mark.event, seen)),
                _ => None,
            })
            .collect();
        let first = |signal| {
            seen.iter().find(|(_, seen)| NetworkSignal::of(seen, None).is_some_and(|(of, _)| of == signal))
        };
        let let_in = first(NetworkSignal::Connack);
        // Of several handshakes, that of the connection by which it came in.
        let conn = let_in.and_then(|(_, seen)| seen.conn());
        let handshake = seen.iter().find(|(_, seen)| match seen {
            Traffic::Tls(TlsSeen::Established { conn: of, .. }) => conn.is_none_or(|conn| conn == *of),
            _ => false,
        });
        let stages = [
            ("link", "time_to_link", first(NetworkSignal::Carrier), self.link),
            ("DHCP", "time_to_dhcp", first(NetworkSignal::Dhcp), self.dhcp),
            ("DNS", "time_to_dns", first(NetworkSignal::Dns), self.dns),
            ("time", "time_to_time", first(NetworkSignal::Time), self.time),
            ("TLS", "time_to_tls", handshake, self.tls),
            ("CONNACK", "time_to_connack", let_in, self.connack),
        ];
        let passed = stages.into_iter().filter_map(|(name, figure, passed, within)| {
            let (event, _) = passed?;
            Some(Stage { name, figure, took: event.at - since, event: event.n, within })
        });
        passed.collect()
    }
}

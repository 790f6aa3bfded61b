//! `backoff: {while: service_down, base: 1s, cap: 5min, jitter: 20%}`: a device that is refused asks less and less often.

use super::decimal::Number;
use super::{CheckKind, Timeline, elapsed, times};
use crate::event::{EventNo, Phase, What};
use crate::network::{Conn, DhcpSeen, DnsSeen, MqttSeen, NtpSeen, Service, TcpSeen, Traffic};
use crate::port::Port;
use crate::quantity::Share;
use crate::step::Rate;
use crate::time::{Duration, Instant};
use crate::verdict::{Figure, Finding};
use std::collections::BTreeMap;

crate::record! {
    /// While faults of a kind last, the device waits longer from attempt to attempt to connect: before the n-th of them at
    /// least `base * factor^(n-2)`, less the jitter, and never longer than `cap`, more the jitter. Only a connection that
    /// stood for `stable_for` begins the row anew; that the broker let it in does not. Gives `attempts`,
    /// `shortest_wait` and `longest_wait`.
    ///
    /// A wait is counted from the end of the connection before, where that is seen, or else from the attempt, so that it
    /// holds the device's own timeout too: what `cap` allows is `attempt_takes` longer. Where fewer than three attempts
    /// came, nobody can tell; nor of their rate, where none did.
    ///
    /// Of `dns`, `dhcp` and `ntp` each question is an attempt, whatever it asks for, and a good answer begins the row anew.
    ///
    /// `backoff: {while: service_down, of: broker, base: 1s, factor: 2, cap: 5min, jitter: 20%, attempts_at_most: 10/min}`
    pub struct Backoff {
        /// The kind of fault.
        fault: String = "while" (FaultKind),
        /// The service that it tries to connect to.
        of: Service = "of" or Service::Broker,
        /// The first wait; without it, only the rate of the attempts is looked at.
        base: Option<Duration> = "base" optional,
        /// What each wait is longer by.
        factor: Number = "factor" or Number::from(2),
        /// The longest wait; the waits need not grow beyond it.
        cap: Option<Duration> = "cap" optional,
        /// By how much of itself a wait may be shorter or longer.
        jitter: Share = "jitter" or Share(0),
        /// How long an attempt may take that ends by the device's own timeout.
        attempt_takes: Duration = "attempt_takes" or Duration::from_secs(30),
        /// How long a connection has to stand until a failure counts as the first again.
        stable_for: Duration = "stable_for" or Duration::from_secs(60),
        /// How many attempts there may be in any such time, the first included.
        attempts_at_most: Option<Rate> = "attempts_at_most" optional,
    }
}

/// What a timer of a device and the way to the harness may be off by together.
const SLACK: Duration = Duration::from_millis(100);

fn loosely(time: Duration) -> Duration {
    Duration(time.0.saturating_add(SLACK.0))
}

/// An attempt to connect.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    at: Instant,
    event: EventNo,
    /// When the connection before it ended, if that was seen.
    failed: Option<Instant>,
    /// The connection before it stood for long, or the question before it was answered.
    afresh: bool,
}

/// A connection to the service.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    /// When the device was let in, or, where there is no broker, when it was opened.
    since: Option<Instant>,
    ended: Option<Instant>,
}

/// The attempts of the whole run to use a service.
fn attempts(service: Service, stable_for: Duration, timeline: &Timeline<'_>) -> Vec<(usize, Attempt)> {
    match service {
        Service::Dhcp | Service::Dns | Service::Ntp => questions(service, timeline),
        Service::Broker | Service::Api | Service::Identity => connections(service, stable_for, timeline),
    }
}

/// The questions that a service of datagrams was asked.
fn questions(service: Service, timeline: &Timeline<'_>) -> Vec<(usize, Attempt)> {
    let (mut found, mut afresh) = (Vec::new(), false);
    for mark in timeline.marks() {
        let What::Traffic { seen, .. } = &mark.event.what else { continue };
        match (service, seen) {
            (Service::Dns, Traffic::Dns(DnsSeen::Asked { .. }))
            | (Service::Dhcp, Traffic::Dhcp(DhcpSeen::Asked { .. }))
            | (Service::Ntp, Traffic::Ntp(NtpSeen::Asked)) => {
                let (at, event) = (mark.event.at, mark.event.n);
                found.push((mark.place, Attempt { at, event, failed: None, afresh }));
                afresh = false;
            }
            (Service::Dns, Traffic::Dns(DnsSeen::Answered { addresses, .. })) => {
                afresh = !addresses.is_empty();
            }
            (Service::Dhcp, Traffic::Dhcp(DhcpSeen::Answered { message, .. })) => afresh = message != "nak",
            // Stratum 0 is a kiss-o'-death, 16 a clock that is not synchronised (RFC 5905 §7.3).
            (Service::Ntp, Traffic::Ntp(NtpSeen::Answered { stratum, .. })) => {
                afresh = (1..16).contains(stratum);
            }
            _ => {}
        }
    }
    found
}

/// The attempts to connect to a service.
fn connections(service: Service, stable_for: Duration, timeline: &Timeline<'_>) -> Vec<(usize, Attempt)> {
    let mut of: BTreeMap<Conn, Standing> = BTreeMap::new();
    let mut last: Option<Conn> = None;
    let mut found: Vec<(usize, Attempt)> = Vec::new();
    for mark in timeline.marks() {
        let What::Traffic { seen, .. } = &mark.event.what else { continue };
        let at = mark.event.at;
        match seen {
            Traffic::Tcp(TcpSeen::Asked { service: to, .. }) if *to == service => {
                let before = last.and_then(|conn| of.get(&conn)).copied().unwrap_or_default();
                // One that nobody saw the end of may still stand on our side, half-open.
                let stood = before.since.map(|since| before.ended.unwrap_or(at) - since);
                let afresh = stood.is_some_and(|stood| stood >= stable_for);
                last = None;
                found.push((mark.place, Attempt { at, event: mark.event.n, failed: before.ended, afresh }));
            }
            Traffic::Tcp(TcpSeen::Opened { conn, service: to, .. }) if *to == service => {
                last = Some(*conn);
                let since = (service != Service::Broker).then_some(at);
                of.insert(*conn, Standing { since, ended: None });
            }
            Traffic::Mqtt(MqttSeen::Connack { conn, code: 0, .. }) => {
                if let Some(standing) = of.get_mut(conn) {
                    standing.since = Some(at);
                }
            }
            Traffic::Tcp(TcpSeen::Closed { conn, .. }) => {
                if let Some(standing) = of.get_mut(conn) {
                    standing.ended = Some(at);
                }
            }
            _ => {}
        }
    }
    found
}

/// A wait between two attempts.
struct Wait {
    time: Duration,
    /// The least and the most that it may be.
    least: Duration,
    most: Option<Duration>,
    between: [EventNo; 2],
    /// The how-manieth attempt in a row it leads to.
    to: u32,
}

impl CheckKind for Backoff {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let all = attempts(self.of, self.stable_for, timeline);
        let faults = timeline.faults();
        let lasting: Vec<_> =
            faults.iter().filter(|f| f.kind == self.fault).filter_map(|f| f.lasting(*timeline)).collect();
        if lasting.is_empty() {
            return Finding::inconclusive(format!("no `{}` was ever seen to bite", self.fault));
        }
        let rows: Vec<Vec<Attempt>> = lasting
            .iter()
            .map(|whole| {
                let inside = all.iter().filter(|(place, _)| whole.places().contains(place));
                inside.map(|(_, attempt)| *attempt).collect()
            })
            .collect();
        let count: usize = rows.iter().map(Vec::len).sum();
        let what = format!("{} to {} during `{}`", attempts_text(count), self.doing(), self.fault);
        let waits: Vec<_> = rows.iter().flat_map(|row| self.waits(row)).collect();
        let mut figures = vec![Figure::new("attempts", count as u64)];
        figures.extend(waits.iter().map(|w| w.time).min().map(|time| Figure::new("shortest_wait", time)));
        figures.extend(waits.iter().map(|w| w.time).max().map(|time| Figure::new("longest_wait", time)));
        if let Some(finding) = rows.iter().find_map(|row| self.too_many(row)) {
            return finding.measuring(figures);
        }
        if let Some(finding) = wrong(&waits) {
            return finding.measuring(figures);
        }
        if count == 0 {
            return Finding::inconclusive(format!("{what} was seen, so nobody can tell how often it tries"))
                .measuring(figures);
        }
        if count < 3 && self.base.is_some() {
            return Finding::inconclusive(format!("{what}; at least 3 are needed to compare the waits"))
                .measuring(figures);
        }
        let range = match (waits.iter().map(|w| w.time).min(), waits.iter().map(|w| w.time).max()) {
            (Some(least), Some(most)) => format!(", {} to {} apart", elapsed(least), elapsed(most)),
            _ => String::new(),
        };
        Finding::pass(format!("{what}{range}; {}", self.expected()))
            .showing(rows.iter().flatten().map(|attempt| attempt.event))
            .measuring(figures)
    }

    /// An undisturbed device has no reason to connect often.
    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        let rate = self.attempts_at_most?;
        let method = timeline.phase(Phase::Method)?;
        let inside = timeline.observed_from(method).places();
        let all = attempts(self.of, self.stable_for, timeline);
        let row: Vec<_> =
            all.iter().filter(|(place, _)| inside.contains(place)).map(|(_, attempt)| *attempt).collect();
        Some(self.too_many(&row).unwrap_or_else(|| {
            let count = attempts_text(row.len());
            Finding::pass(format!("{count} without a fault; expected at most {rate}"))
        }))
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Link, Port::Services]
    }

    fn contradiction(&self) -> Option<&'static str> {
        match (self.base, self.cap) {
            (None, _) if self.attempts_at_most.is_none() => {
                Some("`backoff` is to say the first wait (`base`), or how many attempts there may be")
            }
            (None, Some(_)) => Some("`backoff` has a longest wait (`cap`), but no first one (`base`)"),
            (Some(base), Some(cap)) if cap < base => {
                Some("the longest wait (`cap`) is shorter than the first one (`base`)")
            }
            _ => None,
        }
    }
}

fn attempts_text(count: usize) -> String {
    if count == 1 { "1 attempt".to_owned() } else { format!("{count} attempts") }
}

/// The first wait that is not as it should be.
fn wrong(waits: &[Wait]) -> Option<Finding> {
    waits.iter().find_map(|wait| {
        let bound = match wait.most {
            _ if loosely(wait.time) < wait.least => format!("at least {}", elapsed(wait.least)),
            Some(most) if wait.time > loosely(most) => format!("at most {}", elapsed(most)),
            _ => return None,
        };
        let reason = format!(
            "the device waited {} before attempt {} in a row; expected {bound}",
            elapsed(wait.time),
            wait.to
        );
        Some(Finding::fail(reason).showing(wait.between))
    })
}

impl Backoff {
    /// What an attempt is one to do.
    fn doing(&self) -> String {
        let service = self.of.word();
        match self.of {
            Service::Dhcp | Service::Dns | Service::Ntp => format!("ask the {service} server"),
            Service::Broker | Service::Api | Service::Identity => format!("connect to the {service}"),
        }
    }

    fn expected(&self) -> String {
        let waits = self.base.map(|base| {
            let cap = self.cap.map(|cap| format!(" up to {cap}")).unwrap_or_default();
            format!("waits from {base} on, each {} times the last{cap}", self.factor)
        });
        let rate = self.attempts_at_most.map(|rate| format!("at most {rate}"));
        format!("expected {}", waits.into_iter().chain(rate).collect::<Vec<_>>().join(" and "))
    }

    /// The waits of a row of attempts, with what each may be.
    fn waits(&self, row: &[Attempt]) -> Vec<Wait> {
        let Some(base) = self.base else { return Vec::new() };
        let factor = self.factor.decimal().millionths().unwrap_or(1_000_000).max(0);
        let part = |time: i128, share: i64| time.saturating_mul(i128::from(share)) / 1_000_000;
        let nanoseconds = |time: i128| Duration(u64::try_from(time).unwrap_or(u64::MAX));
        let cap = self.cap.map_or(i128::MAX / 4_000_000, |cap| i128::from(cap.0));
        let mut expected = i128::from(base.0).min(cap);
        let mut to = 1;
        let mut waits = Vec::new();
        for (before, attempt) in row.iter().zip(row.iter().skip(1)) {
            if attempt.afresh {
                expected = i128::from(base.0).min(cap);
                to = 1;
            }
            to += 1;
            let least = expected - part(expected, self.jitter.0);
            let timeout = if attempt.failed.is_some() { Duration::ZERO } else { self.attempt_takes };
            let most = self.cap.map(|_| nanoseconds(cap + part(cap, self.jitter.0)));
            waits.push(Wait {
                time: attempt.at - attempt.failed.unwrap_or(before.at),
                least: nanoseconds(least),
                most: most.map(|most| Duration(most.0.saturating_add(timeout.0))),
                between: [before.event, attempt.event],
                to,
            });
            expected = part(expected, i64::try_from(factor).unwrap_or(i64::MAX)).min(cap);
        }
        waits
    }

    /// A fail where any stretch of time holds too many attempts.
    fn too_many(&self, row: &[Attempt]) -> Option<Finding> {
        let rate = self.attempts_at_most?;
        let window = (rate.count as usize).checked_add(1)?;
        let many = row.windows(window).find(|many| match many {
            [first, .., last] => last.at - first.at < rate.per,
            _ => rate.count == 0,
        })?;
        let (first, last) = (many.first()?, many.last()?);
        Some(
            Finding::fail(format!(
                "the device tried to {} {} in {}, from {} on; expected at most {rate}",
                self.doing(),
                times(many.len() as u64),
                elapsed(last.at - first.at),
                first.at
            ))
            .showing(many.iter().map(|attempt| attempt.event)),
        )
    }
}

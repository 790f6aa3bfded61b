//! `refuses_tls: {fault: tls_certificate, alert: certificate_expired}`: the device does not talk to a server that it must
//! not trust.

use super::{CheckKind, FaultWindow, Mark, Timeline, elapsed, faults_named, quoted, times};
use crate::action::Action;
use crate::event::What;
use crate::network::{AlertDescription, Conn, End, Misbehave, Service, TcpSeen, TlsSeen, Traffic};
use crate::port::Port;
use crate::time::Duration;
use crate::verdict::Finding;
use std::collections::BTreeMap;

crate::record! {
    /// While a TLS fault lasts, the device refuses each handshake with the server: it sends a fatal alert or closes the
    /// connection, and not one byte of application data before. A connection that it holds for 10s and does neither, it
    /// has not refused.
    ///
    /// Refusing means something only of a device that accepts a server without fault: one that sent no application data
    /// to it in the same run, before the fault or after, is inconclusive.
    ///
    /// `refuses_tls: {fault: tls_certificate, alert: certificate_expired}`
    pub struct RefusesTls {
        /// The kind of fault.
        fault: String = "fault" (FaultKind),
        /// The alert that the device must send.
        alert: Option<AlertDescription> = "alert" optional,
    }
}

/// Whoever holds a connection for so long has not refused it.
const HELD: Duration = Duration::from_secs(10);

/// One handshake of the device, and what became of it.
#[derive(Clone, Copy, Debug)]
struct Handshake<'a> {
    hello: Mark<'a>,
    service: Option<Service>,
    /// It resumes a session, so that no certificate is shown.
    resumes: bool,
    /// The first fatal alert of the device.
    alert: Option<(Mark<'a>, &'a str)>,
    /// The first byte of application data.
    data: Option<Mark<'a>>,
    /// The device closed the connection, in whatever way.
    closed: Option<Mark<'a>>,
    /// Somebody else ended it.
    cut: Option<Mark<'a>>,
}

impl CheckKind for RefusesTls {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let all = handshakes(timeline);
        let windows: Vec<FaultWindow<'_>> =
            timeline.faults().into_iter().filter(|f| f.kind == self.fault && f.bit()).collect();
        let during = |handshake: &Handshake<'_>| {
            windows.iter().any(|window| {
                let lasting = window.lasting(*timeline);
                lasting.is_some_and(|lasting| lasting.places().contains(&handshake.hello.place))
                    && of_service(window, timeline)
                        .is_none_or(|of| handshake.service.is_none_or(|is| is == of))
            })
        };
        let (faulty, sound): (Vec<_>, Vec<_>) = all.into_iter().partition(during);
        let faulty: Vec<_> = faulty.into_iter().filter(|handshake| !handshake.resumes).collect();

        if let Some(finding) = self.broken(&faulty, timeline) {
            return finding;
        }
        let refused: Vec<_> =
            faulty.iter().filter_map(|one| one.alert.map(|(mark, _)| mark).or(one.closed)).collect();
        let kind = &self.fault;
        if refused.is_empty() {
            let why = if windows.is_empty() {
                format!("no `{kind}` was seen to bite")
            } else {
                format!("no handshake that the device could refuse or accept was seen while `{kind}` lasted")
            };
            return Finding::inconclusive(why);
        }
        if !sound.iter().any(|handshake| handshake.data.is_some()) {
            return Finding::inconclusive(format!(
                "the device refused {}, but was never seen to accept a server without `{kind}`: let it connect \
                 before or after",
                handshakes_named(refused.len())
            ))
            .showing(refused.iter().map(|mark| mark.event.n));
        }
        let how = self.alert.map_or(String::new(), |alert| format!(" with `{}`", alert.word()));
        Finding::pass(format!(
            "{} refused{how} during {}, and no application data was sent",
            handshakes_named(refused.len()),
            faults_named(windows.len(), kind)
        ))
        .showing(refused.iter().map(|mark| mark.event.n))
    }

    /// A server without fault is accepted.
    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        let accepted = handshakes(timeline).into_iter().find_map(|handshake| handshake.data);
        Some(match accepted {
            Some(data) => Finding::pass("the device accepted a server without fault").showing([data.event.n]),
            None => Finding::fail_by_absence("the device was never seen to accept a server without fault"),
        })
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

impl RefusesTls {
    /// What is wrong with how the device met a faulty server.
    fn broken(&self, faulty: &[Handshake<'_>], timeline: &Timeline<'_>) -> Option<Finding> {
        let accepted: Vec<_> = faulty.iter().filter_map(|one| Some((one.hello, one.data?))).collect();
        if let Some((hello, data)) = accepted.first() {
            let many = times(accepted.len() as u64);
            return Some(
                Finding::fail(format!(
                    "the device accepted the server {many} in spite of `{}`, first at {}: it sent application data \
                     {} after its first message",
                    self.fault,
                    hello.event.at,
                    elapsed(data.event.at - hello.event.at)
                ))
                .showing(accepted.iter().flat_map(|(hello, data)| [hello.event.n, data.event.n])),
            );
        }
        if let Some(expected) = self.alert {
            let other = faulty.iter().find_map(|one| match (one.alert, one.closed) {
                (Some((_, said)), _) if said == expected.word() => None,
                (Some((mark, said)), _) => Some((mark, format!("with the alert {}", quoted(said)))),
                (None, Some(mark)) => Some((mark, "without an alert".to_owned())),
                (None, None) => None,
            });
            if let Some((mark, how)) = other {
                let reason = format!(
                    "the device refused the server {how} ({}); expected `{}`",
                    mark.event.n,
                    expected.word()
                );
                return Some(Finding::fail(reason).showing([mark.event.n]));
            }
        }
        let (held, hello) = faulty
            .iter()
            .filter(|one| one.alert.is_none() && one.closed.is_none())
            .map(|one| {
                let until = one.cut.map_or(timeline.observed_until(), |cut| cut.event.at);
                (until - one.hello.event.at, one.hello)
            })
            .find(|(held, _)| *held >= HELD)?;
        let reason = format!(
            "the device held a connection for {} in spite of `{}` ({}), and neither refused nor closed it",
            elapsed(held),
            self.fault,
            hello.event.n
        );
        Some(Finding::fail_by_absence(reason).showing([hello.event.n]))
    }
}

fn handshakes_named(count: usize) -> String {
    if count == 1 { "1 handshake".to_owned() } else { format!("{count} handshakes") }
}

/// Whose TLS a fault breaks, if the timeline says so.
fn of_service(window: &FaultWindow<'_>, timeline: &Timeline<'_>) -> Option<Service> {
    let end = window.injected?.place;
    timeline.marks().take(end).skip(window.armed.place).find_map(|mark| match &mark.event.what {
        What::Action { action: Action::Misbehave(misbehaviour), .. } if misbehaviour.name == window.kind => {
            match &misbehaviour.how {
                Misbehave::Tls { service, .. } => Some(*service),
                _ => None,
            }
        }
        _ => None,
    })
}

/// The handshakes of a run, in order.
fn handshakes<'a>(timeline: &Timeline<'a>) -> Vec<Handshake<'a>> {
    let mut all: BTreeMap<Conn, Handshake<'a>> = BTreeMap::new();
    let mut services = BTreeMap::new();
    for mark in timeline.marks() {
        let What::Traffic { seen, .. } = &mark.event.what else { continue };
        match seen {
            Traffic::Tcp(TcpSeen::Opened { conn, service, .. }) => {
                services.insert(*conn, *service);
            }
            Traffic::Tcp(TcpSeen::Closed { conn, end }) => {
                if let Some(one) = all.get_mut(conn) {
                    let by_device = matches!(end, End::ByDevice | End::ResetByDevice);
                    (if by_device { &mut one.closed } else { &mut one.cut }).get_or_insert(mark);
                }
            }
            Traffic::Tls(TlsSeen::ClientHello { conn, resumes, .. }) => {
                let (service, resumes) = (services.get(conn).copied(), *resumes);
                let one = Handshake {
                    hello: mark,
                    service,
                    resumes,
                    alert: None,
                    data: None,
                    closed: None,
                    cut: None,
                };
                all.insert(*conn, one);
            }
            Traffic::Tls(TlsSeen::Alert { conn, description, fatal }) => {
                if let Some(one) = all.get_mut(conn) {
                    if *fatal {
                        one.alert.get_or_insert((mark, description));
                    } else {
                        one.closed.get_or_insert(mark);
                    }
                }
            }
            Traffic::Tls(TlsSeen::FirstData { conn }) => {
                if let Some(one) = all.get_mut(conn) {
                    one.data.get_or_insert(mark);
                }
            }
            _ => {}
        }
    }
    let mut all: Vec<_> = all.into_values().collect();
    all.sort_by_key(|one| one.hello.place);
    all
}

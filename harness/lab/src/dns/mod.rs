//! The name server (RFC 1035), over UDP and TCP (RFC 7766), at [`plan::GATEWAY`](crate::plan::GATEWAY).
//!
//! It knows the names of the [plan](crate::plan::NAMES) and their IPv4 addresses, and that there is nothing else in the
//! world. Both transports are one server: what it does wrong it does on both.

mod answer;
mod late;
#[cfg(test)]
mod tests;

pub use answer::TTL;

use crate::faults::Faults;
use crate::service::{DatagramOut, DatagramService, Seen, StreamOut, StreamService};
use answer::{Asked, Question};
use brownout_core::network::{Conn, DnsFault, DnsMisbehaviour, DnsSeen, End, Traffic};
use brownout_core::time::{Duration, Instant};
use core::net::{Ipv4Addr, SocketAddrV4};
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RData;
use late::Late;
use std::collections::{BTreeMap, VecDeque};

/// How long a connection may be idle (RFC 7766 section 6.2.3: a few seconds).
const IDLE: Duration = Duration::from_secs(10);

/// So many connections at a time; more are reset.
const CONNECTIONS: usize = 64;

/// The longest question that is taken over TCP, in bytes.
const LONGEST: usize = 4096;

/// The name server.
#[derive(Clone, Debug, Default)]
pub struct Dns {
    faults: Faults<DnsFault>,
    datagrams: VecDeque<DatagramOut>,
    late_datagrams: Late<(SocketAddrV4, Answer)>,
    connections: BTreeMap<Conn, Connection>,
    streams: VecDeque<StreamOut>,
    late_streams: Late<(Conn, Answer)>,
}

#[derive(Clone, Debug)]
struct Connection {
    /// What came of a question that is not whole yet.
    received: Vec<u8>,
    /// When something was last received or sent.
    active: Instant,
    /// The device sends no more: it is closed when all is answered.
    ends: bool,
    /// Questions that are not answered yet.
    open: u32,
}

/// An answer, and what is told of it when it is sent.
#[derive(Clone, Debug)]
struct Answer {
    bytes: Vec<u8>,
    seen: Option<DnsSeen>,
    /// How long it is held.
    by: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Over {
    Udp,
    Tcp,
}

impl Dns {
    /// A server that knows the names of the plan.
    pub fn new() -> Self {
        Self::default()
    }

    /// Begins to do something wrong, under a name.
    pub fn misbehave(&mut self, name: &str, fault: DnsFault) {
        self.faults.set(name, fault);
    }

    /// Stops it: how often the device met it, `None` if it was not in force.
    pub fn behave(&mut self, name: &str) -> Option<u64> {
        self.faults.take_back(name)
    }

    /// What is answered, if anything; and what was seen meanwhile.
    fn respond(&mut self, over: Over, bytes: &[u8]) -> (Option<Answer>, Vec<Seen>) {
        let mut seen = Vec::new();
        let question = match Asked::read(bytes) {
            Asked::Nothing => return (None, seen),
            Asked::Error(message) => {
                let bytes = message.to_vec().ok();
                return (bytes.map(|bytes| Answer { bytes, seen: None, by: Duration::ZERO }), seen);
            }
            Asked::Question(question) => question,
        };
        seen.push(Seen::Traffic(Traffic::Dns(DnsSeen::Asked {
            name: question.name.clone(),
            kind: question.kind().to_string(),
            tcp: over == Over::Tcp,
        })));
        let answer = Meeting { faults: &mut self.faults, question: &question, seen: &mut seen }.answer(over);
        (answer, seen)
    }

    fn send_datagram(&mut self, to: SocketAddrV4, answer: Answer) {
        let seen = answer.seen.map(|seen| DatagramOut::Seen(Seen::Traffic(Traffic::Dns(seen))));
        self.datagrams.extend(seen);
        self.datagrams.push_back(DatagramOut::Send { to, bytes: answer.bytes });
    }

    fn send_stream(&mut self, now: Instant, conn: Conn, answer: Answer) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        connection.active = now;
        connection.open = connection.open.saturating_sub(1);
        let seen = answer.seen.map(|seen| StreamOut::Seen(Seen::Traffic(Traffic::Dns(seen))));
        self.streams.extend(seen);
        // An answer is far shorter than the 64 KiB that the length before it can say.
        let mut bytes = (answer.bytes.len() as u16).to_be_bytes().to_vec();
        bytes.extend(answer.bytes);
        self.streams.push_back(StreamOut::Send { conn, bytes });
    }

    /// Takes whole questions from what a connection has received; `None` if it sends what cannot be one.
    fn questions(&mut self, conn: Conn) -> Option<Vec<Vec<u8>>> {
        let received = &mut self.connections.get_mut(&conn)?.received;
        let mut questions = Vec::new();
        let mut left = received.as_slice();
        while let Some((length, rest)) = left.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes(*length));
            if length > LONGEST {
                return None;
            }
            let Some((question, rest)) = rest.split_at_checked(length) else { break };
            questions.push(question.to_vec());
            left = rest;
        }
        *received = left.to_vec();
        Some(questions)
    }

    fn close(&mut self, conn: Conn) {
        if self.connections.remove(&conn).is_some() {
            self.streams.push_back(StreamOut::Close { conn });
        }
    }

    fn close_if_done(&mut self, conn: Conn) {
        if self.connections.get(&conn).is_some_and(|connection| connection.ends && connection.open == 0) {
            self.close(conn);
        }
    }
}

impl DatagramService for Dns {
    fn received(&mut self, now: Instant, from: SocketAddrV4, bytes: &[u8]) {
        let (answer, seen) = self.respond(Over::Udp, bytes);
        self.datagrams.extend(seen.into_iter().map(DatagramOut::Seen));
        match answer {
            Some(answer) if answer.by > Duration::ZERO => {
                self.late_datagrams.add(now + answer.by, (from, answer));
            }
            Some(answer) => self.send_datagram(from, answer),
            None => {}
        }
    }

    fn poll(&mut self, now: Instant) {
        while let Some((to, answer)) = self.late_datagrams.due(now) {
            self.send_datagram(to, answer);
        }
    }

    fn deadline(&self) -> Option<Instant> {
        self.late_datagrams.next()
    }

    fn output(&mut self) -> Option<DatagramOut> {
        self.datagrams.pop_front()
    }
}

impl StreamService for Dns {
    fn opened(&mut self, now: Instant, conn: Conn, _: SocketAddrV4) {
        if self.connections.len() == CONNECTIONS {
            self.streams.push_back(StreamOut::Reset { conn });
            return;
        }
        let connection = Connection { received: Vec::new(), active: now, ends: false, open: 0 };
        self.connections.insert(conn, connection);
    }

    fn received(&mut self, now: Instant, conn: Conn, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        connection.active = now;
        connection.received.extend_from_slice(bytes);
        let Some(questions) = self.questions(conn) else { return self.close(conn) };
        for question in questions {
            let (answer, seen) = self.respond(Over::Tcp, &question);
            self.streams.extend(seen.into_iter().map(StreamOut::Seen));
            let Some(answer) = answer else { continue };
            if let Some(connection) = self.connections.get_mut(&conn) {
                connection.open += 1;
            }
            if answer.by == Duration::ZERO {
                self.send_stream(now, conn, answer);
            } else if !self.late_streams.add(now + answer.by, (conn, answer)) {
                self.close(conn);
            }
        }
    }

    fn ended(&mut self, _: Instant, conn: Conn, end: End) {
        if end == End::ByDevice {
            if let Some(connection) = self.connections.get_mut(&conn) {
                connection.ends = true;
            }
            self.close_if_done(conn);
        } else {
            self.connections.remove(&conn);
        }
    }

    fn poll(&mut self, now: Instant) {
        while let Some((conn, answer)) = self.late_streams.due(now) {
            self.send_stream(now, conn, answer);
            self.close_if_done(conn);
        }
        let idle = |(conn, connection): (&Conn, &Connection)| {
            (connection.open == 0 && connection.active + IDLE <= now).then_some(*conn)
        };
        let idle: Vec<Conn> = self.connections.iter().filter_map(idle).collect();
        idle.into_iter().for_each(|conn| self.close(conn));
    }

    fn deadline(&self) -> Option<Instant> {
        let waiting = self.connections.values().filter(|connection| connection.open == 0);
        let idle = waiting.map(|connection| connection.active + IDLE).min();
        [idle, self.late_streams.next()].into_iter().flatten().min()
    }

    fn output(&mut self) -> Option<StreamOut> {
        self.streams.pop_front()
    }
}

/// A question meets what the server does wrong.
struct Meeting<'a> {
    faults: &'a mut Faults<DnsFault>,
    question: &'a Question,
    seen: &'a mut Vec<Seen>,
}

impl Meeting<'_> {
    /// What of that has something to say here.
    fn meet<R>(&mut self, mut which: impl FnMut(&DnsMisbehaviour) -> Option<R>) -> Option<R> {
        let host = self.question.host.map(|(service, _)| service);
        let (found, seen) = self.faults.meet(|fault| {
            let concerns = fault.of.is_none_or(|of| host == Some(of.service()));
            which(&fault.how).filter(|_| concerns)
        })?;
        self.seen.extend(seen);
        Some(found)
    }

    fn meets(&mut self, which: &DnsMisbehaviour) -> bool {
        self.meet(|how| (how == which).then_some(())).is_some()
    }

    fn answer(&mut self, over: Over) -> Option<Answer> {
        if self.meets(&DnsMisbehaviour::Silent) {
            return None;
        }
        let by = self.meet(|how| match how {
            DnsMisbehaviour::Slow(by) => Some(*by),
            _ => None,
        });
        let mut message = self.message(over);
        if !message.answers.is_empty()
            && let Some(ttl) = self.meet(|how| match how {
                DnsMisbehaviour::Ttl(ttl) => Some(*ttl),
                _ => None,
            })
        {
            // A time to live has 31 bits (RFC 2181 section 8).
            let seconds = u32::try_from(ttl.0 / 1_000_000_000).unwrap_or(u32::MAX).min(i32::MAX as u32);
            message.answers.iter_mut().for_each(|record| record.ttl = seconds);
        }
        if self.meets(&DnsMisbehaviour::WrongId) {
            message.metadata.id = message.metadata.id.wrapping_add(1);
        }
        let bytes = message.to_vec().ok()?;
        Some(Answer { bytes, seen: Some(self.seen_in(&message)), by: by.unwrap_or_default() })
    }

    /// What stands in the answer, right or wrong.
    fn message(&mut self, over: Over) -> Message {
        let question = self.question;
        let error = self.meet(|how| match how {
            DnsMisbehaviour::Error(code) => Some(*code),
            _ => None,
        });
        if let Some(code) = error {
            return question.error(code);
        }
        if over == Over::Udp && self.meets(&DnsMisbehaviour::Truncated) {
            return question.cut_short();
        }
        if question.host.is_some() && self.meets(&DnsMisbehaviour::CnameLoop) {
            return question.circle();
        }
        let wrong = |how: &DnsMisbehaviour| match how {
            DnsMisbehaviour::WrongAddress(address) => Some(*address),
            _ => None,
        };
        match question.address().and_then(|_| self.meet(wrong)) {
            Some(address) => question.at(address),
            None => question.truth(),
        }
    }

    fn seen_in(&self, message: &Message) -> DnsSeen {
        let address = |data: &RData| match data {
            RData::A(address) => Some(Ipv4Addr::from(*address).to_string()),
            _ => None,
        };
        DnsSeen::Answered {
            name: self.question.name.clone(),
            code: match message.metadata.response_code {
                ResponseCode::NoError => "noerror",
                ResponseCode::NXDomain => "nxdomain",
                ResponseCode::ServFail => "servfail",
                ResponseCode::Refused => "refused",
                _ => "other",
            }
            .to_owned(),
            addresses: message.answers.iter().filter_map(|record| address(&record.data)).collect(),
            ttl: message.answers.first().map(|record| Duration::from_secs(record.ttl.into())),
        }
    }
}

//! The cloud's interface and the identity provider: servers of HTTP/1.1 (RFC 9110, RFC 9112).
//!
//! | request | service | answer |
//! |---|---|---|
//! | `GET /v1/config` | api | the configuration, JSON |
//! | `GET /files/<name>` | api | a file; ranges (RFC 9110 section 14), entity tags |
//! | `POST /token` with `{"id": "<device>"}` | identity | `{"token": "…", "expires_in": 3600}` |

mod range;
mod request;
mod response;
mod routes;
mod site;
#[cfg(test)]
mod tests;
mod tokens;

pub use site::Site;
pub use tokens::{TokenError, Tokens};

use crate::faults::Faults;
use crate::service::{Seen, StreamOut, StreamService};
use crate::time::Epoch;
use brownout_core::network::{Conn, End, HttpFault, HttpSeen, MoreOrLess, Traffic};
use brownout_core::time::{Duration, Instant};
use core::net::SocketAddrV4;
use core::ops::Range;
use request::{MOST, Read, Request};
use response::Response;
use routes::{Meeting, Role};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// How long a connection may be idle.
const IDLE: Duration = Duration::from_secs(30);

/// So many connections at a time; more are reset.
const CONNECTIONS: usize = 64;

/// A slow body is sent in pieces of so much time.
const PIECE: Duration = Duration::from_millis(100);

/// An HTTP server.
#[derive(Clone, Debug)]
pub struct Http {
    role: Role,
    epoch: Epoch,
    faults: Faults<HttpFault>,
    connections: BTreeMap<Conn, Connection>,
    out: VecDeque<StreamOut>,
}

#[derive(Clone, Debug)]
struct Connection {
    /// What came and is not answered yet.
    received: Vec<u8>,
    state: State,
    /// When something was last received or sent.
    active: Instant,
    /// The device sends no more.
    ends: bool,
    /// It was told to go on with the body of its request.
    continued: bool,
}

#[derive(Clone, Debug)]
enum State {
    /// Waits for a request.
    Ready,
    /// Sends an answer.
    Sending(Sending),
    /// Has stopped in the middle of an answer.
    Stalled,
}

/// The body of an answer on its way.
#[derive(Clone, Debug)]
struct Sending {
    status: u16,
    body: Arc<[u8]>,
    /// What is still to be sent of it.
    left: Range<usize>,
    sent: u64,
    pace: Option<Pace>,
    then: Then,
}

/// As fast as it may be.
#[derive(Clone, Copy, Debug)]
struct Pace {
    bits_per_second: u64,
    began: Instant,
}

/// What comes behind a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// The next request.
    Next,
    Close,
    Reset,
    Stall,
}

impl Pace {
    /// Bytes that may have been sent by then.
    fn by(&self, now: Instant) -> u64 {
        let bits = u128::from(now.since(self.began).0) * u128::from(self.bits_per_second) / 1_000_000_000;
        u64::try_from(bits / 8).unwrap_or(u64::MAX)
    }

    /// When so many bytes may have been sent.
    fn at(&self, bytes: u64) -> Instant {
        let nanos = u128::from(bytes) * 8 * 1_000_000_000;
        let after = nanos.div_ceil(u128::from(self.bits_per_second.max(1)));
        self.began + Duration(u64::try_from(after).unwrap_or(u64::MAX))
    }

    /// Bytes of a piece.
    fn piece(&self) -> u64 {
        (u128::from(self.bits_per_second) * u128::from(PIECE.0) / 8_000_000_000).max(1) as u64
    }
}

impl Http {
    /// The cloud's interface.
    pub fn api(site: Site, epoch: Epoch) -> Self {
        Self::new(Role::Api(site), epoch)
    }

    /// The identity provider.
    pub fn identity(tokens: Tokens, epoch: Epoch) -> Self {
        Self::new(Role::Identity(tokens), epoch)
    }

    fn new(role: Role, epoch: Epoch) -> Self {
        Self { role, epoch, faults: Faults::default(), connections: BTreeMap::new(), out: VecDeque::new() }
    }

    /// What the cloud's interface serves: its durable state. `None` of an identity provider.
    pub fn site(&self) -> Option<&Site> {
        match &self.role {
            Role::Api(site) => Some(site),
            Role::Identity(_) => None,
        }
    }

    /// The same, to be changed. An answer that is on its way stays as it was.
    pub fn site_mut(&mut self) -> Option<&mut Site> {
        match &mut self.role {
            Role::Api(site) => Some(site),
            Role::Identity(_) => None,
        }
    }

    /// How the identity provider makes tokens; a copy judges them. `None` of the cloud's interface.
    pub fn tokens(&self) -> Option<&Tokens> {
        match &self.role {
            Role::Identity(tokens) => Some(tokens),
            Role::Api(_) => None,
        }
    }

    /// Begins to do something wrong, under a name.
    pub fn misbehave(&mut self, name: &str, fault: HttpFault) {
        self.faults.set(name, fault);
    }

    /// Stops it: how often the device met it, `None` if it was not in force.
    pub fn behave(&mut self, name: &str) -> Option<u64> {
        self.faults.take_back(name)
    }

    /// Its process is started anew: its connections are gone, and what it serves is as it was.
    pub fn restart(&mut self) {
        self.connections.clear();
        self.out.clear();
    }

    fn seen(&mut self, seen: HttpSeen) {
        self.out.push_back(StreamOut::Seen(Seen::Traffic(Traffic::Http(seen))));
    }

    /// Goes on with a connection as far as it goes now.
    fn advance(&mut self, now: Instant, conn: Conn) {
        while let Some(connection) = self.connections.get_mut(&conn) {
            let goes_on = match &connection.state {
                State::Stalled => false,
                State::Sending(_) => self.send(now, conn),
                State::Ready => self.read(now, conn),
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Reads the next request; whether there is one.
    fn read(&mut self, now: Instant, conn: Conn) -> bool {
        let Some(connection) = self.connections.get_mut(&conn) else { return false };
        if connection.received.is_empty() {
            if connection.ends {
                self.close(conn);
            }
            return false;
        }
        match Read::of(&connection.received) {
            Read::More { expects } => {
                if connection.ends {
                    self.close(conn);
                } else if expects && !core::mem::replace(&mut connection.continued, true) {
                    let bytes = b"HTTP/1.1 100 Continue\r\n\r\n".to_vec();
                    self.out.push_back(StreamOut::Send { conn, bytes });
                }
                false
            }
            Read::Whole(request, length) => {
                connection.received.drain(..length);
                connection.continued = false;
                self.answer(now, conn, &request);
                true
            }
            Read::Wrong(status) => {
                connection.received.clear();
                self.begin(now, conn, Response::error(status), true, None);
                true
            }
        }
    }

    fn answer(&mut self, now: Instant, conn: Conn, request: &Request) {
        self.seen(HttpSeen::Asked {
            conn,
            method: request.method.clone(),
            path: request.path.clone(),
            range: request.range.clone(),
        });
        let mut seen = Vec::new();
        let mut meeting =
            Meeting { role: &self.role, faults: &mut self.faults, epoch: self.epoch, now, seen: &mut seen };
        let mut response = meeting.answer(request);
        response.bare |= request.method == "HEAD";
        let way = Way::of(&mut meeting, &response);
        self.out.extend(seen.into_iter().map(StreamOut::Seen));
        self.begin(now, conn, response, request.last, Some(way));
    }

    /// Sends the head of an answer and begins with its body.
    fn begin(&mut self, now: Instant, conn: Conn, response: Response, last: bool, way: Option<Way>) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let (all, way) = (response.length(), way.unwrap_or_default());
        // What is said to be longer than it is ends with the connection.
        let last = last || way.says.is_some_and(|says| says > all);
        let says = way.says.unwrap_or(response.part.len());
        let bytes = response.head(self.epoch.unix(now), says, last);
        let (length, then) = match way.cut {
            Some((at, then)) => (at, then),
            None => (all, if last { Then::Close } else { Then::Next }),
        };
        let start = response.part.start;
        connection.state = State::Sending(Sending {
            status: response.status,
            body: response.body,
            left: start..start + length,
            sent: 0,
            pace: way.bits_per_second.map(|bits_per_second| Pace { bits_per_second, began: now }),
            then,
        });
        connection.active = now;
        self.out.push_back(StreamOut::Send { conn, bytes });
    }

    /// Sends as much as may be sent now; whether that was all, and another request may come.
    fn send(&mut self, now: Instant, conn: Conn) -> bool {
        let Some(connection) = self.connections.get_mut(&conn) else { return false };
        let State::Sending(sending) = &mut connection.state else { return false };
        let may = sending.pace.map_or(u64::MAX, |pace| pace.by(now).saturating_sub(sending.sent));
        let length = usize::try_from(may).unwrap_or(usize::MAX).min(sending.left.len());
        let piece = sending.left.start..sending.left.start + length;
        if let Some(bytes) = sending.body.get(piece).filter(|bytes| !bytes.is_empty()) {
            self.out.push_back(StreamOut::Send { conn, bytes: bytes.to_vec() });
            connection.active = now;
        }
        sending.left.start += length;
        sending.sent += length as u64;
        if !sending.left.is_empty() {
            return false;
        }
        let (status, bytes, then) = (sending.status, sending.sent, sending.then);
        connection.state = if then == Then::Stall { State::Stalled } else { State::Ready };
        self.seen(HttpSeen::Answered { conn, status, bytes });
        match then {
            Then::Next => return true,
            Then::Stall => {}
            Then::Close => self.close(conn),
            Then::Reset => {
                self.connections.remove(&conn);
                self.out.push_back(StreamOut::Reset { conn });
            }
        }
        false
    }

    fn close(&mut self, conn: Conn) {
        if self.connections.remove(&conn).is_some() {
            self.out.push_back(StreamOut::Close { conn });
        }
    }

    /// What of an answer was sent when its connection is gone.
    fn gone(&mut self, conn: Conn) {
        if let Some(Connection { state: State::Sending(sending), .. }) = self.connections.remove(&conn) {
            self.seen(HttpSeen::Answered { conn, status: sending.status, bytes: sending.sent });
        }
    }
}

/// What goes wrong on an answer's way.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// The length that it says.
    says: Option<usize>,
    /// Where it is cut, and what comes then.
    cut: Option<(usize, Then)>,
    bits_per_second: Option<u64>,
}

impl Way {
    /// An answer without a body meets nothing; one that is shorter is not cut.
    fn of(meeting: &mut Meeting<'_>, response: &Response) -> Self {
        let length = response.length();
        if length == 0 {
            return Self::default();
        }
        let bytes = |size: brownout_core::quantity::Size| usize::try_from(size.bytes()).unwrap_or(usize::MAX);
        let says = meeting.meet(|fault| match fault {
            HttpFault::WrongLength { says: MoreOrLess::More, by } => Some(length.saturating_add(bytes(*by))),
            HttpFault::WrongLength { says: MoreOrLess::Less, by } => Some(length.saturating_sub(bytes(*by))),
            _ => None,
        });
        let cut = meeting.meet(|fault| {
            let (at, then) = match fault {
                HttpFault::Truncated { at } => (at, Then::Close),
                HttpFault::Reset { at } => (at, Then::Reset),
                HttpFault::Stall { at } => (at, Then::Stall),
                _ => return None,
            };
            (bytes(*at) < length).then_some((bytes(*at), then))
        });
        let bits_per_second = meeting.meet(|fault| match fault {
            HttpFault::Slow { rate } => Some(u64::try_from(rate.0).unwrap_or(0).max(1)),
            _ => None,
        });
        Self { says, cut, bits_per_second }
    }
}

impl StreamService for Http {
    fn opened(&mut self, now: Instant, conn: Conn, _: SocketAddrV4) {
        if self.connections.len() == CONNECTIONS {
            self.out.push_back(StreamOut::Reset { conn });
            return;
        }
        let (received, state) = (Vec::new(), State::Ready);
        let connection = Connection { received, state, active: now, ends: false, continued: false };
        self.connections.insert(conn, connection);
    }

    fn received(&mut self, now: Instant, conn: Conn, bytes: &[u8]) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        connection.active = now;
        // What comes while an answer is on its way is a request in advance, of which there is no need to keep many.
        let room = MOST.saturating_sub(connection.received.len());
        if !matches!(connection.state, State::Ready) && bytes.len() > room {
            self.gone(conn);
            self.out.push_back(StreamOut::Reset { conn });
            return;
        }
        connection.received.extend_from_slice(bytes);
        self.advance(now, conn);
    }

    fn ended(&mut self, now: Instant, conn: Conn, end: End) {
        if end != End::ByDevice {
            self.gone(conn);
            return;
        }
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        connection.ends = true;
        match connection.state {
            State::Stalled => self.close(conn),
            State::Ready | State::Sending(_) => self.advance(now, conn),
        }
    }

    fn poll(&mut self, now: Instant) {
        let all: Vec<Conn> = self.connections.keys().copied().collect();
        for conn in all {
            self.advance(now, conn);
            let idle = |connection: &Connection| {
                matches!(connection.state, State::Ready) && connection.active + IDLE <= now
            };
            if self.connections.get(&conn).is_some_and(idle) {
                self.close(conn);
            }
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let of = |connection: &Connection| match &connection.state {
            State::Ready => Some(connection.active + IDLE),
            State::Sending(sending) => {
                let pace = sending.pace?;
                let next = pace.piece().min(sending.left.len() as u64);
                Some(pace.at(sending.sent + next))
            }
            State::Stalled => None,
        };
        self.connections.values().filter_map(of).min()
    }

    fn output(&mut self) -> Option<StreamOut> {
        self.out.pop_front()
    }
}

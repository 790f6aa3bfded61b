//! The gateway: where the device's frames end and the services' streams and datagrams begin. A TCP/IP stack in user
//! mode (smoltcp), so that no interface, no root and no other process is needed.

mod wire;

use crate::plan::{DHCP_SERVER_PORT, GATEWAY, NAMES, PREFIX, service_at};
use brownout_core::network::{Absence, Conn, End, Service, TcpSeen, Traffic};
use brownout_core::time::Instant;
use core::net::{Ipv4Addr, SocketAddrV4};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{self, State};
use smoltcp::time::{Duration as StackDuration, Instant as StackInstant};
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr, IpEndpoint};
use std::collections::{BTreeMap, VecDeque};
use wire::{Frame, Queues};

/// The gateway's hardware address: locally administered.
const MAC: EthernetAddress = EthernetAddress([0x02, 0, 0, 0, 0, 0x01]);

/// The stack's clock is faster by this. Its shortest retransmission timeout of 1 s (RFC 6298) is then the 200 ms of servers
/// on Linux.
const FASTER: u64 = 5;

/// Connections of a device at a time; those beyond are dropped.
const MOST_CONNECTIONS: usize = 64;

/// What is received on a connection and not taken yet, at most, in bytes.
const RECEIVE_WINDOW: usize = 16 * 1024;

/// What the stack holds for sending.
const SEND_BUFFER: usize = 32 * 1024;

/// What is held behind that; a service that sends more without being listened to has its connection reset.
const MOST_PENDING: usize = 4 << 20;

/// A device that acknowledges nothing of what was sent for 150 s is given up. The stack
/// itself would count on a connection on which nobody has anything to say, too.
const GIVE_UP: StackDuration = StackDuration::from_secs(150 * FASTER);

/// Attempts to connect that are remembered, so that a segment that is sent again does not count again.
const MOST_ATTEMPTS: usize = 64;

/// What comes out of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GatewayOut {
    /// A frame for the device.
    Frame(Vec<u8>),
    /// A connection stands.
    Opened {
        /// Its number.
        conn: Conn,
        /// The service's end.
        to: SocketAddrV4,
        /// The device's end.
        peer: SocketAddrV4,
    },
    /// The device sent bytes.
    Received {
        /// On which connection.
        conn: Conn,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// The device closed its side, or the connection died.
    Ended {
        /// Which connection.
        conn: Conn,
        /// How.
        end: End,
    },
    /// The device sent a datagram to a service.
    Datagram {
        /// The device's end.
        from: SocketAddrV4,
        /// The service's end.
        to: SocketAddrV4,
        /// Its payload.
        bytes: Vec<u8>,
    },
    /// The device wanted something of a service that is absent.
    Missed(Service),
    /// Something became visible.
    Seen(Traffic),
}

struct Flow {
    conn: Conn,
    handle: SocketHandle,
    service: Service,
    peer: SocketAddrV4,
    to: SocketAddrV4,
    /// It was established, and the service knows of it.
    open: bool,
    /// The device closed its side, and the service knows.
    half_closed: bool,
    /// The service wants it closed when everything is sent.
    closing: bool,
    /// The service takes nothing.
    deaf: bool,
    /// The device reset it.
    reset: bool,
    /// What does not fit into the stack's buffer yet.
    pending: VecDeque<u8>,
}

/// The gateway of one device.
pub struct Gateway {
    queues: Queues,
    interface: Interface,
    sockets: SocketSet<'static>,
    flows: Vec<Flow>,
    next: u32,
    /// The hardware address behind each address of the device's subnet.
    neighbours: BTreeMap<Ipv4Addr, EthernetAddress>,
    attempts: VecDeque<(SocketAddrV4, SocketAddrV4)>,
    absent: BTreeMap<Service, Absence>,
    out: VecDeque<GatewayOut>,
}

impl Gateway {
    /// A gateway with nothing on it. The seed feeds its sequence numbers.
    pub fn new(seed: u64) -> Self {
        let mut queues = Queues::default();
        let mut config = Config::new(MAC.into());
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut queues, StackInstant::ZERO);
        interface.update_ip_addrs(|addresses| {
            let own = [IpCidr::new(IpAddress::Ipv4(GATEWAY), PREFIX)];
            let services = NAMES.iter().map(|(_, address, _)| IpCidr::new(IpAddress::Ipv4(*address), 32));
            for address in own.into_iter().chain(services) {
                // There is room for eight.
                let _ = addresses.push(address);
            }
        });
        Self {
            queues,
            interface,
            sockets: SocketSet::new(Vec::new()),
            flows: Vec::new(),
            next: 0,
            neighbours: BTreeMap::new(),
            attempts: VecDeque::new(),
            absent: BTreeMap::new(),
            out: VecDeque::new(),
        }
    }

    /// Takes a frame of the device. Hostile.
    pub fn frame(&mut self, now: Instant, frame: &[u8]) {
        let (mac, read) = wire::read(frame);
        let Some(mac) = mac else { return };
        match read {
            // The stack would answer for every address that it knows; those of services are not on this subnet.
            Frame::Arp { target } if target == GATEWAY => self.pass(now, frame),
            Frame::Arp { .. } | Frame::Foreign => {}
            Frame::Tcp { from, to, syn, ack, rst } => {
                self.learn(*from.ip(), mac);
                self.segment(now, frame, from, to, syn && !ack, rst);
            }
            Frame::Udp { from, to, payload } => {
                self.learn(*from.ip(), mac);
                self.datagram_in(frame, from, to, payload);
            }
            Frame::Other { to, protocol } => {
                if self.is_ours(to) {
                    self.pass(now, frame);
                } else if !to.is_multicast() && !to.is_broadcast() {
                    self.out.push_back(GatewayOut::Seen(Traffic::Astray { protocol, to: to.to_string() }));
                }
            }
        }
    }

    fn pass(&mut self, now: Instant, frame: &[u8]) {
        self.queues.inward.push_back(frame.to_vec());
        self.poll(now);
    }

    fn is_ours(&self, address: Ipv4Addr) -> bool {
        self.interface.has_ip_addr(IpAddress::Ipv4(address))
    }

    fn learn(&mut self, address: Ipv4Addr, mac: EthernetAddress) {
        const MOST: usize = 16;
        if address.is_unspecified() {
            // A device without an address is answered by broadcast, or where it says that it is.
            return;
        }
        if self.neighbours.len() >= MOST && !self.neighbours.contains_key(&address) {
            self.neighbours.pop_first();
        }
        self.neighbours.insert(address, mac);
    }

    fn segment(
        &mut self,
        now: Instant,
        frame: &[u8],
        from: SocketAddrV4,
        to: SocketAddrV4,
        asks: bool,
        rst: bool,
    ) {
        let Some(service) = service_at(*to.ip(), to.port()).filter(|_| self.is_ours(*to.ip())) else {
            if asks && self.is_new_attempt(from, to) {
                let protocol = "tcp".to_owned();
                self.out.push_back(GatewayOut::Seen(Traffic::Astray { protocol, to: to.to_string() }));
            }
            // A port at which nobody is on an address that is somebody's: the stack resets it.
            if self.is_ours(*to.ip()) {
                self.pass(now, frame);
            }
            return;
        };
        if asks && self.is_new_attempt(from, to) {
            let seen = TcpSeen::Asked { service, to: to.to_string() };
            self.out.push_back(GatewayOut::Seen(Traffic::Tcp(seen)));
        }
        match self.absent.get(&service) {
            Some(Absence::Silent) => {
                self.out.push_back(GatewayOut::Missed(service));
                return;
            }
            Some(Absence::Refuses) if asks => self.out.push_back(GatewayOut::Missed(service)),
            Some(Absence::Refuses) => {}
            None if asks && !self.flows.iter().any(|flow| flow.is(from, to)) => {
                if self.flows.len() >= MOST_CONNECTIONS && !self.forget_one() {
                    return;
                }
                self.listen(service, from, to);
            }
            None => {}
        }
        if rst && let Some(flow) = self.flows.iter_mut().find(|flow| flow.is(from, to)) {
            flow.reset = true;
        }
        self.pass(now, frame);
    }

    /// Makes room by forgetting the oldest connection that both sides have closed; whether there was one.
    fn forget_one(&mut self) -> bool {
        let is_over = |flow: &Flow| {
            matches!(
                self.sockets.get::<tcp::Socket<'_>>(flow.handle).state(),
                State::TimeWait | State::Closed
            )
        };
        let Some(at) = self.flows.iter().position(is_over) else { return false };
        let flow = self.flows.remove(at);
        self.sockets.remove(flow.handle);
        true
    }

    /// Whether this is the first segment of an attempt, not one that was sent again.
    fn is_new_attempt(&mut self, from: SocketAddrV4, to: SocketAddrV4) -> bool {
        if self.attempts.contains(&(from, to)) {
            return false;
        }
        if self.attempts.len() >= MOST_ATTEMPTS {
            self.attempts.pop_front();
        }
        self.attempts.push_back((from, to));
        true
    }

    fn listen(&mut self, service: Service, peer: SocketAddrV4, to: SocketAddrV4) {
        let buffer = |size| tcp::SocketBuffer::new(vec![0; size]);
        let mut socket = tcp::Socket::new(buffer(RECEIVE_WINDOW), buffer(SEND_BUFFER));
        socket.set_nagle_enabled(false);
        if socket.listen(IpEndpoint::new(IpAddress::Ipv4(*to.ip()), to.port())).is_err() {
            return;
        }
        let handle = self.sockets.add(socket);
        self.next += 1;
        self.flows.push(Flow {
            conn: Conn(self.next),
            handle,
            service,
            peer,
            to,
            open: false,
            half_closed: false,
            closing: false,
            deaf: false,
            reset: false,
            pending: VecDeque::new(),
        });
    }

    fn datagram_in(&mut self, frame: &[u8], from: SocketAddrV4, to: SocketAddrV4, bytes: Vec<u8>) {
        let dhcp = to.port() == DHCP_SERVER_PORT;
        match service_at(*to.ip(), to.port()) {
            Some(service) => match self.absent.get(&service) {
                // Nobody answers a broadcast with a refusal.
                Some(how) if dhcp || *how == Absence::Silent => {
                    self.out.push_back(GatewayOut::Missed(service))
                }
                Some(_) => {
                    self.out.push_back(GatewayOut::Missed(service));
                    self.out.extend(wire::port_unreachable(MAC, frame).map(GatewayOut::Frame));
                }
                None => self.out.push_back(GatewayOut::Datagram { from, to, bytes }),
            },
            None if to.ip().is_multicast() || to.ip().is_broadcast() => {}
            None => {
                let protocol = "udp".to_owned();
                self.out.push_back(GatewayOut::Seen(Traffic::Astray { protocol, to: to.to_string() }));
                if self.is_ours(*to.ip()) {
                    self.out.extend(wire::port_unreachable(MAC, frame).map(GatewayOut::Frame));
                }
            }
        }
    }

    /// Sends a datagram of a service to the device.
    pub fn datagram(&mut self, from: SocketAddrV4, to: SocketAddrV4, bytes: &[u8]) {
        let mac = if to.ip().is_broadcast() {
            Some(EthernetAddress::BROADCAST)
        } else {
            self.neighbours.get(to.ip()).copied()
        };
        if let Some(mac) = mac {
            self.out.push_back(GatewayOut::Frame(wire::datagram(MAC, mac, from, to, bytes)));
        }
    }

    /// Sends bytes of a service. Nothing happens if the connection is gone.
    pub fn send(&mut self, now: Instant, conn: Conn, bytes: &[u8]) {
        let Some(flow) = self.flows.iter_mut().find(|flow| flow.conn == conn) else { return };
        if flow.pending.len() + bytes.len() > MOST_PENDING {
            self.reset(now, conn);
            return;
        }
        flow.pending.extend(bytes);
        self.poll(now);
    }

    /// Closes a connection when everything is sent.
    pub fn close(&mut self, now: Instant, conn: Conn) {
        if let Some(flow) = self.flows.iter_mut().find(|flow| flow.conn == conn) {
            if !flow.closing && !flow.half_closed {
                let seen = TcpSeen::Closed { conn, end: End::ByService };
                self.out.push_back(GatewayOut::Seen(Traffic::Tcp(seen)));
            }
            flow.closing = true;
            self.poll(now);
        }
    }

    /// Resets a connection at once.
    pub fn reset(&mut self, now: Instant, conn: Conn) {
        let Some(at) = self.flows.iter().position(|flow| flow.conn == conn) else { return };
        let flow = &self.flows[at];
        self.sockets.get_mut::<tcp::Socket<'_>>(flow.handle).abort();
        let seen = TcpSeen::Closed { conn, end: End::ResetByService };
        self.out.push_back(GatewayOut::Seen(Traffic::Tcp(seen)));
        // The stack sends the reset, and then the socket may go.
        self.turn(now);
        let flow = self.flows.remove(at);
        self.sockets.remove(flow.handle);
    }

    /// Takes nothing more from a connection, so that its window closes; or takes again.
    pub fn deafen(&mut self, now: Instant, conn: Conn, deaf: bool) {
        if let Some(flow) = self.flows.iter_mut().find(|flow| flow.conn == conn) {
            flow.deaf = deaf;
            self.poll(now);
        }
    }

    /// Takes a service away, or brings it back. One that refuses has its connections reset; one that is silent keeps
    /// them, half-open.
    pub fn absent(&mut self, now: Instant, service: Service, how: Option<Absence>) {
        match how {
            Some(how) => self.absent.insert(service, how),
            None => self.absent.remove(&service),
        };
        if how == Some(Absence::Refuses) {
            let of_it: Vec<_> =
                self.flows.iter().filter(|flow| flow.service == service).map(|flow| flow.conn).collect();
            for conn in of_it {
                self.out.push_back(GatewayOut::Ended { conn, end: End::ResetByService });
                self.reset(now, conn);
            }
        }
    }

    /// Does what is due.
    pub fn poll(&mut self, now: Instant) {
        // What is taken from a socket makes room in its window, and what is put into it wants to be sent.
        loop {
            self.turn(now);
            if !self.shuttle() {
                return;
            }
        }
    }

    fn turn(&mut self, now: Instant) {
        self.interface.poll(stack_time(now), &mut self.queues, &mut self.sockets);
        while let Some(frame) = self.queues.outward.pop_front() {
            if !self.is_hushed(&frame) {
                self.out.push_back(GatewayOut::Frame(frame));
            }
        }
    }

    /// Whether a frame comes from a service that is silent.
    fn is_hushed(&self, frame: &[u8]) -> bool {
        if !self.absent.values().any(|how| *how == Absence::Silent) {
            return false;
        }
        match wire::read(frame).1 {
            Frame::Tcp { from, .. } => service_at(*from.ip(), from.port())
                .is_some_and(|service| self.absent.get(&service) == Some(&Absence::Silent)),
            _ => false,
        }
    }

    /// Moves bytes between sockets and services; whether anything moved.
    fn shuttle(&mut self) -> bool {
        let mut moved = false;
        let (sockets, out) = (&mut self.sockets, &mut self.out);
        self.flows.retain_mut(|flow| {
            let socket = sockets.get_mut::<tcp::Socket<'_>>(flow.handle);
            if !flow.open && socket.may_send() {
                flow.open = true;
                moved = true;
                let seen =
                    TcpSeen::Opened { conn: flow.conn, service: flow.service, to: flow.to.to_string() };
                out.push_back(GatewayOut::Seen(Traffic::Tcp(seen)));
                out.push_back(GatewayOut::Opened { conn: flow.conn, to: flow.to, peer: flow.peer });
            }
            while flow.open && !flow.deaf && socket.can_recv() {
                let taken = socket.recv(|bytes| (bytes.len(), bytes.to_vec()));
                let Ok(bytes) = taken else { break };
                moved = true;
                out.push_back(GatewayOut::Received { conn: flow.conn, bytes });
            }
            while socket.can_send() && !flow.pending.is_empty() {
                let (front, _) = flow.pending.as_slices();
                let Ok(sent) = socket.send_slice(front) else { break };
                if sent == 0 {
                    break;
                }
                flow.pending.drain(..sent);
                moved = true;
            }
            let owed = socket.send_queue() > 0
                || matches!(
                    socket.state(),
                    State::FinWait1 | State::LastAck | State::Closing | State::SynReceived
                );
            socket.set_timeout(owed.then_some(GIVE_UP));
            let ended = |end| {
                let seen = TcpSeen::Closed { conn: flow.conn, end };
                [GatewayOut::Seen(Traffic::Tcp(seen)), GatewayOut::Ended { conn: flow.conn, end }]
            };
            let state = socket.state();
            let half_closed = flow.open && !flow.half_closed && !socket.may_recv() && !socket.can_recv();
            if half_closed
                && matches!(state, State::CloseWait | State::LastAck | State::Closing | State::TimeWait)
            {
                flow.half_closed = true;
                moved = true;
                if flow.closing {
                    // Both are through: only the service does not know yet that the device is, too.
                    out.push_back(GatewayOut::Ended { conn: flow.conn, end: End::ByDevice });
                } else {
                    out.extend(ended(End::ByDevice));
                }
            }
            if flow.closing && flow.pending.is_empty() && socket.may_send() {
                socket.close();
                moved = true;
            }
            if state == State::Closed || state == State::Listen && flow.reset {
                if flow.open {
                    let through = flow.closing && flow.half_closed;
                    let end = if flow.reset { End::ResetByDevice } else { End::TimedOut };
                    if !through {
                        out.extend(ended(end));
                    }
                }
                sockets.remove(flow.handle);
                moved = true;
                return false;
            }
            true
        });
        moved
    }

    /// When it wants [`Self::poll`], if nothing happens before.
    pub fn deadline(&mut self, now: Instant) -> Option<Instant> {
        let at = self.interface.poll_at(stack_time(now), &self.sockets)?;
        let micros = u64::try_from(at.total_micros()).unwrap_or(0);
        // Never at once: what can be done now has been done.
        Some(Instant(micros.saturating_mul(1000) / FASTER).max(Instant(now.0 + 1000)))
    }

    /// What comes out, in order.
    pub fn output(&mut self) -> Option<GatewayOut> {
        self.out.pop_front()
    }
}

impl Flow {
    fn is(&self, peer: SocketAddrV4, to: SocketAddrV4) -> bool {
        self.peer == peer && self.to == to
    }
}

/// The stack's time, rounded up: it must not be woken before what it waits for.
fn stack_time(now: Instant) -> StackInstant {
    let nanos = now.0.saturating_mul(FASTER);
    StackInstant::from_micros(i64::try_from(nanos.div_ceil(1000)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;

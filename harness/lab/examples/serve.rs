//! Serves the lab's services on sockets, good or faulty, so that ordinary clients (dig, chronyd, mosquitto_pub, curl, …) can be asked
//! what they think of them.
//!
//! ```text
//! serve <service>=<address>:<port>... [<fault>]...
//! serve dns=127.0.0.1:15353 ntp=127.0.0.1:10123 'dns_error: {as: servfail, of: broker}'
//! serve broker=127.0.0.1:11883 'mqtt_refused: {code: server_busy}'
//! ```
//!
//! A fault is written as in a scenario and is in force from the beginning; when it strikes and how long it lasts counts
//! for nothing. `ready` on the standard output says that everything listens; then everything seen follows.

// This is the rim: sockets and the clock.
#![allow(clippy::disallowed_methods)]

use brownout_core::action::Action;
use brownout_core::fault::{Fault, Lowering, Move};
use brownout_core::language::{Decode, Diagnostics, parse};
use brownout_core::network::{Conn, End, Misbehave, Misbehaviour, Service};
use brownout_core::plan::{BoardPlan, Image};
use brownout_core::time::Instant;
use brownout_lab::dhcp::Dhcp;
use brownout_lab::dns::Dns;
use brownout_lab::mqtt::Broker;
use brownout_lab::ntp::Ntp;
use brownout_lab::service::{DatagramOut, DatagramService, Seen, StreamOut, StreamService};
use brownout_lab::time::Epoch;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::SystemTime;

type Failure = Box<dyn std::error::Error>;

/// The services themselves. What is added to the lab is added here, and to the three matches below.
struct Services {
    dhcp: Dhcp,
    dns: Dns,
    ntp: Ntp,
    broker: Broker,
}

impl Services {
    fn new(epoch: Epoch) -> Self {
        Self { dhcp: Dhcp::default(), dns: Dns::new(), ntp: Ntp::new(epoch), broker: Broker::new(0) }
    }

    /// The service over UDP.
    fn datagrams(&mut self, service: Service) -> Option<&mut dyn DatagramService> {
        match service {
            Service::Dhcp => Some(&mut self.dhcp),
            Service::Dns => Some(&mut self.dns),
            Service::Ntp => Some(&mut self.ntp),
            Service::Broker | Service::Api | Service::Identity => None,
        }
    }

    /// The service over TCP.
    fn streams(&mut self, service: Service) -> Option<&mut dyn StreamService> {
        match service {
            Service::Dns => Some(&mut self.dns),
            Service::Broker => Some(&mut self.broker),
            Service::Dhcp | Service::Ntp | Service::Api | Service::Identity => None,
        }
    }

    fn misbehave(&mut self, Misbehaviour { name, how }: Misbehaviour) -> Result<(), Failure> {
        match how {
            Misbehave::Dhcp(fault) => self.dhcp.misbehave(&name, fault),
            Misbehave::Dns(fault) => self.dns.misbehave(&name, fault),
            Misbehave::Ntp(fault) => self.ntp.misbehave(&name, fault),
            Misbehave::Mqtt(fault) => self.broker.misbehave(Instant::ZERO, &name, fault),
            _ => return Err(format!("`{name}` is nothing that can be served here").into()),
        }
        Ok(())
    }
}

/// What comes in.
enum Came {
    Datagram(Service, SocketAddrV4, Vec<u8>),
    Opened(Service, SocketAddrV4, TcpStream),
    Bytes(Conn, Vec<u8>),
    Ended(Conn, End),
}

struct Rim {
    services: Services,
    sockets: BTreeMap<Service, UdpSocket>,
    listening: BTreeSet<Service>,
    streams: BTreeMap<Conn, (Service, TcpStream)>,
    connections: u32,
    came: Sender<Came>,
    began: std::time::Instant,
}

fn main() -> Result<(), Failure> {
    let (came, inbox) = channel();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let epoch = Epoch { unix_nanos_at_zero: i64::try_from(now.as_nanos())? };
    let mut rim = Rim {
        services: Services::new(epoch),
        sockets: BTreeMap::new(),
        listening: BTreeSet::new(),
        streams: BTreeMap::new(),
        connections: 0,
        came,
        began: std::time::Instant::now(),
    };
    for argument in std::env::args().skip(1) {
        match argument.split_once('=').map(|(word, address)| (service(word), address)) {
            Some((Some(service), address)) => rim.listen(service, address)?,
            _ => rim.services.misbehave(misbehaviour(&argument)?)?,
        }
    }
    if rim.listening.is_empty() && rim.sockets.is_empty() {
        return Err("nothing to serve; write for example `dns=127.0.0.1:15353`".into());
    }
    say("ready")?;
    rim.run(&inbox)
}

fn service(word: &str) -> Option<Service> {
    Service::ALL.iter().copied().find(|service| service.word() == word)
}

/// Reads a fault as it is written in a scenario.
fn misbehaviour(text: &str) -> Result<Misbehaviour, Failure> {
    let wrong = |problems: Vec<brownout_core::language::Diagnostic>| -> Failure {
        let told: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
        format!("`{text}`: {}", told.join("; ")).into()
    };
    let node = parse(text).map_err(wrong)?;
    let mut problems = Diagnostics::new();
    let Some(fault) = Fault::decode(&node, &mut problems) else { return Err(wrong(problems.into_sorted())) };
    let lowered = fault.lower(&Lowering { seed: 0, board: &no_board() });
    match lowered.inject.as_slice() {
        [Move::Do(Action::Misbehave(misbehaviour))] => Ok(misbehaviour.clone()),
        _ => Err(format!("`{}` is no fault of a service", fault.kind()).into()),
    }
}

/// Faults of services ask nothing of a board.
fn no_board() -> BoardPlan {
    BoardPlan {
        name: String::new(),
        chip: String::new(),
        baud: 0,
        image: Image { path: String::new(), sha256: String::new() },
        fresh: Vec::new(),
        provision: None,
        defect: None,
        signals: BTreeMap::new(),
        commands: BTreeMap::new(),
        inputs: BTreeMap::new(),
        regions: BTreeMap::new(),
        symbols: BTreeMap::new(),
    }
}

fn say(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

impl Rim {
    fn listen(&mut self, service: Service, address: &str) -> Result<(), Failure> {
        let address: SocketAddrV4 = address.parse()?;
        if self.services.datagrams(service).is_some() {
            let socket = UdpSocket::bind(address)?;
            socket.set_broadcast(true)?;
            let (reader, came) = (socket.try_clone()?, self.came.clone());
            std::thread::spawn(move || read_datagrams(service, &reader, &came));
            self.sockets.insert(service, socket);
        }
        if self.services.streams(service).is_some() {
            let listener = TcpListener::bind(address)?;
            let came = self.came.clone();
            std::thread::spawn(move || accept(service, &listener, &came));
            self.listening.insert(service);
        }
        Ok(())
    }

    fn now(&self) -> Instant {
        Instant(u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn run(&mut self, inbox: &Receiver<Came>) -> Result<(), Failure> {
        loop {
            let now = self.now();
            let came = match self.deadline() {
                Some(deadline) => inbox.recv_timeout(deadline.since(now).std()),
                None => inbox.recv().map_err(RecvTimeoutError::from),
            };
            let now = self.now();
            match came {
                Ok(came) => self.take(now, came),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            for service in Service::ALL {
                if let Some(of) = self.services.datagrams(*service) {
                    of.poll(now);
                }
                if let Some(of) = self.services.streams(*service) {
                    of.poll(now);
                }
                self.give(now, *service)?;
            }
        }
    }

    fn deadline(&mut self) -> Option<Instant> {
        let deadlines = Service::ALL.iter().flat_map(|service| {
            let datagrams = self.services.datagrams(*service).and_then(|of| of.deadline());
            let streams = self.services.streams(*service).and_then(|of| of.deadline());
            [datagrams, streams]
        });
        deadlines.flatten().min()
    }

    fn take(&mut self, now: Instant, came: Came) {
        match came {
            Came::Datagram(service, from, bytes) => {
                if let Some(of) = self.services.datagrams(service) {
                    of.received(now, from, &bytes);
                }
            }
            Came::Opened(service, peer, stream) => {
                self.connections += 1;
                let conn = Conn(self.connections);
                let Ok(reader) = stream.try_clone() else { return };
                let came = self.came.clone();
                std::thread::spawn(move || read_stream(conn, reader, &came));
                self.streams.insert(conn, (service, stream));
                if let Some(of) = self.services.streams(service) {
                    of.opened(now, conn, peer);
                }
            }
            Came::Bytes(conn, bytes) => {
                let Some((service, _)) = self.streams.get(&conn) else { return };
                if let Some(of) = self.services.streams(*service) {
                    of.received(now, conn, &bytes);
                }
            }
            Came::Ended(conn, end) => {
                let Some((service, _)) = self.streams.get(&conn) else { return };
                if let Some(of) = self.services.streams(*service) {
                    of.ended(now, conn, end);
                }
                if end != End::ByDevice {
                    self.streams.remove(&conn);
                }
            }
        }
    }

    /// Does what a service wants done. A client that went away is no failure.
    fn give(&mut self, now: Instant, service: Service) -> Result<(), Failure> {
        while let Some(out) = self.services.datagrams(service).and_then(|of| of.output()) {
            match out {
                DatagramOut::Send { to, bytes } => {
                    if let Some(socket) = self.sockets.get(&service)
                        && let Err(error) = socket.send_to(&bytes, to)
                    {
                        say(&format!("{now} to {to}: {error}"))?;
                    }
                }
                DatagramOut::Seen(seen) => self.tell(now, &seen)?,
            }
        }
        while let Some(out) = self.services.streams(service).and_then(|of| of.output()) {
            match out {
                StreamOut::Send { conn, bytes } => {
                    if let Some((_, stream)) = self.streams.get_mut(&conn)
                        && let Err(error) = stream.write_all(&bytes)
                    {
                        say(&format!("{now} to {conn:?}: {error}"))?;
                    }
                }
                StreamOut::Close { conn } => {
                    if let Some((_, stream)) = self.streams.remove(&conn) {
                        // Fails if the client was faster.
                        let _ = stream.shutdown(Shutdown::Write);
                    }
                }
                // Without the option SO_LINGER a socket that is closed with bytes unread is reset, others are not; a
                // client sees its connection end either way.
                StreamOut::Reset { conn } => {
                    if let Some((_, stream)) = self.streams.remove(&conn) {
                        let _ = stream.shutdown(Shutdown::Both);
                    }
                }
                StreamOut::Deaf { .. } => {}
                StreamOut::Seen(seen) => self.tell(now, &seen)?,
            }
        }
        Ok(())
    }

    fn tell(&self, now: Instant, seen: &Seen) -> std::io::Result<()> {
        match seen {
            Seen::Traffic(traffic) => say(&format!("{now} {traffic:?}")),
            Seen::Met { name, times } => say(&format!("{now} {name} was met, {times} times by now")),
        }
    }
}

fn read_datagrams(service: Service, socket: &UdpSocket, came: &Sender<Came>) {
    let mut buffer = [0; 65_536];
    loop {
        // An error belongs to a datagram sent before: nobody listens there.
        let Ok((length, SocketAddr::V4(from))) = socket.recv_from(&mut buffer) else { continue };
        let Some(bytes) = buffer.get(..length) else { continue };
        if came.send(Came::Datagram(service, from, bytes.to_vec())).is_err() {
            return;
        }
    }
}

fn accept(service: Service, listener: &TcpListener, came: &Sender<Came>) {
    while let Ok((stream, peer)) = listener.accept() {
        let SocketAddr::V4(peer) = peer else { continue };
        if came.send(Came::Opened(service, peer, stream)).is_err() {
            return;
        }
    }
}

fn read_stream(conn: Conn, mut stream: TcpStream, came: &Sender<Came>) {
    let mut buffer = [0; 16_384];
    loop {
        let what = match stream.read(&mut buffer) {
            Ok(0) => Came::Ended(conn, End::ByDevice),
            Ok(length) => Came::Bytes(conn, buffer.get(..length).unwrap_or_default().to_vec()),
            Err(_) => Came::Ended(conn, End::ResetByDevice),
        };
        let ended = matches!(what, Came::Ended(..));
        if came.send(what).is_err() || ended {
            return;
        }
    }
}

//! Serves the lab's services on sockets, good or faulty, so that ordinary clients (dig, chronyd, openssl, curl, mosquitto,
//! …) can be asked what they think of them.
//!
//! ```text
//! serve [<service>=<address>:<port>]... [plain:<service>=<address>:<port>]... [pki=<folder>] [<fault>]...
//! serve dns=127.0.0.1:15353 broker=127.0.0.1:0 pki=/tmp/pki 'dns_error: {as: servfail, of: broker}'
//! ```
//!
//! Broker, api and identity are served over TLS, or without it behind `plain:`. `pki` writes `root.pem`, which a client
//! trusts, and `device.pem` and `device.key`, which it shows. A fault is written as in a scenario and is in force from the
//! beginning; when it strikes and how long it lasts counts for nothing. Each service says where it is, `ready` says that
//! all listen, and then everything seen follows. A connection that is to be reset is closed.

#![allow(clippy::disallowed_methods, reason = "this is the rim: sockets, files and the clock")]

use brownout_core::action::Action;
use brownout_core::fault::{Fault, Lowering, Move};
use brownout_core::language::{Decode, Diagnostics, parse};
use brownout_core::names::Dut;
use brownout_core::network::{Absence, Conn, End, Misbehaviour, Service};
use brownout_core::plan::{BoardPlan, Image};
use brownout_core::time::Instant;
use brownout_lab::pki::Pki;
use brownout_lab::plan;
use brownout_lab::service::{Seen, StreamOut};
use brownout_lab::services::{Services, ServicesOut};
use brownout_lab::time::Epoch;
use brownout_lab::world::Setup;
use data_encoding::BASE64;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::SystemTime;

type Failure = Box<dyn std::error::Error>;

/// Who the device is, whose certificate `pki` writes.
const DEVICE: &str = "thermostat-1";

/// Everybody's certificates are the same as long as the day is; so clients of several processes agree on them.
const SEED: u64 = 1;

/// What comes in.
enum Came {
    /// To a service's address in the plan.
    Datagram(SocketAddrV4, SocketAddrV4, Vec<u8>),
    Opened(SocketAddrV4, SocketAddrV4, TcpStream),
    Bytes(Conn, Vec<u8>),
    Ended(Conn, End),
}

struct Rim {
    services: Services,
    setup: Setup,
    /// Sockets by the service's address in the plan.
    sockets: BTreeMap<SocketAddrV4, UdpSocket>,
    streams: BTreeMap<Conn, TcpStream>,
    away: BTreeMap<Service, Absence>,
    connections: u32,
    came: Sender<Came>,
    began: std::time::Instant,
}

fn main() -> Result<(), Failure> {
    let (came, inbox) = channel();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let epoch = Epoch { unix_nanos_at_zero: i64::try_from(now.as_nanos())? };
    let setup = Setup { seed: SEED, epoch, device: DEVICE.to_owned() };
    let mut rim = Rim {
        services: Services::new(&setup, Instant::ZERO)?,
        setup,
        sockets: BTreeMap::new(),
        streams: BTreeMap::new(),
        away: BTreeMap::new(),
        connections: 0,
        came,
        began: std::time::Instant::now(),
    };
    for argument in std::env::args().skip(1) {
        match argument.split_once('=') {
            Some(("pki", folder)) => rim.write_pki(Path::new(folder))?,
            Some((word, address)) if place(word).is_some() => rim.listen(word, address.parse()?)?,
            _ => rim.services.misbehave(rim.now(), &misbehaviour(&argument)?)?,
        }
    }
    say("ready")?;
    rim.run(&inbox)
}

/// Where a service stands in the plan.
fn place(word: &str) -> Option<SocketAddrV4> {
    let (plain, word) = word.strip_prefix("plain:").map_or((false, word), |word| (true, word));
    let service = Service::ALL.iter().copied().find(|service| service.word() == word)?;
    let port = match (service, plain) {
        (Service::Dhcp, _) => plan::DHCP_SERVER_PORT,
        (Service::Dns, _) => plan::DNS_PORT,
        (Service::Ntp, _) => plan::NTP_PORT,
        (Service::Broker, true) => plan::MQTT_PORT,
        (Service::Broker, false) => plan::MQTTS_PORT,
        (Service::Api | Service::Identity, true) => plan::HTTP_PORT,
        (Service::Api | Service::Identity, false) => plan::HTTPS_PORT,
    };
    Some(SocketAddrV4::new(plan::address(service), port))
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
    let (dut, board) = (Dut::from("device"), no_board());
    let lowered = fault.lower(&Lowering { seed: 0, dut: &dut, board: &board });
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

/// DER in its envelope (RFC 7468).
fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| str::from_utf8(line).ok()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

impl Rim {
    fn listen(&mut self, word: &str, mut address: SocketAddrV4) -> Result<(), Failure> {
        let Some(at) = place(word) else { return Ok(()) };
        let by_datagrams = matches!(at.port(), plan::DHCP_SERVER_PORT | plan::DNS_PORT | plan::NTP_PORT);
        if by_datagrams {
            let socket = UdpSocket::bind(address)?;
            socket.set_broadcast(true)?;
            address.set_port(socket.local_addr()?.port());
            let (reader, came) = (socket.try_clone()?, self.came.clone());
            std::thread::spawn(move || read_datagrams(at, &reader, &came));
            self.sockets.insert(at, socket);
        }
        if !by_datagrams || at.port() == plan::DNS_PORT {
            let listener = TcpListener::bind(address)?;
            address.set_port(listener.local_addr()?.port());
            let came = self.came.clone();
            std::thread::spawn(move || accept(at, &listener, &came));
        }
        Ok(say(&format!("{word} at {address}"))?)
    }

    /// Writes what a client needs for TLS: the same certificates as the services have, which come of the same seed.
    fn write_pki(&self, folder: &Path) -> Result<(), Failure> {
        let hosts: Vec<&str> = plan::NAMES.iter().map(|(host, ..)| *host).collect();
        let pki = Pki::new(SEED, self.setup.epoch.unix(Instant::ZERO), DEVICE, &hosts)?;
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("root.pem"), pem("CERTIFICATE", &pki.root()))?;
        let chain: String = pki.device().chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
        std::fs::write(folder.join("device.pem"), chain)?;
        // ECPrivateKey (RFC 5915) on the curve prime256v1.
        let mut key = vec![0x30, 0x77, 2, 1, 1, 4, 0x20];
        key.extend(pki.device().key.scalar());
        key.extend([0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 0xa1, 0x44, 3, 0x42, 0]);
        key.extend(pki.device().key.public());
        Ok(std::fs::write(folder.join("device.key"), pem("EC PRIVATE KEY", &key))?)
    }

    fn now(&self) -> Instant {
        Instant(u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn run(&mut self, inbox: &Receiver<Came>) -> Result<(), Failure> {
        loop {
            self.give()?;
            let came = match self.services.deadline() {
                Some(deadline) => inbox.recv_timeout(deadline.since(self.now()).std()),
                None => inbox.recv().map_err(RecvTimeoutError::from),
            };
            let now = self.now();
            match came {
                Ok(came) => self.take(now, came),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.services.poll(now);
        }
    }

    /// How a service is away, if it is: who asks for it is told to the services.
    fn absence(&mut self, at: SocketAddrV4) -> Option<Absence> {
        let service = plan::service_at(*at.ip(), at.port())?;
        let how = self.away.get(&service).copied()?;
        self.services.missed(service);
        Some(how)
    }

    fn take(&mut self, now: Instant, came: Came) {
        match came {
            Came::Datagram(at, from, bytes) => {
                if self.absence(at).is_none() {
                    self.services.datagram(now, from, at, &bytes);
                }
            }
            Came::Opened(at, peer, stream) => {
                self.connections += 1;
                let conn = Conn(self.connections);
                match self.absence(at) {
                    Some(Absence::Refuses) => return,
                    Some(Absence::Silent) => {}
                    None => {
                        let Ok(reader) = stream.try_clone() else { return };
                        let came = self.came.clone();
                        std::thread::spawn(move || read_stream(conn, reader, &came));
                        self.services.opened(now, conn, at, peer);
                    }
                }
                self.streams.insert(conn, stream);
            }
            Came::Bytes(conn, bytes) => {
                if self.streams.contains_key(&conn) {
                    self.services.received(now, conn, &bytes);
                }
            }
            Came::Ended(conn, end) => {
                if self.streams.contains_key(&conn) {
                    self.services.ended(now, conn, end);
                }
                if end != End::ByDevice {
                    self.streams.remove(&conn);
                }
            }
        }
    }

    /// Does what the services want done. A client that went away is no failure.
    fn give(&mut self) -> Result<(), Failure> {
        while let Some(out) = self.services.output() {
            let now = self.now();
            let failed = match out {
                ServicesOut::Datagram { from, to, bytes } => {
                    self.sockets.get(&from).and_then(|socket| socket.send_to(&bytes, to).err())
                }
                ServicesOut::Stream(StreamOut::Send { conn, bytes }) => {
                    self.streams.get_mut(&conn).and_then(|stream| stream.write_all(&bytes).err())
                }
                ServicesOut::Stream(StreamOut::Close { conn }) => {
                    self.streams.remove(&conn).and_then(|stream| stream.shutdown(Shutdown::Write).err())
                }
                ServicesOut::Stream(StreamOut::Reset { conn }) => {
                    self.streams.remove(&conn).and_then(|stream| stream.shutdown(Shutdown::Both).err())
                }
                // The system's own buffers are as deaf as it gets.
                ServicesOut::Stream(StreamOut::Deaf { .. }) => None,
                ServicesOut::Absent { service, how } => {
                    match how {
                        Some(how) => self.away.insert(service, how),
                        None => self.away.remove(&service),
                    };
                    None
                }
                ServicesOut::Stream(StreamOut::Seen(seen)) | ServicesOut::Seen(seen) => {
                    match seen {
                        Seen::Traffic(traffic) => say(&format!("{now} {traffic:?}"))?,
                        Seen::Met { name, times } => {
                            say(&format!("{now} {name} was met, {times} times by now"))?
                        }
                    }
                    None
                }
            };
            if let Some(error) = failed {
                say(&format!("{now} {error}"))?;
            }
        }
        Ok(())
    }
}

fn read_datagrams(at: SocketAddrV4, socket: &UdpSocket, came: &Sender<Came>) {
    let mut buffer = [0; 65_536];
    loop {
        // An error belongs to a datagram sent before: nobody listens there.
        let Ok((length, SocketAddr::V4(from))) = socket.recv_from(&mut buffer) else { continue };
        let Some(bytes) = buffer.get(..length) else { continue };
        if came.send(Came::Datagram(at, from, bytes.to_vec())).is_err() {
            return;
        }
    }
}

fn accept(at: SocketAddrV4, listener: &TcpListener, came: &Sender<Came>) {
    while let Ok((stream, peer)) = listener.accept() {
        let SocketAddr::V4(peer) = peer else { continue };
        if came.send(Came::Opened(at, peer, stream)).is_err() {
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

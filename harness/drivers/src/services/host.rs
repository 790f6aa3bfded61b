//! The lab's services on ordinary sockets: one thread in the namespace of the device's interface gives them what the
//! sockets receive, the time, and orders, and does what they want done.

use super::addresses;
use super::stream::{Heard, Stream};
use super::{no_certificates, services_trouble};
use crate::clock::Stopwatch;
use crate::link::namespace::Place;
use async_trait::async_trait;
use brownout_core::action::Done;
use brownout_core::network::{Absence, Conn, End, Misbehaviour, Publication, Service, TcpSeen, Traffic};
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::time::Instant;
use brownout_lab::plan::{
    DHCP_SERVER_PORT, DNS_PORT, HTTP_PORT, HTTPS_PORT, MQTT_PORT, MQTTS_PORT, NAMES, NTP_PORT, address,
    service_at,
};
use brownout_lab::service::{Seen, StreamOut};
use brownout_lab::services::{Services as Lab, ServicesOut};
use brownout_lab::world::Setup;
use brownout_ports::{Observed, Services, Watch};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, UdpSocket};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use tokio::sync::oneshot;

/// How long it is waited at most, without a deadline.
const AT_MOST: std::time::Duration = std::time::Duration::from_secs(1);
/// Connections at a time; those beyond are reset.
const MOST_CONNECTIONS: usize = 256;
/// How much is taken from one socket before others have their turn.
const BATCH: usize = 16;

/// Which ports of TCP and UDP are served, and where.
const STREAMS: &[(Service, &[u16])] = &[
    (Service::Dns, &[DNS_PORT]),
    (Service::Broker, &[MQTTS_PORT, MQTT_PORT]),
    (Service::Api, &[HTTPS_PORT, HTTP_PORT]),
    (Service::Identity, &[HTTPS_PORT, HTTP_PORT]),
];
const DATAGRAMS: &[(Service, u16)] =
    &[(Service::Dns, DNS_PORT), (Service::Dhcp, DHCP_SERVER_PORT), (Service::Ntp, NTP_PORT)];

type Order = Box<dyn FnOnce(&mut Stand) + Send>;

/// The services port over sockets. Dropping it closes them and ends the thread.
pub(crate) struct Host {
    orders: Option<Sender<Order>>,
    waker: UnixStream,
    thread: Option<thread::JoinHandle<()>>,
    page: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Host {
    /// Starts the thread in a namespace; `interface` is the one at which the device is.
    pub(crate) fn start(
        place: Place,
        interface: String,
        setup: Setup,
        watch: Watch,
        clock: Arc<Stopwatch>,
    ) -> io::Result<Self> {
        let (orders, inbox) = channel();
        let (waker, woken) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let page = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&page);
        let serve = move || {
            let entered = place.enter().map_err(|error| PortError { port: Port::Services, ..error });
            let mut stand = Stand {
                entered,
                interface,
                setup,
                page: shared,
                watch,
                clock,
                lab: None,
                listeners: Vec::new(),
                datagrams: Vec::new(),
                streams: BTreeMap::new(),
                absent: BTreeMap::new(),
                opened: 0,
            };
            stand.serve(&inbox, &woken);
        };
        let thread = thread::Builder::new().name("services".to_owned()).spawn(serve)?;
        Ok(Self { orders: Some(orders), waker, thread: Some(thread), page })
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Stand, Instant) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let (answer, reply) = oneshot::channel();
        let order: Order = Box::new(move |stand: &mut Stand| {
            let now = stand.clock.now();
            let result = stand.entered.clone().and_then(|()| work(stand, now));
            // What was ordered has happened when it is answered: sockets are closed, addresses gone.
            stand.carry_out();
            let _ = answer.send(result);
        });
        if let Some(orders) = &self.orders {
            // If the thread is gone the reply says so.
            let _ = orders.send(order);
            self.wake();
        }
        let stopped = || {
            services_trouble(
                Trouble::Failed,
                "the services have stopped".to_owned(),
                "this is a bug in brownout",
            )
        };
        reply.await.unwrap_or_else(|_| Err(stopped()))
    }

    fn wake(&self) {
        // A full pipe wakes as well.
        let _ = (&self.waker).write(&[0]);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.orders = None;
        self.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[async_trait(?Send)]
impl Services for Host {
    async fn start(&self) -> Result<(), PortError> {
        self.ask(Stand::start).await
    }

    async fn stop(&self) -> Result<(), PortError> {
        self.ask(|stand, _| {
            stand.stop();
            Ok(())
        })
        .await
    }

    fn provision(&self) -> Option<Vec<u8>> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn misbehave(&self, misbehaviour: &Misbehaviour) -> Result<(), PortError> {
        let misbehaviour = misbehaviour.clone();
        self.ask(move |stand, now| {
            let done = stand.with_lab(|lab| lab.misbehave(now, &misbehaviour)).unwrap_or(Ok(()));
            done.map_err(|why| super::cannot(&misbehaviour.name, &why))
        })
        .await
    }

    async fn behave(&self, name: &str) -> Result<Done, PortError> {
        let name = name.to_owned();
        self.ask(move |stand, now| {
            let times = stand.with_lab(|lab| lab.behave(now, &name)).flatten().unwrap_or(0);
            Ok(Done::Counted { times })
        })
        .await
    }

    async fn publish(&self, message: &Publication) -> Result<(), PortError> {
        let message = message.clone();
        self.ask(move |stand, now| {
            stand.with_lab(|lab| lab.publish(now, &message));
            Ok(())
        })
        .await
    }

    async fn check(&self) -> Result<(), PortError> {
        self.ask(|stand, _| stand.check()).await
    }
}

/// The thread's side.
struct Stand {
    /// The namespace could be entered.
    entered: Result<(), PortError>,
    interface: String,
    setup: Setup,
    page: Arc<Mutex<Option<Vec<u8>>>>,
    watch: Watch,
    clock: Arc<Stopwatch>,
    /// Present from start to stop.
    lab: Option<Lab>,
    listeners: Vec<(SocketAddrV4, TcpListener)>,
    datagrams: Vec<(Service, SocketAddrV4, UdpSocket)>,
    streams: BTreeMap<Conn, Stream>,
    absent: BTreeMap<Service, Absence>,
    opened: u32,
}

impl Stand {
    /// Whether every port can be had.
    fn check(&mut self) -> Result<(), PortError> {
        if self.lab.is_some() {
            return Ok(());
        }
        addresses::take(&self.interface)?;
        let could = self.listen(&[]);
        self.hang_up();
        could
    }

    fn start(&mut self, now: Instant) -> Result<(), PortError> {
        self.stop();
        addresses::take(&self.interface)?;
        self.listen(&[])?;
        let lab = Lab::new(&self.setup, now).map_err(no_certificates)?;
        *self.page.lock().unwrap_or_else(PoisonError::into_inner) = Some(lab.provision());
        self.lab = Some(lab);
        Ok(())
    }

    fn stop(&mut self) {
        self.lab = None;
        self.hang_up();
        self.absent.clear();
    }

    fn hang_up(&mut self) {
        self.listeners.clear();
        self.datagrams.clear();
        std::mem::take(&mut self.streams).into_values().for_each(Stream::reset);
    }

    /// Opens every socket that is not open, but for services that refuse.
    fn listen(&mut self, without: &[Service]) -> Result<(), PortError> {
        for (service, ports) in STREAMS.iter().filter(|(service, _)| !without.contains(service)) {
            for port in *ports {
                let at = SocketAddrV4::new(address(*service), *port);
                if !self.listeners.iter().any(|(of, _)| *of == at) {
                    let listener = TcpListener::bind(at).and_then(|listener| {
                        listener.set_nonblocking(true)?;
                        Ok(listener)
                    });
                    self.listeners.push((at, listener.map_err(|error| not_bound("TCP", at, &error))?));
                }
            }
        }
        for (service, port) in DATAGRAMS.iter().filter(|(service, _)| !without.contains(service)) {
            let at = SocketAddrV4::new(address(*service), *port);
            if !self.datagrams.iter().any(|(_, of, _)| *of == at) {
                let socket = datagram_socket(*service, at, &self.interface);
                self.datagrams.push((*service, at, socket.map_err(|error| not_bound("UDP", at, &error))?));
            }
        }
        Ok(())
    }

    fn with_lab<R>(&mut self, work: impl FnOnce(&mut Lab) -> R) -> Option<R> {
        self.lab.as_mut().map(work)
    }

    fn serve(&mut self, inbox: &Receiver<Order>, woken: &UnixStream) {
        let mut buffer = vec![0; 65_536];
        loop {
            loop {
                match inbox.try_recv() {
                    Ok(order) => order(self),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return self.stop(),
                }
            }
            self.carry_out();
            self.accept();
            self.hear_datagrams(&mut buffer);
            self.hear_streams(&mut buffer);
            let now = self.clock.now();
            self.with_lab(|lab| {
                if lab.deadline().is_some_and(|due| due <= now) {
                    lab.poll(now);
                }
            });
            self.carry_out();
            self.wait(woken);
        }
    }

    fn accept(&mut self) {
        let mut came = Vec::new();
        for (to, listener) in &self.listeners {
            for _ in 0..BATCH {
                match listener.accept() {
                    Ok((socket, SocketAddr::V4(peer))) => came.push((*to, socket, peer)),
                    Ok(_) => {}
                    // Whoever gave up before it was accepted, or nobody.
                    Err(_) => break,
                }
            }
        }
        for (to, socket, peer) in came {
            let Some(service) = service_at(*to.ip(), to.port()) else { continue };
            self.tell_tcp(TcpSeen::Asked { service, to: to.to_string() });
            let Ok(stream) = Stream::new(socket, service) else { continue };
            if self.streams.len() >= MOST_CONNECTIONS || self.lab.is_none() {
                stream.reset();
                continue;
            }
            self.opened += 1;
            let conn = Conn(self.opened);
            self.tell_tcp(TcpSeen::Opened { conn, service, to: to.to_string() });
            self.streams.insert(conn, stream);
            let now = self.clock.now();
            self.with_lab(|lab| lab.opened(now, conn, to, peer));
            self.carry_out();
        }
    }

    fn hear_datagrams(&mut self, buffer: &mut [u8]) {
        for at in 0..self.datagrams.len() {
            for _ in 0..BATCH {
                let Some((service, to, socket)) = self.datagrams.get(at) else { break };
                let (service, to) = (*service, *to);
                match socket.recv_from(buffer) {
                    Ok((length, SocketAddr::V4(from))) => {
                        let bytes = buffer.get(..length).unwrap_or_default();
                        let absent = self.absent.contains_key(&service);
                        let now = self.clock.now();
                        self.with_lab(|lab| {
                            if absent { lab.missed(service) } else { lab.datagram(now, from, to, bytes) }
                        });
                        self.carry_out();
                    }
                    Ok(_) => {}
                    // Nothing more, or news of a datagram that was not taken.
                    Err(_) => break,
                }
            }
        }
    }

    fn hear_streams(&mut self, buffer: &mut [u8]) {
        let all: Vec<Conn> = self.streams.keys().copied().collect();
        for conn in all {
            for _ in 0..BATCH {
                let Some(stream) = self.streams.get_mut(&conn) else { break };
                match stream.hear(buffer) {
                    Heard::Nothing => break,
                    Heard::Bytes(bytes) => {
                        let now = self.clock.now();
                        self.with_lab(|lab| lab.received(now, conn, &bytes));
                        self.carry_out();
                    }
                    Heard::Ended(end) => self.ended(conn, end),
                }
            }
            self.flush(conn);
        }
    }

    /// Sends what there is room for.
    fn flush(&mut self, conn: Conn) {
        let Some(stream) = self.streams.get_mut(&conn) else { return };
        if let Heard::Ended(end) = stream.flush() {
            self.ended(conn, end);
        } else if stream.is_over() {
            self.streams.remove(&conn);
        }
    }

    /// The device ended a connection, or its side of it.
    fn ended(&mut self, conn: Conn, end: End) {
        let told = self.streams.get(&conn).is_none_or(Stream::is_closing);
        if !told {
            self.tell_tcp(TcpSeen::Closed { conn, end });
        }
        if end != End::ByDevice {
            self.streams.remove(&conn);
        }
        let now = self.clock.now();
        self.with_lab(|lab| lab.ended(now, conn, end));
        self.carry_out();
    }

    /// Does what the services want done.
    fn carry_out(&mut self) {
        while let Some(out) = self.lab.as_mut().and_then(Lab::output) {
            match out {
                ServicesOut::Stream(StreamOut::Send { conn, bytes }) => {
                    let Some(stream) = self.streams.get_mut(&conn) else { continue };
                    if stream.say(&bytes) { self.flush(conn) } else { self.reset(conn) }
                }
                ServicesOut::Stream(StreamOut::Close { conn }) => {
                    let Some(stream) = self.streams.get_mut(&conn) else { continue };
                    if !stream.is_closing() && !stream.heard_all {
                        self.watch.report(
                            self.clock.now(),
                            Observed::Traffic(Traffic::Tcp(TcpSeen::Closed { conn, end: End::ByService })),
                        );
                    }
                    stream.close();
                    self.flush(conn);
                }
                ServicesOut::Stream(StreamOut::Reset { conn }) => self.reset(conn),
                ServicesOut::Stream(StreamOut::Deaf { conn, deaf }) => {
                    if let Some(stream) = self.streams.get_mut(&conn) {
                        stream.deaf = deaf;
                    }
                }
                ServicesOut::Stream(StreamOut::Seen(seen)) | ServicesOut::Seen(seen) => self.tell(seen),
                ServicesOut::Datagram { from, to, bytes } => {
                    // Where there is no way to the device now, there is none for its answer either.
                    if let Some((_, _, socket)) = self.datagrams.iter().find(|(_, at, _)| *at == from) {
                        let _ = socket.send_to(&bytes, to);
                    }
                }
                ServicesOut::Absent { service, how } => self.absent(service, how),
            }
        }
    }

    fn reset(&mut self, conn: Conn) {
        if let Some(stream) = self.streams.remove(&conn) {
            stream.reset();
            self.tell_tcp(TcpSeen::Closed { conn, end: End::ResetByService });
        }
    }

    /// Takes a service away, or brings it back. One that refuses has its sockets closed, and the kernel answers for it; one
    /// that is silent loses its address, so that the kernel says nothing either, and what stands stays half-open.
    fn absent(&mut self, service: Service, how: Option<Absence>) {
        match how {
            Some(how) => self.absent.insert(service, how),
            None => self.absent.remove(&service),
        };
        if how == Some(Absence::Refuses) {
            self.listeners.retain(|(at, _)| service_at(*at.ip(), at.port()) != Some(service));
            self.datagrams.retain(|(of, ..)| *of != service);
            let of_it: Vec<Conn> = self
                .streams
                .iter()
                .filter(|(_, stream)| stream.service == service)
                .map(|(conn, _)| *conn)
                .collect();
            for conn in of_it {
                self.reset(conn);
                let now = self.clock.now();
                self.with_lab(|lab| lab.ended(now, conn, End::ResetByService));
            }
        }
        // DHCP and DNS stand at the gateway's own address, which stays: they hear, and say nothing.
        let own = NAMES.iter().any(|(_, _, of)| *of == service);
        let silent = how == Some(Absence::Silent);
        let moved = if own { addresses::set(address(service), !silent) } else { Ok(()) };
        let refusing: Vec<Service> =
            self.absent.iter().filter(|(_, how)| **how == Absence::Refuses).map(|(of, _)| *of).collect();
        if let Err(error) = moved.and_then(|()| if how.is_none() { self.listen(&refusing) } else { Ok(()) }) {
            self.watch.report(self.clock.now(), Observed::Lost(error));
        }
    }

    fn tell_tcp(&self, seen: TcpSeen) {
        self.tell(Seen::Traffic(Traffic::Tcp(seen)));
    }

    fn tell(&self, seen: Seen) {
        let seen = match seen {
            Seen::Traffic(traffic) => Observed::Traffic(traffic),
            Seen::Met { name, times } => Observed::Met { name, times },
        };
        self.watch.report(self.clock.now(), seen);
    }

    /// Waits for a socket, an order, or the time of the next deadline.
    fn wait(&self, woken: &UnixStream) {
        let deadline = self.lab.as_ref().and_then(Lab::deadline);
        let left = deadline.map_or(AT_MOST, |due| due.since(self.clock.now()).std().min(AT_MOST));
        let mut all = vec![PollFd::new(woken.as_fd(), PollFlags::POLLIN)];
        all.extend(self.listeners.iter().map(|(_, socket)| PollFd::new(socket.as_fd(), PollFlags::POLLIN)));
        all.extend(
            self.datagrams.iter().map(|(_, _, socket)| PollFd::new(socket.as_fd(), PollFlags::POLLIN)),
        );
        all.extend(self.streams.values().filter_map(|stream| {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::POLLIN, stream.wants_to_hear());
            flags.set(PollFlags::POLLOUT, stream.wants_to_send());
            (!flags.is_empty()).then(|| PollFd::new(stream.socket.as_fd(), flags))
        }));
        // Interrupted or not, everything is looked at again.
        let _ = ppoll(&mut all, Some(TimeSpec::from_duration(left)), None);
        let mut calls = [0; 64];
        while matches!((&*woken).read(&mut calls), Ok(length) if length > 0) {}
    }
}

/// A socket for datagrams. DHCP's hears and reaches devices that have no address yet, at one interface only.
fn datagram_socket(service: Service, at: SocketAddrV4, interface: &str) -> io::Result<UdpSocket> {
    let broadcast = service == Service::Dhcp;
    let bound = if broadcast { SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, at.port()) } else { at };
    let socket = UdpSocket::bind(bound)?;
    if broadcast {
        socket.set_broadcast(true)?;
        setsockopt(&socket, sockopt::BindToDevice, &OsString::from(interface))?;
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn not_bound(protocol: &str, at: SocketAddrV4, error: &io::Error) -> PortError {
    let (kind, help) = match error.kind() {
        ErrorKind::AddrInUse => {
            (Trouble::Busy, "another program has this port in the network namespace; `ss -lntup` shows which")
        }
        ErrorKind::PermissionDenied => {
            (Trouble::Denied, "ports below 1024 need root or CAP_NET_BIND_SERVICE")
        }
        ErrorKind::AddrNotAvailable => {
            (Trouble::Failed, "the address has gone; leave the namespace to brownout while it runs")
        }
        _ => (Trouble::Failed, "`ip address` and `ss -lntup` show what there is"),
    };
    services_trouble(
        kind,
        format!("cannot serve {protocol} port {} at {}: {error}", at.port(), at.ip()),
        help,
    )
}

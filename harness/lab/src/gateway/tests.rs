//! A device with a stack of its own at the other end of the wire.

use super::*;
use crate::plan::{MQTTS_PORT, NOBODY, NTP_PORT, address};
use proptest::prelude::*;
use smoltcp::socket::udp;

const DEVICE: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 100);
const DEVICE_MAC: EthernetAddress = EthernetAddress([0x02, 0, 0, 0, 0, 0x77]);

struct Device {
    queues: Queues,
    interface: Interface,
    sockets: SocketSet<'static>,
    gateway: Gateway,
    now: Instant,
    /// Everything that came out of the gateway but frames.
    seen: Vec<GatewayOut>,
    /// The cable is cut.
    cut: bool,
}

impl Device {
    fn new() -> Self {
        let mut queues = Queues::default();
        let mut config = Config::new(DEVICE_MAC.into());
        config.random_seed = 2;
        let mut interface = Interface::new(config, &mut queues, StackInstant::ZERO);
        interface.update_ip_addrs(|all| all.push(IpCidr::new(IpAddress::Ipv4(DEVICE), PREFIX)).unwrap());
        interface.routes_mut().add_default_ipv4_route(GATEWAY).unwrap();
        let (sockets, gateway) = (SocketSet::new(Vec::new()), Gateway::new(1));
        Self { queues, interface, sockets, gateway, now: Instant(0), seen: Vec::new(), cut: false }
    }

    fn connect(&mut self, service: Service, port: u16) -> SocketHandle {
        self.connect_to(address(service), port)
    }

    fn connect_to(&mut self, address: Ipv4Addr, port: u16) -> SocketHandle {
        let buffer = || tcp::SocketBuffer::new(vec![0; 8192]);
        let handle = self.sockets.add(tcp::Socket::new(buffer(), buffer()));
        let local = 40_000 + u16::try_from(self.sockets.iter().count()).unwrap();
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(handle);
        socket.connect(self.interface.context(), (IpAddress::Ipv4(address), port), local).unwrap();
        handle
    }

    fn socket(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(handle)
    }

    /// Lets time pass, a millisecond at a time.
    fn live(&mut self, milliseconds: u64) {
        for _ in 0..milliseconds {
            self.now = Instant(self.now.0 + 1_000_000);
            let own = StackInstant::from_micros(i64::try_from(self.now.0 / 1000).unwrap());
            self.interface.poll(own, &mut self.queues, &mut self.sockets);
            while let Some(frame) = self.queues.outward.pop_front() {
                if !self.cut {
                    self.gateway.frame(self.now, &frame);
                }
            }
            if self.gateway.deadline(self.now).is_some_and(|at| at.0 <= self.now.0 + 1_000_000) {
                self.gateway.poll(self.now);
            }
            while let Some(out) = self.gateway.output() {
                match out {
                    GatewayOut::Frame(frame) if self.cut => drop(frame),
                    GatewayOut::Frame(frame) => self.queues.inward.push_back(frame),
                    other => self.seen.push(other),
                }
            }
        }
    }

    fn opened(&self) -> Option<Conn> {
        self.seen.iter().find_map(|out| match out {
            GatewayOut::Opened { conn, .. } => Some(*conn),
            _ => None,
        })
    }

    fn received(&self) -> Vec<u8> {
        let bytes = self.seen.iter().filter_map(|out| match out {
            GatewayOut::Received { bytes, .. } => Some(bytes.clone()),
            _ => None,
        });
        bytes.flatten().collect()
    }

    fn ends(&self) -> Vec<End> {
        let ends = self.seen.iter().filter_map(|out| match out {
            GatewayOut::Ended { end, .. } => Some(*end),
            _ => None,
        });
        ends.collect()
    }

    fn tcp_seen(&self) -> Vec<TcpSeen> {
        let seen = self.seen.iter().filter_map(|out| match out {
            GatewayOut::Seen(Traffic::Tcp(seen)) => Some(seen.clone()),
            _ => None,
        });
        seen.collect()
    }
}

#[test]
fn a_stream_goes_both_ways_and_ends_as_it_is_ended() {
    let mut device = Device::new();
    let handle = device.connect(Service::Broker, MQTTS_PORT);
    device.live(50);
    let conn = device.opened().expect("a connection");
    assert!(device.socket(handle).may_send());
    device.socket(handle).send_slice(b"hello").unwrap();
    device.live(50);
    assert_eq!(device.received(), b"hello");
    // More than any buffer holds.
    let long: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
    let now = device.now;
    device.gateway.send(now, conn, &long);
    let mut back = Vec::new();
    for _ in 0..500 {
        device.live(2);
        while let Ok(bytes) = device.socket(handle).recv(|bytes| (bytes.len(), bytes.to_vec())) {
            if bytes.is_empty() {
                break;
            }
            back.extend(bytes);
        }
    }
    assert_eq!(back, long);
    device.socket(handle).close();
    device.live(50);
    assert_eq!(device.ends(), [End::ByDevice]);
    let now = device.now;
    device.gateway.close(now, conn);
    device.live(100);
    assert!(!device.socket(handle).is_active() || device.socket(handle).state() == State::TimeWait);
    assert_eq!(device.ends(), [End::ByDevice], "told once");
    assert!(device.gateway.flows.is_empty());
}

#[test]
fn a_service_may_close_or_reset() {
    for (reset, end) in [(false, End::ByService), (true, End::ResetByService)] {
        let mut device = Device::new();
        let handle = device.connect(Service::Broker, MQTTS_PORT);
        device.live(50);
        let (now, conn) = (device.now, device.opened().unwrap());
        device.gateway.send(now, conn, b"last words");
        if reset {
            device.live(10);
            let now = device.now;
            device.gateway.reset(now, conn);
        } else {
            device.gateway.close(now, conn);
        }
        device.live(50);
        assert_eq!(device.socket(handle).recv(|b| (b.len(), b.len())), Ok(10), "what was sent has arrived");
        assert!(!device.socket(handle).may_recv());
        assert!(device.tcp_seen().contains(&TcpSeen::Closed { conn, end }));
        if !reset {
            device.socket(handle).close();
            device.live(50);
            assert_eq!(device.ends(), [End::ByDevice], "the service learns that the device is through, too");
        }
    }
}

#[test]
fn a_device_that_resets_or_vanishes_is_told_apart() {
    let mut device = Device::new();
    let handle = device.connect(Service::Broker, MQTTS_PORT);
    device.live(50);
    device.socket(handle).abort();
    device.live(50);
    assert_eq!(device.ends(), [End::ResetByDevice]);

    let mut device = Device::new();
    device.connect(Service::Broker, MQTTS_PORT);
    device.live(50);
    let (now, conn) = (device.now, device.opened().unwrap());
    device.cut = true;
    device.gateway.send(now, conn, b"anybody there?");
    device.live(100_000);
    assert_eq!(device.ends(), [], "a server is patient");
    device.live(100_000);
    assert_eq!(device.ends(), [End::TimedOut]);
}

#[test]
fn what_is_lost_is_sent_again_as_soon_as_linux_would() {
    let mut device = Device::new();
    let handle = device.connect(Service::Broker, MQTTS_PORT);
    device.live(50);
    let (now, conn) = (device.now, device.opened().unwrap());
    device.cut = true;
    device.gateway.send(now, conn, b"lost");
    device.live(2);
    device.cut = false;
    device.live(150);
    assert!(!device.socket(handle).can_recv(), "too soon");
    device.live(150);
    assert_eq!(device.socket(handle).recv(|bytes| (bytes.len(), bytes.to_vec())), Ok(b"lost".to_vec()));
}

#[test]
fn a_connection_on_which_nobody_speaks_stays() {
    let mut device = Device::new();
    let handle = device.connect(Service::Broker, MQTTS_PORT);
    device.live(600_000);
    assert_eq!(device.ends(), []);
    device.socket(handle).send_slice(b"still there").unwrap();
    device.live(200);
    assert_eq!(device.received(), b"still there");
}

#[test]
fn an_attempt_is_counted_once_however_often_it_is_sent() {
    let mut device = Device::new();
    device.gateway.absent(Instant(0), Service::Broker, Some(Absence::Silent));
    let handle = device.connect(Service::Broker, MQTTS_PORT);
    device.live(10_000);
    assert_eq!(device.tcp_seen().len(), 1, "{:?}", device.tcp_seen());
    assert_eq!(device.socket(handle).state(), State::SynSent);
    // It comes back while the device still tries.
    device.gateway.absent(device.now, Service::Broker, None);
    device.live(20_000);
    assert!(device.socket(handle).may_send());
}

#[test]
fn a_service_that_refuses_resets_what_stands_and_what_comes() {
    let mut device = Device::new();
    let handle = device.connect(Service::Broker, MQTTS_PORT);
    device.live(50);
    device.gateway.absent(device.now, Service::Broker, Some(Absence::Refuses));
    device.live(50);
    assert!(!device.socket(handle).is_active());
    assert_eq!(device.ends(), [End::ResetByService]);
    let again = device.connect(Service::Broker, MQTTS_PORT);
    device.live(50);
    assert!(!device.socket(again).is_active());
    assert_eq!(device.seen.iter().filter(|out| matches!(out, GatewayOut::Opened { .. })).count(), 1);
}

#[test]
fn a_silent_service_leaves_its_connections_half_open() {
    let mut device = Device::new();
    let handle = device.connect(Service::Broker, MQTTS_PORT);
    device.live(50);
    device.gateway.absent(device.now, Service::Broker, Some(Absence::Silent));
    device.socket(handle).send_slice(b"into the void").unwrap();
    device.live(5_000);
    assert!(device.socket(handle).send_queue() > 0, "nobody acknowledges");
    assert_eq!(device.received(), b"");
    assert_eq!(device.ends(), []);
    device.gateway.absent(device.now, Service::Broker, None);
    device.live(20_000);
    assert_eq!(device.received(), b"into the void");
}

#[test]
fn a_service_that_takes_nothing_closes_its_window() {
    let mut device = Device::new();
    let handle = device.connect(Service::Broker, MQTTS_PORT);
    device.live(50);
    let (now, conn) = (device.now, device.opened().unwrap());
    device.gateway.deafen(now, conn, true);
    let mut sent = 0;
    for _ in 0..200 {
        sent += device.socket(handle).send_slice(&[7; 512]).unwrap();
        device.live(5);
    }
    assert_eq!(device.received(), b"");
    assert!(sent <= RECEIVE_WINDOW + 8192, "{sent}");
    device.gateway.deafen(device.now, conn, false);
    device.live(60_000);
    assert_eq!(device.received().len(), sent);
}

#[test]
fn datagrams_reach_services_and_come_back() {
    let mut device = Device::new();
    let buffer = || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 4], vec![0; 2048]);
    let mut socket = udp::Socket::new(buffer(), buffer());
    socket.bind(1123).unwrap();
    let handle = device.sockets.add(socket);
    let time = address(Service::Ntp);
    let ask = |device: &mut Device, to: Ipv4Addr, port: u16| {
        let socket = device.sockets.get_mut::<udp::Socket<'_>>(handle);
        socket.send_slice(b"?", IpEndpoint::new(IpAddress::Ipv4(to), port)).unwrap();
        device.live(50);
    };
    ask(&mut device, time, NTP_PORT);
    let (from, to) = (SocketAddrV4::new(DEVICE, 1123), SocketAddrV4::new(time, NTP_PORT));
    assert_eq!(device.seen, [GatewayOut::Datagram { from, to, bytes: b"?".to_vec() }]);
    device.gateway.datagram(to, from, b"noon");
    device.live(50);
    let socket = device.sockets.get_mut::<udp::Socket<'_>>(handle);
    assert_eq!(socket.recv().unwrap().0, b"noon");

    device.seen.clear();
    ask(&mut device, NOBODY, 9);
    assert!(
        matches!(&device.seen[..], [GatewayOut::Seen(Traffic::Astray { to, .. })] if to == "198.18.9.9:9")
    );
    device.seen.clear();
    device.gateway.absent(device.now, Service::Ntp, Some(Absence::Silent));
    ask(&mut device, time, NTP_PORT);
    assert_eq!(device.seen, [GatewayOut::Missed(Service::Ntp)]);
}

#[test]
fn only_the_gateway_is_on_the_devices_subnet() {
    let mut device = Device::new();
    // Who has an address that a service has elsewhere, or that the device has itself?
    for target in [address(Service::Broker), DEVICE, Ipv4Addr::new(10, 77, 0, 7)] {
        device.gateway.frame(Instant(0), &arp_question(target));
        assert_eq!(device.gateway.output(), None, "{target}");
    }
    device.gateway.frame(Instant(0), &arp_question(GATEWAY));
    assert!(matches!(device.gateway.output(), Some(GatewayOut::Frame(_))));
}

fn arp_question(target: Ipv4Addr) -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend(DEVICE_MAC.0);
    frame.extend([8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    frame.extend(DEVICE_MAC.0);
    frame.extend(DEVICE.octets());
    frame.extend([0; 6]);
    frame.extend(target.octets());
    frame
}

proptest! {
    #[test]
    fn any_frame_is_taken(frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 1..20)) {
        let mut gateway = Gateway::new(1);
        for (at, mut frame) in frames.into_iter().enumerate() {
            // Often something that looks like IPv4 or ARP, to our address.
            if frame.len() > 34 && frame[0] & 1 == 0 {
                frame[12] = 8;
                frame[13] = if frame[0] & 2 == 0 { 0 } else { 6 };
                frame[14] = 0x45;
                frame[30..34].copy_from_slice(&GATEWAY.octets());
            }
            gateway.frame(Instant(at as u64 * 1_000_000), &frame);
            while gateway.output().is_some() {}
        }
    }
}

//! Rules for chosen packets, black holes, and the cable.

use super::*;
use brownout_core::network::{Fate, PacketRule, Predicate, Protocol, Service, TcpFlag};

const MS: u64 = 1_000_000;

/// An IPv4 packet in an Ethernet frame: protocol, ends, flags of TCP, payload.
pub(super) fn packet(
    protocol: u8,
    from: ([u8; 4], u16),
    to: ([u8; 4], u16),
    flags: u8,
    payload: usize,
) -> Vec<u8> {
    let header = match protocol {
        6 => 20,
        17 => 8,
        _ => 0,
    };
    let mut frame = vec![0x02; 12];
    frame.extend([0x08, 0x00, 0x45, 0]);
    frame.extend(u16::try_from(20 + header + payload).unwrap().to_be_bytes());
    frame.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
    frame.extend(from.0);
    frame.extend(to.0);
    let mut inside = vec![0; header];
    if header > 0 {
        inside[..2].copy_from_slice(&from.1.to_be_bytes());
        inside[2..4].copy_from_slice(&to.1.to_be_bytes());
    }
    if protocol == 6 {
        (inside[12], inside[13]) = (5 << 4, flags);
    }
    frame.extend(inside);
    frame.extend(vec![0x55; payload]);
    // As short frames are on the wire.
    frame.resize(frame.len().max(60), 0);
    frame
}

const DEVICE: [u8; 4] = [10, 77, 0, 100];
const BROKER: [u8; 4] = [198, 18, 0, 10];

fn to_broker(flags: u8, payload: usize) -> Vec<u8> {
    packet(6, (DEVICE, 40_000), (BROKER, 8883), flags, payload)
}

fn any(direction: Direction) -> Predicate {
    Predicate {
        direction,
        protocol: None,
        service: None,
        port: None,
        flags: Vec::new(),
        payload_at_least: None,
    }
}

fn ruled(of: Predicate, nth: u64, count: u64, fate: Fate) -> Link {
    let mut link = Link::new(5);
    impair(&mut link, Instant::ZERO, "packet", Impair::Packet(PacketRule { of, nth, count, fate }));
    link
}

/// What came of frames that were sent one millisecond after the other, each by its place and its time.
fn came(link: &mut Link, frames: &[Vec<u8>]) -> Vec<(usize, u64)> {
    let mut came = Vec::new();
    for (at, frame) in frames.iter().enumerate() {
        let now = Instant(at as u64 * MS);
        until(link, now, &mut came);
        link.carry(now, Way::Up, frame.clone());
        take(link, now, &mut came);
    }
    until(link, Instant(u64::MAX), &mut came);
    let place = |frame: &Vec<u8>| frames.iter().position(|one| one == frame).unwrap();
    came.iter().map(|(at, frame)| (place(frame), at.0 / MS)).collect()
}

#[test]
fn the_nth_packet_that_matches_meets_its_fate() {
    let frames: Vec<Vec<u8>> = (0..6).map(|at| to_broker(0x18, 100 + at)).collect();
    let mut link = ruled(any(Direction::Up), 2, 2, Fate::Drop);
    assert_eq!(came(&mut link, &frames), [(0, 0), (3, 3), (4, 4), (5, 5)]);
    assert_eq!(link.mend(Instant(u64::MAX), "packet"), Some(2));
    let mut link = ruled(any(Direction::Up), 3, 1, Fate::Delay(Duration(10 * MS)));
    assert_eq!(came(&mut link, &frames), [(0, 0), (1, 1), (3, 3), (4, 4), (5, 5), (2, 12)]);
    let mut link = ruled(any(Direction::Both), 6, 1, Fate::Duplicate);
    assert_eq!(came(&mut link, &frames), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (5, 5)]);
    let mut link = ruled(any(Direction::Down), 1, 9, Fate::Drop);
    assert_eq!(came(&mut link, &frames).len(), 6);
}

#[test]
fn a_predicate_asks_for_all_that_it_says() {
    let all = [
        to_broker(0x02, 0),
        to_broker(0x18, 300),
        packet(6, (BROKER, 8883), (DEVICE, 40_000), 0x12, 0),
        packet(17, (DEVICE, 68), ([255; 4], 67), 0, 240),
        packet(17, (DEVICE, 123), ([198, 18, 0, 20], 123), 0, 48),
        packet(1, (DEVICE, 0), (BROKER, 0), 0, 56),
        {
            let mut arp = vec![0xff; 60];
            arp[12..14].copy_from_slice(&[0x08, 0x06]);
            arp
        },
        {
            // The third one again, behind a VLAN tag.
            let mut tagged = packet(6, (BROKER, 8883), (DEVICE, 40_000), 0x12, 0);
            tagged.splice(12..12, [0x81, 0, 0, 7]);
            tagged
        },
        {
            // A later fragment has no ports, whatever its first bytes look like.
            let mut fragment = to_broker(0x02, 100);
            fragment[20..22].copy_from_slice(&[0, 20]);
            fragment
        },
    ];
    let up = || any(Direction::Up);
    let of = |protocol| Predicate { protocol: Some(protocol), ..up() };
    let cases = [
        (up(), vec![0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (of(Protocol::Tcp), vec![0, 1, 2, 7, 8]),
        (of(Protocol::Udp), vec![3, 4]),
        (of(Protocol::Icmp), vec![5]),
        (of(Protocol::Arp), vec![6]),
        (Predicate { service: Some(Service::Broker), ..up() }, vec![0, 1, 2, 7]),
        (Predicate { service: Some(Service::Dhcp), ..up() }, vec![3]),
        (Predicate { service: Some(Service::Ntp), ..up() }, vec![4]),
        (Predicate { port: Some(68), ..up() }, vec![3]),
        (Predicate { port: Some(8883), ..up() }, vec![0, 1, 2, 7]),
        (Predicate { flags: vec![TcpFlag::Syn], ..up() }, vec![0, 2, 7]),
        (Predicate { flags: vec![TcpFlag::Syn, TcpFlag::Ack], ..up() }, vec![2, 7]),
        (Predicate { flags: vec![TcpFlag::Psh], ..up() }, vec![1]),
        (Predicate { payload_at_least: Some(240), ..up() }, vec![1, 3]),
        (Predicate { payload_at_least: Some(0), protocol: Some(Protocol::Tcp), ..up() }, vec![0, 1, 2, 7]),
    ];
    for (of, wanted) in cases {
        let mut link = ruled(of.clone(), 1, u64::MAX, Fate::Drop);
        let passed: Vec<usize> = came(&mut link, &all).into_iter().map(|(at, _)| at).collect();
        let dropped: Vec<usize> = (0..all.len()).filter(|at| !passed.contains(at)).collect();
        assert_eq!(dropped, wanted, "{of:?}");
    }
}

#[test]
fn a_black_hole_swallows_long_ip_packets_only() {
    let mut link = Link::new(5);
    impair(&mut link, Instant::ZERO, "hole", Impair::MtuBlackHole { mtu: 1000, direction: Direction::Up });
    let mut arp = vec![0xff; 1400];
    arp[12..14].copy_from_slice(&[0x08, 0x06]);
    let frames = [to_broker(0x18, 960), to_broker(0x18, 961), to_broker(0x18, 1400), arp];
    assert_eq!(came(&mut link, &frames), [(0, 0), (3, 3)]);
    assert_eq!(link.mend(Instant(u64::MAX), "hole"), Some(2));
}

/// What the cable did, in milliseconds.
fn cable(link: &mut Link, end: Instant) -> Vec<(u64, bool)> {
    let mut seen = Vec::new();
    let mut now = Instant::ZERO;
    loop {
        while let Some(out) = link.output() {
            if let LinkOut::Cable(connected) = out {
                seen.push((now.0 / MS, connected));
                let Some(LinkOut::Seen(Seen::Traffic(Traffic::Carrier { up }))) = link.output() else {
                    panic!("the carrier is not told")
                };
                assert_eq!(up, connected);
            }
        }
        match link.deadline().filter(|due| *due <= end) {
            Some(due) => now = due,
            None => return seen,
        }
        link.poll(now);
    }
}

#[test]
fn a_cable_comes_and_goes() {
    let mut link = Link::new(5);
    let flap = Impair::Flap { up: Duration(30 * MS), down: Duration(10 * MS) };
    impair(&mut link, Instant::ZERO, "flap", flap);
    let seen = cable(&mut link, Instant(85 * MS));
    assert_eq!(seen, [(0, false), (10, true), (40, false), (50, true), (80, false)]);
    link.carry(Instant(86 * MS), Way::Up, to_broker(0x02, 0));
    link.carry(Instant(86 * MS), Way::Down, to_broker(0x02, 0));
    link.carry(Instant(91 * MS), Way::Up, to_broker(0x02, 0));
    assert_eq!(link.mend(Instant(91 * MS), "flap"), Some(2));
    assert_eq!(link.deadline(), None);
}

#[test]
fn a_flap_without_time_does_not_spin() {
    for (up, down, wanted) in [(0, 0, vec![]), (0, 5, vec![(0, false)]), (5, 0, vec![])] {
        let mut link = Link::new(5);
        let flap = Impair::Flap { up: Duration(up * MS), down: Duration(down * MS) };
        impair(&mut link, Instant::ZERO, "flap", flap);
        assert_eq!(cable(&mut link, Instant(100 * MS)), wanted);
    }
}

#[test]
fn a_pulled_cable_takes_what_arrives_at_it() {
    let mut link = Link::new(5);
    let delay = Conditions { delay: Some(Duration(10 * MS)), ..Conditions::default() };
    impair(
        &mut link,
        Instant::ZERO,
        "delay",
        Impair::Conditions { direction: Direction::Both, conditions: delay },
    );
    link.carry(Instant::ZERO, Way::Down, to_broker(0x02, 1));
    link.carry(Instant::ZERO, Way::Up, to_broker(0x02, 2));
    impair(&mut link, Instant(5 * MS), "cable_unplugged", Impair::Unplug);
    link.carry(Instant(5 * MS), Way::Up, to_broker(0x02, 3));
    link.plug(Instant(6 * MS), true);
    let mut came = Vec::new();
    until(&mut link, Instant(20 * MS), &mut came);
    assert_eq!(came, [(Instant(10 * MS), to_broker(0x02, 2))]);
    assert_eq!(link.mend(Instant(20 * MS), "cable_unplugged"), Some(2));
    assert!(matches!(link.output(), Some(LinkOut::Cable(true))));
    link.plug(Instant(20 * MS), false);
    link.carry(Instant(20 * MS), Way::Up, to_broker(0x02, 4));
    assert_eq!(link.deadline(), None);
}

#[test]
fn what_is_met_is_told_at_the_first_time_and_each_tenfold() {
    let mut link = ruled(any(Direction::Up), 1, u64::MAX, Fate::Drop);
    let mut told = Vec::new();
    for at in 0..150 {
        link.carry(Instant(at), Way::Up, to_broker(0, 0));
        while let Some(out) = link.output() {
            if let LinkOut::Seen(Seen::Met { name, times }) = out {
                told.push((name, times));
            }
        }
    }
    assert_eq!(told, [1, 10, 100].map(|times| ("packet".to_owned(), times)));
}

//! Whatever is sent to the broker, it goes on, and it does not grow.

use super::World;
use super::client::{Client, V5};
use crate::mqtt::Broker;
use crate::service::{StreamOut, StreamService};
use brownout_core::network::{Conn, End};
use brownout_core::time::{Duration, Instant};
use core::net::{Ipv4Addr, SocketAddrV4};
use proptest::prelude::*;

const CONNECT_V5: &[u8] = b"\x10\x0f\0\x04MQTT\x05\x02\0\x1e\0\0\x02ab";
const CONNECT_V3: &[u8] = b"\x10\x0e\0\x04MQTT\x04\x02\0\x1e\0\x02ab";

fn drain(broker: &mut Broker) -> usize {
    let mut bytes = 0;
    while let Some(out) = broker.output() {
        if let StreamOut::Send { bytes: sent, .. } = out {
            bytes += sent.len();
        }
    }
    bytes
}

/// A packet with a good header and anything in it.
fn packet() -> impl Strategy<Value = Vec<u8>> {
    (any::<u8>(), proptest::collection::vec(any::<u8>(), 0..48)).prop_map(|(first, body)| {
        let mut bytes = vec![first, body.len() as u8];
        bytes.extend(body);
        bytes
    })
}

/// Packets that are nearly right.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    const GOOD: &[&[u8]] = &[
        b"\x32\x09\0\x03a/b\0\x01\0x",
        b"\x34\x09\0\x03a/b\0\x02\0x",
        b"\x62\x02\0\x02",
        b"\x82\x09\0\x03\0\0\x03a/#\x02",
        b"\xa2\x08\0\x04\0\0\x03a/#",
        b"\xc0\0",
        b"\x40\x02\0\x01",
        b"\xe0\0",
        b"\xf0\0",
        CONNECT_V5,
        CONNECT_V3,
    ];
    (0..GOOD.len(), proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3)).prop_map(
        |(which, changes)| {
            let mut bytes = GOOD[which].to_vec();
            for (at, value) in changes {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            bytes
        },
    )
}

proptest! {
    #[test]
    fn no_bytes_stop_it(
        greeting in prop_oneof![Just(CONNECT_V5.to_vec()), Just(CONNECT_V3.to_vec()), Just(Vec::new())],
        packets in proptest::collection::vec(
            prop_oneof![packet(), mutated(), proptest::collection::vec(any::<u8>(), 0..32)], 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut broker = Broker::new(1);
        let mut all = greeting;
        all.extend(packets.concat());
        let (one, two) = all.split_at(cut.index(all.len() + 1));
        let conn = Conn(1);
        broker.opened(Instant::ZERO, conn, SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));
        for (second, part) in [one, two].into_iter().enumerate() {
            broker.received(Instant::ZERO + Duration::from_secs(second as u64), conn, part);
            drain(&mut broker);
        }
        broker.ended(Instant::ZERO + Duration::from_secs(2), conn, End::ByDevice);
        broker.poll(Instant::ZERO + Duration::from_secs(100_000));
        drain(&mut broker);

        // Others are served as before.
        let mut world = World::with(broker);
        world.now = Instant::ZERO + Duration::from_secs(100_000);
        world.next = 2;
        let client = world.open(Client::new(&V5));
        prop_assert_eq!(world.client(client).connack(), Some((0, false)));
    }
}

#[test]
fn what_is_announced_is_not_stored_ahead() {
    let mut broker = Broker::new(1);
    broker.opened(Instant::ZERO, Conn(1), SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));
    broker.received(Instant::ZERO, Conn(1), CONNECT_V5);
    drain(&mut broker);
    // 256 MiB are announced, and refused at once with 0x95.
    broker.received(Instant::ZERO, Conn(1), b"\x30\xff\xff\xff\x7f");
    let mut told = Vec::new();
    while let Some(out) = broker.output() {
        if let StreamOut::Send { bytes, .. } = out {
            told.extend(bytes);
        }
    }
    assert_eq!(told, [0xe0, 2, 0x95, 0]);
}

#[test]
fn nobody_fills_its_memory() {
    let mut world = World::new();
    let sleeper = world.open(Client::new(&V5));
    world.say(sleeper, |c| c.subscribe("a/#", mqtt_protocol_core::mqtt::packet::Qos::AtLeastOnce));
    world.cut(sleeper);
    let payload = "x".repeat(10_000);
    let talker = world.open(Client::new(&super::client::Wish { id: "talker", keep_alive: 0, ..V5 }));
    for n in 0..3000 {
        let topic = format!("a/{n}");
        world.say(talker, |c| {
            c.publish(&topic, &payload, mqtt_protocol_core::mqtt::packet::Qos::AtLeastOnce, true)
        });
        world.client(talker).received.clear();
        world.seen.clear();
    }
    let retained = &world.broker.durable().retained;
    assert!(retained.len() <= 1024, "{}", retained.len());
    let waiting = world.open(Client::new(&V5));
    let bytes: usize = world.client(waiting).payloads().iter().map(String::len).sum();
    assert!(bytes <= 1024 * 1024, "{bytes}");
    // Connections that nobody uses, and sessions that nobody comes back for.
    for n in 0..2000 {
        let conn = Conn(10_000 + n);
        world.broker.opened(world.now, conn, SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));
        let mut connect = CONNECT_V3.to_vec();
        connect.truncate(connect.len() - 2);
        // Not clean, so that a session is left behind.
        connect[9] = 0;
        connect.extend(n.to_string().as_bytes().first_chunk::<1>().unwrap());
        connect.push(b'a' + (n % 26) as u8);
        world.broker.received(world.now, conn, &connect);
        drain(&mut world.broker);
    }
    assert!(world.broker.live.len() <= 256 && world.broker.durable().sessions.len() <= 512);
}

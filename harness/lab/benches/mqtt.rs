//! What the broker costs a message, and what its faults add.
//!
//! `cargo bench -p brownout-lab --bench mqtt`; all figures of the project: `cargo bench --workspace`.
#![allow(clippy::print_stdout, clippy::disallowed_methods, clippy::unwrap_used, missing_docs)]

use brownout_core::network::{BrokerPacket, Conn, Damage, MqttFault};
use brownout_core::time::Instant;
use brownout_lab::mqtt::Broker;
use brownout_lab::service::{StreamOut, StreamService};
use core::net::{Ipv4Addr, SocketAddrV4};
use std::hint::black_box;

const MESSAGES: usize = 200_000;
const PAYLOAD: usize = 128;
const CONNECT: &[u8] = b"\x10\x0f\0\x04MQTT\x05\x02\0\0\0\0\x02ab";

fn main() {
    let wrong = MqttFault::WrongId { packet: BrokerPacket::Puback };
    let malformed = MqttFault::Malformed { packet: BrokerPacket::Puback, damage: Damage::Noise };
    let twice = MqttFault::Duplicate { packet: BrokerPacket::Puback };
    let idle = MqttFault::Withhold { packet: BrokerPacket::Pingresp };
    // The first one warms up.
    exchange(&[]);
    let plain = exchange(&[]);
    for (name, faults) in [
        ("no fault", vec![]),
        ("a fault that does not bite", vec![idle.clone()]),
        ("wrong identifier", vec![wrong.clone()]),
        ("malformed", vec![malformed.clone()]),
        ("four faults at once", vec![idle, wrong, malformed, twice]),
    ] {
        let times = exchange(&faults);
        let added = |share| nanos(&times, share).saturating_sub(nanos(&plain, 0.5)) as f64 / 1000.0;
        println!(
            "publish and its acknowledgement, {name}: p50 {:.2} us, p99 {:.2} us; added at most {:.2} us (p99)",
            nanos(&times, 0.5) as f64 / 1000.0,
            nanos(&times, 0.99) as f64 / 1000.0,
            added(0.99),
        );
    }
    throughput();
}

fn nanos(sorted: &[u64], share: f64) -> u64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

fn connected() -> Broker {
    let mut broker = Broker::new(1);
    broker.opened(Instant::ZERO, Conn(1), SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));
    broker.received(Instant::ZERO, Conn(1), CONNECT);
    drain(&mut broker);
    broker
}

fn drain(broker: &mut Broker) -> usize {
    let mut bytes = 0;
    while let Some(out) = broker.output() {
        if let StreamOut::Send { bytes: sent, .. } = black_box(out) {
            bytes += sent.len();
        }
    }
    bytes
}

/// A PUBLISH of QoS 1 in MQTT 5.0.
fn publish(topic: &str, id: u16) -> Vec<u8> {
    let mut body = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
    body.extend_from_slice(topic.as_bytes());
    body.extend_from_slice(&id.to_be_bytes());
    body.push(0);
    body.extend(std::iter::repeat_n(b'x', PAYLOAD));
    let mut packet = vec![0x32, (body.len() & 0x7f) as u8 | 0x80, (body.len() >> 7) as u8];
    packet.extend(body);
    packet
}

/// How long each message took from its bytes to those of its acknowledgement, sorted, in nanoseconds.
fn exchange(faults: &[MqttFault]) -> Vec<u64> {
    let mut broker = connected();
    for (at, fault) in faults.iter().enumerate() {
        broker.misbehave(Instant::ZERO, &format!("fault {at}"), fault.clone());
    }
    let packet = publish("devices/7/telemetry", 1);
    let mut times: Vec<u64> = (0..MESSAGES)
        .map(|n| {
            let now = Instant(n as u64);
            let began = std::time::Instant::now();
            broker.received(now, Conn(1), &packet);
            assert!(drain(&mut broker) > 0);
            u64::try_from(began.elapsed().as_nanos()).unwrap()
        })
        .collect();
    times.sort_unstable();
    times
}

/// Bytes as a socket would bring them, 16 KiB at a time.
fn throughput() {
    for (name, fault) in [
        ("no fault", None),
        ("each acknowledgement altered", Some(MqttFault::WrongId { packet: BrokerPacket::Puback })),
    ] {
        let mut broker = connected();
        if let Some(fault) = fault {
            broker.misbehave(Instant::ZERO, "fault", fault);
        }
        let all: Vec<u8> =
            (0..MESSAGES).flat_map(|n| publish("devices/7/telemetry", (n % 60_000 + 1) as u16)).collect();
        let began = std::time::Instant::now();
        for piece in all.chunks(16 * 1024) {
            broker.received(Instant::ZERO, Conn(1), piece);
            drain(&mut broker);
        }
        let took = began.elapsed().as_secs_f64();
        println!(
            "throughput, {name}: {:.0} messages/s, {:.0} MB/s taken",
            MESSAGES as f64 / took,
            all.len() as f64 / took / 1e6,
        );
    }
}

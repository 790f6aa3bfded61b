//! A packet is malformed.

use super::{Frame, InForce};
use crate::mqtt::frame::packet;
use brownout_core::chance::noise;
use brownout_core::network::{BrokerPacket, Damage, MqttFault};

/// What becomes of this packet.
pub(in crate::mqtt) fn malformed(fault: &InForce, frame: &Frame, seed: u64) -> Option<Frame> {
    let MqttFault::Malformed { packet, damage } = fault.fault else { return None };
    (packet == frame.kind).then(|| frame.spoilt(damaged(frame, damage, seed), damage.word()))
}

fn damaged(frame: &Frame, damage: Damage, seed: u64) -> Vec<u8> {
    let (first, body) = (frame.first(), frame.body());
    match damage {
        Damage::Flags if frame.kind == BrokerPacket::Publish => packet(first | 0b0110, body),
        // PUBREL has 0010 there, all others 0000.
        Damage::Flags => packet(first ^ 0b1111, body),
        // One without a body says that it has one.
        Damage::Truncated if body.is_empty() => vec![first, 2],
        // A reason alone is a whole DISCONNECT; properties that are not there are none.
        Damage::Truncated if frame.kind == BrokerPacket::Disconnect => {
            packet(first, &[body.first().copied().unwrap_or(0), 5])
        }
        Damage::Truncated => packet(first, body.get(..truncated(frame.kind, body)).unwrap_or_default()),
        Damage::Trailing => packet(first, &[body, &[0xde, 0xad, 0xbe, 0xef]].concat()),
        Damage::Length => [&[first, 0xff, 0xff, 0xff, 0xff, 0x01], body].concat(),
        Damage::Type => packet(first & 0x0f, body),
        Damage::Noise => packet(first, &noise(u32::try_from(body.len().max(8)).unwrap_or(8), seed)),
    }
}

/// How much of a body is left so that something that must be there is not. The payload of a PUBLISH may end anywhere,
/// so that it is cut off in the middle of its topic.
fn truncated(kind: BrokerPacket, body: &[u8]) -> usize {
    match kind {
        BrokerPacket::Publish => 2 + body.get(1).map_or(0, |low| usize::from(*low) / 2),
        _ => 1,
    }
}

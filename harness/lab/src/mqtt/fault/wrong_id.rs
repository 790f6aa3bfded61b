//! An answer carries a packet identifier that nobody asked about.

use super::{Frame, InForce};
use brownout_core::network::{BrokerPacket, MqttFault};

/// How far off the identifier is: far from those that a client counts up from 1.
const OFF: u16 = 0x4000;

/// What becomes of this packet.
pub(in crate::mqtt) fn wrong_id(fault: &InForce, frame: &Frame) -> Option<Frame> {
    let MqttFault::WrongId { packet } = fault.fault else { return None };
    let carries = !matches!(
        packet,
        BrokerPacket::Connack | BrokerPacket::Publish | BrokerPacket::Pingresp | BrokerPacket::Disconnect
    );
    if packet != frame.kind || !carries {
        return None;
    }
    let at = frame.body_at();
    let mut bytes = frame.bytes.clone();
    let [high, low] = bytes.get_mut(at..at + 2)? else { return None };
    // 0 is no identifier at all, which would be another fault.
    let wrong = u16::from_be_bytes([*high, *low]).wrapping_add(OFF).max(1);
    [*high, *low] = wrong.to_be_bytes();
    Some(frame.spoilt(bytes, "wrong identifier"))
}

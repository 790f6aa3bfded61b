//! A packet is sent late.

use super::{Frame, InForce};
use brownout_core::network::MqttFault;
use brownout_core::time::Duration;

/// By how much this fault delays this packet.
pub(in crate::mqtt) fn late(fault: &InForce, frame: &Frame) -> Option<Duration> {
    match fault.fault {
        MqttFault::Late { packet, by } if packet.is_none_or(|packet| packet == frame.kind) => Some(by),
        _ => None,
    }
}

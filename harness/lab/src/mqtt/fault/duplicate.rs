//! A packet is sent twice.

use super::{Frame, InForce};
use brownout_core::network::MqttFault;

/// Whether this fault doubles this packet.
pub(in crate::mqtt) fn twice(fault: &InForce, frame: &Frame) -> Option<()> {
    matches!(fault.fault, MqttFault::Duplicate { packet } if packet == frame.kind).then_some(())
}

//! A packet is never sent.

use super::{Frame, InForce};
use brownout_core::network::MqttFault;

/// Whether this fault withholds this packet.
pub(in crate::mqtt) fn withheld(fault: &InForce, frame: &Frame) -> Option<()> {
    matches!(fault.fault, MqttFault::Withhold { packet } if packet == frame.kind).then_some(())
}

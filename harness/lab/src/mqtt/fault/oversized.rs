//! A PUBLISH that is larger than anybody takes.

use super::Frame;
use crate::mqtt::frame::length;

/// The most that is sent of it.
const SENT: usize = 1024 * 1024;

/// This PUBLISH with this remaining length, filled up with letters as far as it is sent.
pub(in crate::mqtt) fn oversized(frame: &Frame, remaining: u32) -> Frame {
    let remaining = remaining as usize;
    let mut bytes = vec![frame.first()];
    length(remaining, &mut bytes);
    let header = bytes.len();
    bytes.extend_from_slice(frame.body());
    bytes.resize(header + remaining.clamp(frame.body().len(), SENT), b'A');
    frame.spoilt(bytes, "oversized")
}

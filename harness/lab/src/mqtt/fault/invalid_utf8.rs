//! A PUBLISH whose topic is not UTF-8.

use super::Frame;

/// A byte that never stands in UTF-8 (RFC 3629).
const NEVER: u8 = 0xff;

/// This PUBLISH with another first byte in its topic.
pub(in crate::mqtt) fn invalid_utf8(frame: &Frame) -> Frame {
    let mut bytes = frame.bytes.clone();
    if let Some(byte) = bytes.get_mut(frame.body_at() + 2) {
        *byte = NEVER;
    }
    frame.spoilt(bytes, "topic is not UTF-8")
}

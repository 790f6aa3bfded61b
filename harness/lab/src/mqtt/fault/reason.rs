//! Reason codes in either version of the protocol.

use crate::mqtt::packet::Version;

/// The code with which a client of this version is refused, for a code of either version (MQTT 5.0 section 3.2.2.2, 3.1.1
/// table 3.1).
pub(in crate::mqtt) fn connack_code(version: Version, code: u8) -> u8 {
    match (version, code) {
        (Version::V3, 0..=0x7f) => code,
        (Version::V3, 0x84) => 1,
        (Version::V3, 0x85) => 2,
        // Not now, rather than not you.
        (Version::V3, 0x88 | 0x89 | 0x97 | 0x9c | 0x9d | 0x9f) => 3,
        (Version::V3, 0x86) => 4,
        (Version::V3, _) => 5,
        (Version::V5, 1) => 0x84,
        (Version::V5, 2) => 0x85,
        (Version::V5, 3) => 0x88,
        (Version::V5, 4) => 0x86,
        (Version::V5, 5) => 0x87,
        (Version::V5, _) => code,
    }
}

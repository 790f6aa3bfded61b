//! Regular expressions of board files: what a device may say decides nothing about how long they take.

use regex::{Error, Regex, RegexBuilder};

/// A compiled pattern takes at most this much memory, in bytes; the `regex` crate then matches in linear time.
const LIMIT: usize = 1 << 20;

/// Compiles a pattern within the limit.
pub(crate) fn compile(pattern: &str) -> Result<Regex, Error> {
    RegexBuilder::new(pattern).size_limit(LIMIT).build()
}

//! The wall clock: when something began, and how long the program took. Nothing that is judged depends on it.

use brownout_core::time::Duration;
use std::time::Instant;

/// Now in UTC, as RFC 3339 to the second: `2026-03-11T10:15:00Z`.
pub fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

/// A time of [`now`] as a folder's name: `20260311T101500Z`.
pub fn as_folder(anchor: &str) -> String {
    anchor.chars().filter(|c| c.is_ascii_alphanumeric()).collect()
}

/// Measures how long the program takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// From now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Until now.
    pub fn elapsed(self) -> Duration {
        Duration(u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

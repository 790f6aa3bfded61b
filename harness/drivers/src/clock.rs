//! Real time.

use async_trait::async_trait;
use brownout_core::time::Instant;
use brownout_lab::time::Epoch;
use brownout_ports::Clock;
use std::sync::Arc;
use std::time::Duration;

/// Nanoseconds since the bench was opened, for every thread of it. The one place of the harness that reads a clock.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    origin: std::time::Instant,
    /// What time it was when it was started.
    epoch: Epoch,
}

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads a clock")]
    pub(crate) fn start() -> Arc<Self> {
        let since_1970 = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        let unix_nanos_at_zero = i64::try_from(since_1970.as_nanos()).unwrap_or(i64::MAX);
        Arc::new(Self { origin: std::time::Instant::now(), epoch: Epoch { unix_nanos_at_zero } })
    }

    #[allow(clippy::disallowed_methods, reason = "the one place that reads a clock")]
    pub(crate) fn now(&self) -> Instant {
        self.at(std::time::Instant::now())
    }

    /// What time it is where it shows zero.
    #[cfg(target_os = "linux")]
    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// What it showed at a time that was read elsewhere; zero before it was started.
    pub(crate) fn at(&self, time: std::time::Instant) -> Instant {
        let passed = time.saturating_duration_since(self.origin);
        Instant(u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX))
    }
}

/// The clock of a bench in real time.
pub(crate) struct WallClock(pub(crate) Arc<Stopwatch>);

#[async_trait(?Send)]
impl Clock for WallClock {
    fn now(&self) -> Instant {
        self.0.now()
    }

    async fn sleep_until(&self, deadline: Instant) {
        let left = deadline.since(self.0.now());
        tokio::time::sleep(Duration::from_nanos(left.0)).await;
    }
}

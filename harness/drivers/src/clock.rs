//! Real time.

use async_trait::async_trait;
use brownout_core::time::Instant;
use brownout_ports::Clock;
use std::sync::Arc;
use std::time::Duration;

/// Nanoseconds since the bench was opened, for every thread of it. The one place of the harness that reads a clock.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    origin: std::time::Instant,
}

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "the one place that reads a clock")]
    pub(crate) fn start() -> Arc<Self> {
        Arc::new(Self { origin: std::time::Instant::now() })
    }

    #[allow(clippy::disallowed_methods, reason = "the one place that reads a clock")]
    pub(crate) fn now(&self) -> Instant {
        self.at(std::time::Instant::now())
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

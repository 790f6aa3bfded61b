//! What time it is for the services: the run's axis laid upon the calendar.

use brownout_core::time::Instant;

/// When, in the calendar of the services, the run began.
///
/// It comes from the plan in virtual time, and from the wall clock's anchor in real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    /// Nanoseconds since 1970-01-01T00:00:00Z, without leap seconds, at [`Instant::ZERO`]. Good until the year 2262.
    pub unix_nanos_at_zero: i64,
}

impl Epoch {
    /// The run began at this second since 1970.
    pub const fn from_unix(seconds: i64) -> Self {
        Self { unix_nanos_at_zero: seconds.saturating_mul(1_000_000_000) }
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn unix(self, now: Instant) -> i64 {
        // It fits: the sum of an i64 and a u64 is below 2^65, and a billionth of that below 2^36.
        self.unix_nanos(now).div_euclid(1_000_000_000) as i64
    }

    /// Nanoseconds since 1970.
    pub const fn unix_nanos(self, now: Instant) -> i128 {
        self.unix_nanos_at_zero as i128 + now.0 as i128
    }
}

#[cfg(test)]
mod tests {
    use super::Epoch;
    use brownout_core::time::Instant;

    #[test]
    fn seconds_are_rounded_down_on_either_side_of_1970() {
        let before = Epoch { unix_nanos_at_zero: -1 };
        assert_eq!(before.unix(Instant::ZERO), -1);
        assert_eq!(before.unix(Instant(1)), 0);
        assert_eq!(Epoch::from_unix(1_800_000_000).unix(Instant(1_999_999_999)), 1_800_000_001);
        assert_eq!(Epoch { unix_nanos_at_zero: i64::MAX }.unix(Instant(u64::MAX)), 27_670_116_110);
    }
}

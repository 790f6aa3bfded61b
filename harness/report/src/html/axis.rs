//! A time axis: from nanoseconds to columns, with ticks at round times.

use crate::short;
use brownout_core::time::{Duration, Instant};
use serde::Serialize;

/// Left edge of the plot, in SVG units; lane names stand before it.
pub(super) const LEFT: f64 = 118.0;
/// Right edge of the plot.
pub(super) const RIGHT: f64 = 992.0;

/// A stretch of the run, laid out between [`LEFT`] and [`RIGHT`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) from: Instant,
    pub(super) to: Instant,
}

/// A labelled place on the axis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Tick {
    pub(super) x: f64,
    pub(super) label: String,
}

/// Steps between ticks that a reader can count in, in nanoseconds, above one second. Below, 1-2-5 steps.
const LONG_STEPS: [u64; 17] = [
    1_000_000_000,
    2_000_000_000,
    5_000_000_000,
    10_000_000_000,
    30_000_000_000,
    60_000_000_000,
    120_000_000_000,
    300_000_000_000,
    600_000_000_000,
    1_800_000_000_000,
    3_600_000_000_000,
    7_200_000_000_000,
    21_600_000_000_000,
    43_200_000_000_000,
    86_400_000_000_000,
    604_800_000_000_000,
    2_592_000_000_000_000,
];

impl Axis {
    /// Where an instant stands; the edges for what is outside.
    pub(super) fn x(&self, at: Instant) -> f64 {
        let span = self.span().max(1) as f64;
        let share = at.since(self.from).0 as f64 / span;
        // A tenth of a unit is finer than any screen shows.
        ((LEFT + share.min(1.0) * (RIGHT - LEFT)) * 10.0).round() / 10.0
    }

    pub(super) fn shows(&self, at: Instant) -> bool {
        self.from <= at && at <= self.to
    }

    pub(super) fn span(&self) -> u64 {
        self.to.since(self.from).0
    }

    /// Between four and eleven ticks at round times.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        let step = self.step();
        let first = self.from.0.div_ceil(step).saturating_mul(step);
        (0..12)
            .filter_map(|i| first.checked_add(step.checked_mul(i)?))
            .map(Instant)
            .filter(|at| self.shows(*at))
            .map(|at| Tick { x: self.x(at), label: label(at, step, self.to) })
            .collect()
    }

    fn step(&self) -> u64 {
        let enough = |step: &u64| self.span() / step <= 10;
        let below_a_second = (0..9).flat_map(|power| [1, 2, 5].map(|m| m * 10_u64.pow(power)));
        below_a_second.chain(LONG_STEPS).find(enough).unwrap_or(self.span() / 5 + 1)
    }
}

fn label(at: Instant, step: u64, end: Instant) -> String {
    const S: u64 = 1_000_000_000;
    if at.0 == 0 || step >= S {
        return short(at.since(Instant::ZERO));
    }
    if end.0 < S {
        return Duration(at.0).to_string();
    }
    // As many decimals as tell neighbouring ticks apart.
    let decimals = 9 - step.ilog10() as usize;
    format!("{:.decimals$}s", at.0 as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(from: u64, to: u64) -> Vec<String> {
        Axis { from: Instant(from), to: Instant(to) }.ticks().into_iter().map(|t| t.label).collect()
    }

    #[test]
    fn ticks_are_round_and_named_with_units() {
        assert_eq!(labels(0, 12_100_000_000), ["0s", "2s", "4s", "6s", "8s", "10s", "12s"]);
        assert_eq!(labels(6_100_000_000, 6_700_000_000)[..3], ["6.1s", "6.2s", "6.3s"]);
        assert_eq!(labels(0, 400_000_000)[..3], ["0s", "50ms", "100ms"]);
        assert_eq!(labels(0, 86_400_000_000_000)[..3], ["0s", "6h 00min", "12h 00min"]);
        assert_eq!(labels(0, 0), ["0s"]);
        assert_eq!(labels(5, 5).len(), 1);
    }

    #[test]
    fn any_run_has_ticks_inside_the_plot() {
        for span in [1, 7, 999, 123_456, 5_000_000_000, u64::MAX / 2, u64::MAX] {
            let axis = Axis { from: Instant(0), to: Instant(span) };
            let ticks = axis.ticks();
            assert!((1..=12).contains(&ticks.len()), "{span}: {ticks:?}");
            assert!(ticks.iter().all(|t| (LEFT..=RIGHT).contains(&t.x)));
        }
    }
}

//! How delays vary: netem's distributions. A table of 4096 equally likely deviations each, as `tc` loads them from
//! iproute2's files into the kernel, so that the same number drawn gives the same delay. The user-space link draws from
//! them, and the kernel's netem is sent them.
//!
//! They are computed with nothing but the four operations that IEEE 754 rounds exactly, so that they are the same on
//! every machine; the functions of its mathematical library may differ in their last bit.

use brownout_core::chance::Chance;
use brownout_core::network::Distribution;
use brownout_core::time::Duration;
use std::sync::OnceLock;

/// Entries of a table.
const ENTRIES: usize = 4096;

/// What stands for the jitter itself (NETEM_DIST_SCALE, linux/pkt_sched.h).
const SCALE: i32 = 8192;

/// Equally likely deviations, ascending, in units of the jitter divided by 8192.
pub type Table = [i16; ENTRIES];

/// The table of a distribution. The kernel needs none to vary delays evenly, but one that it has been given it keeps.
pub fn table(distribution: Distribution) -> &'static Table {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    let tables = TABLES.get_or_init(Tables::new);
    match distribution {
        Distribution::Uniform => &tables.uniform,
        Distribution::Normal => &tables.normal,
        Distribution::Pareto => &tables.pareto,
        Distribution::ParetoNormal => &tables.pareto_normal,
    }
}

/// By how many nanoseconds a delay differs this time, either way. Without a distribution it is uniform, and drawn without
/// a table, as in the kernel.
pub(super) fn offset(distribution: Option<Distribution>, jitter: Duration, chance: &mut Chance) -> i64 {
    let jitter = jitter.0.min(1 << 62);
    let table = match distribution {
        None | Some(Distribution::Uniform) => {
            return chance.below(2 * jitter).cast_signed() - jitter.cast_signed();
        }
        Some(distribution) => table(distribution),
    };
    let at = chance.below(ENTRIES as u64);
    let quantile = usize::try_from(at).ok().and_then(|at| table.get(at)).copied().unwrap_or(0);
    let offset = i128::from(quantile) * i128::from(jitter) / i128::from(SCALE);
    i64::try_from(offset).unwrap_or(0)
}

struct Tables {
    uniform: Table,
    normal: Table,
    pareto: Table,
    pareto_normal: Table,
}

impl Tables {
    fn new() -> Self {
        let normal = normal_quantiles().map(scaled);
        let pareto = core::array::from_fn(|at| i32::from(entry(scaled(pareto_quantile(at)))));
        let mixed: [i32; ENTRIES] = core::array::from_fn(|at| (normal[at] + 3 * pareto[at]) / 4);
        let uniform =
            core::array::from_fn(|at| scaled((2.0 * at as f64 + 1.0 - ENTRIES as f64) / ENTRIES as f64));
        Self {
            uniform: uniform.map(entry),
            normal: normal.map(entry),
            pareto: pareto.map(entry),
            pareto_normal: mixed.map(entry),
        }
    }
}

fn scaled(quantile: f64) -> i32 {
    (quantile * f64::from(SCALE)).round() as i32
}

/// As an entry holds it: those have 16 bits, and reach no further than four times the jitter.
fn entry(scaled: i32) -> i16 {
    scaled.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}

/// Quantiles of the standard normal distribution, by Newton's way from each to the next, outwards from the middle. tc's
/// table has every fourth of 16,384, each at the middle of its step.
fn normal_quantiles() -> [f64; ENTRIES] {
    let share = |at: usize| (4.0 * at as f64 + 0.5) / (4.0 * ENTRIES as f64);
    let mut quantiles = [0.0; ENTRIES];
    let (below, above) = quantiles.split_at_mut(ENTRIES / 2);
    let mut x = 0.0;
    for (at, quantile) in above.iter_mut().enumerate() {
        x = normal_quantile(share(ENTRIES / 2 + at), x);
        *quantile = x;
    }
    let mut x = 0.0;
    for (at, quantile) in below.iter_mut().enumerate().rev() {
        x = normal_quantile(1.0 - share(at), x);
        *quantile = -x;
    }
    quantiles
}

/// The quantile of a share from a half on, found from one that is not above it.
fn normal_quantile(share: f64, from: f64) -> f64 {
    let mut x = from;
    for _ in 0..12 {
        let (density, below) = normal(x);
        x += (share - below) / density;
    }
    x
}

/// Density and distribution function of the standard normal distribution, for 0 to a little over 4.
fn normal(x: f64) -> (f64, f64) {
    // e^(-x²/2), as the 256th power of a series that converges at once.
    let exponent = -x * x / 512.0;
    let (mut power, mut term) = (1.0, 1.0);
    for n in 1..12 {
        term *= exponent / f64::from(n);
        power += term;
    }
    for _ in 0..8 {
        power *= power;
    }
    let density = power / 2.506_628_274_631_000_5;
    // x + x³/3 + x⁵/(3·5) + …, times the density.
    let (mut sum, mut term) = (x, x);
    for n in 1..80 {
        term *= x * x / f64::from(2 * n + 1);
        sum += term;
    }
    (density, 0.5 + density * sum)
}

/// Quantile of a Pareto distribution with exponent 3, moved to a mean of 0 and drawn wider by a third, as iproute2 has it.
fn pareto_quantile(at: usize) -> f64 {
    let rest = 1.0 - at as f64 / ENTRIES as f64;
    // The cube root of what is left, by Newton's way.
    let mut root = 1.0;
    for _ in 0..40 {
        root = (2.0 * root + rest / (root * root)) / 3.0;
    }
    (1.0 / root - 1.5) * 4.0 / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries 0, 1, 8, 4092 to 4095 of the files that iproute2 6.1 installs; some of theirs are rounded down.
    #[test]
    fn the_tables_are_those_of_tc() {
        let files = [
            (Distribution::Normal, [-32768, -28307, -23600, 25450, 26164, 27159, 28858]),
            (Distribution::Pareto, [-5461, -5460, -5454, 32767, 32767, 32767, 32767]),
            (Distribution::ParetoNormal, [-12305, -11171, -9990, 30937, 31116, 31365, 31789]),
        ];
        for (distribution, theirs) in files {
            for (at, theirs) in [0, 1, 8, 4092, 4093, 4094, 4095].into_iter().zip(theirs) {
                let ours = i32::from(table(distribution)[at]);
                assert!((ours - theirs).abs() <= 1, "{distribution:?} {at}: {ours} and {theirs}");
            }
        }
    }

    #[test]
    fn deviations_ascend() {
        for distribution in
            [Distribution::Uniform, Distribution::Normal, Distribution::Pareto, Distribution::ParetoNormal]
        {
            assert!(table(distribution).is_sorted(), "{distribution:?}");
        }
        let uniform = table(Distribution::Uniform);
        assert_eq!((uniform[0], uniform[ENTRIES - 1]), (-8190, 8190));
    }

    #[test]
    fn jitter_without_a_distribution_is_even() {
        let mut chance = Chance::new(1);
        let jitter = Duration::from_millis(1);
        let offsets: Vec<i64> = (0..10_000).map(|_| offset(None, jitter, &mut chance)).collect();
        assert!(offsets.iter().all(|offset| (-1_000_000..1_000_000).contains(offset)));
        for from in (-1_000_000..1_000_000).step_by(200_000) {
            let within = offsets.iter().filter(|offset| (from..from + 200_000).contains(*offset)).count();
            assert!((850..1150).contains(&within), "{within} from {from}");
        }
        assert_eq!(offset(Some(Distribution::Normal), Duration::ZERO, &mut chance), 0);
        assert_eq!(offset(None, Duration::ZERO, &mut chance), 0);
    }
}

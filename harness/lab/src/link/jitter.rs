//! How delays vary: netem's distributions. A table of 4096 quantiles each, as `tc` loads them from iproute2's files
//! into the kernel, so that the same number drawn gives the same delay.
//!
//! The tables are computed with nothing but the four operations that IEEE 754 rounds exactly, so that they are the same on
//! every machine; the functions of its mathematical library may differ in their last bit.

use brownout_core::chance::Chance;
use brownout_core::network::Distribution;
use brownout_core::time::Duration;
use std::sync::OnceLock;

/// Entries of a table.
const ENTRIES: usize = 4096;

/// What stands for one standard deviation (NETEM_DIST_SCALE).
const SCALE: i32 = 8192;

/// Further than so many standard deviations the tables do not reach: their entries have 16 bits.
const FURTHEST: f64 = 4.0;

type Table = [i16; ENTRIES];

/// By how many nanoseconds a delay differs this time, either way. Without a distribution it is uniform, as in the
/// kernel.
pub(super) fn offset(distribution: Option<Distribution>, jitter: Duration, chance: &mut Chance) -> i64 {
    let jitter = jitter.0.min(1 << 62);
    let table = match distribution {
        None | Some(Distribution::Uniform) => {
            return chance.below(2 * jitter).cast_signed() - jitter.cast_signed();
        }
        Some(Distribution::Normal) => &tables().normal,
        Some(Distribution::Pareto) => &tables().pareto,
        Some(Distribution::ParetoNormal) => &tables().pareto_normal,
    };
    let at = chance.below(ENTRIES as u64);
    let quantile = usize::try_from(at).ok().and_then(|at| table.get(at)).copied().unwrap_or(0);
    let offset = i128::from(quantile) * i128::from(jitter) / i128::from(SCALE);
    i64::try_from(offset).unwrap_or(0)
}

struct Tables {
    normal: Table,
    pareto: Table,
    pareto_normal: Table,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let normal = normal_quantiles();
        let pareto = core::array::from_fn(pareto_quantile);
        let mixed = core::array::from_fn(|at| 0.25 * normal[at] + 0.75 * pareto[at]);
        Tables { normal: scaled(&normal), pareto: scaled(&pareto), pareto_normal: scaled(&mixed) }
    })
}

fn scaled(quantiles: &[f64; ENTRIES]) -> Table {
    quantiles.map(|quantile| {
        (quantile * f64::from(SCALE)).round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16
    })
}

/// Where the at-th entry stands between 0 and 1.
fn place(at: usize) -> f64 {
    at as f64 / ENTRIES as f64
}

/// Quantiles of the standard normal distribution, by Newton's way from each to the next.
fn normal_quantiles() -> [f64; ENTRIES] {
    let mut quantiles = [-FURTHEST; ENTRIES];
    let half = ENTRIES / 2;
    quantiles[half] = 0.0;
    let mut x = 0.0;
    for above in 1..half {
        let wanted = place(half + above);
        for _ in 0..8 {
            let (density, below) = normal(x);
            x += (wanted - below) / density;
        }
        quantiles[half + above] = x;
        quantiles[half - above] = -x;
    }
    quantiles
}

/// Density and distribution function of the standard normal distribution, for 0 to 4.
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

/// Quantile of a Pareto distribution with exponent 3, moved to a mean of 0 and drawn wider by a third, as iproute2 has it;
/// cut off where the table ends.
fn pareto_quantile(at: usize) -> f64 {
    let rest = 1.0 - place(at);
    // The cube root of what is left, by Newton's way.
    let mut root = 1.0;
    for _ in 0..40 {
        root = (2.0 * root + rest / (root * root)) / 3.0;
    }
    ((1.0 / root - 1.5) * 4.0 / 3.0).min(FURTHEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_those_that_tc_loads() {
        // Entries of iproute2's normal.dist, pareto.dist and paretonormal.dist. Its normal one was made by counting in
        // steps: off by up to 61 from what it stands for, and more at its very ends.
        let near = |table: &Table, wanted: [(usize, i16); 7], by: i16, at_the_ends: i16| {
            for (at, wanted) in wanted {
                let by = if (16..ENTRIES - 16).contains(&at) { by } else { at_the_ends };
                assert!((table[at] - wanted).abs() <= by, "{at}: {} for {wanted}", table[at]);
            }
        };
        let tables = tables();
        let normal =
            [(1, -28307), (2, -26871), (1023, -5531), (2047, -5), (2048, 0), (3071, 5520), (4095, 28858)];
        near(&tables.normal, normal, 61, 300);
        let pareto =
            [(0, -5461), (1, -5460), (1023, -4363), (2047, -2625), (2048, -2622), (3071, 949), (4095, 32767)];
        near(&tables.pareto, pareto, 0, 0);
        let mixed = [
            (1, -11171),
            (2, -10812),
            (1023, -4655),
            (2047, -1970),
            (2048, -1966),
            (3071, 2091),
            (4095, 31789),
        ];
        near(&tables.pareto_normal, mixed, 16, 75);
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

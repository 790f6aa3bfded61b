//! How jitter is distributed, as netem wants it: a table of equally likely deviations, in units of the jitter
//! divided by 8192 (`NETEM_DIST_SCALE`, linux/pkt_sched.h). The tables are those of tc-netem(8), made anew from their
//! definitions.

use brownout_core::network::Distribution;
use std::sync::LazyLock;

/// As long as those of tc.
const LENGTH: usize = 4096;
/// What the jitter itself is in a table.
const SCALE: f64 = 8192.0;

type Table = LazyLock<Vec<i16>>;

static UNIFORM: Table = LazyLock::new(|| table(uniform));
static NORMAL: Table = LazyLock::new(|| table(normal));
static PARETO: Table = LazyLock::new(|| table(pareto));
static PARETO_NORMAL: Table =
    LazyLock::new(|| table(|index| ((normal(index) + 3.0 * clipped(pareto(index))) / 4.0).trunc()));

/// The table of a distribution, ascending.
pub(super) fn of(distribution: Distribution) -> &'static [i16] {
    match distribution {
        Distribution::Uniform => &UNIFORM,
        Distribution::Normal => &NORMAL,
        Distribution::Pareto => &PARETO,
        Distribution::ParetoNormal => &PARETO_NORMAL,
    }
}

fn table(deviation: impl Fn(usize) -> f64) -> Vec<i16> {
    (0..LENGTH).map(|index| clipped(deviation(index)) as i16).collect()
}

fn clipped(deviation: f64) -> f64 {
    deviation.clamp(f64::from(i16::MIN), f64::from(i16::MAX))
}

/// Evenly over the jitter either way. netem does that by itself without a table, but once it has one it keeps it, so
/// one is sent for this too.
fn uniform(index: usize) -> f64 {
    (2.0 * index as f64 + 1.0 - LENGTH as f64) / LENGTH as f64 * SCALE
}

/// The quantile at the middle of every fourth of 16,384 steps, as in tc's table.
fn normal(index: usize) -> f64 {
    (normal_quantile((4.0 * index as f64 + 0.5) / 16384.0) * SCALE).round()
}

/// Exponent 3, moved by its mean 1.5 and scaled so that most of it lies within the jitter, as in tc's table.
fn pareto(index: usize) -> f64 {
    let share = (65536.0 - 16.0 * index as f64) / 65536.0;
    ((1.0 / share.cbrt() - 1.5) * (4.0 / 3.0) * SCALE).round()
}

/// The inverse of the normal distribution function for `0 < share < 1`, to a relative error of 1.15e-9 (P. J. Acklam's
/// rational approximation).
fn normal_quantile(share: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.383_577_518_672_69e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 6] = [
        -5.447609879822406e1,
        1.615858368580409e2,
        -1.556989798598866e2,
        6.680131188771972e1,
        -1.328068155288572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 5] =
        [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1.0];
    /// Below it, and as far from 1, the tails begin.
    const TAIL: f64 = 0.02425;
    let polynomial = |of: &[f64], x: f64| of.iter().fold(0.0, |sum, factor| sum * x + factor);
    let tail = |share: f64| {
        let x = (-2.0 * share.ln()).sqrt();
        polynomial(&C, x) / polynomial(&D, x)
    };
    if share < TAIL {
        tail(share)
    } else if share > 1.0 - TAIL {
        -tail(1.0 - share)
    } else {
        let x = share - 0.5;
        polynomial(&A, x * x) * x / polynomial(&B, x * x)
    }
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
            let table = of(distribution);
            assert_eq!(table.len(), LENGTH);
            for (index, theirs) in [0, 1, 8, 4092, 4093, 4094, 4095].into_iter().zip(theirs) {
                let ours = i32::from(table[index]);
                assert!((ours - theirs).abs() <= 1, "{distribution:?} {index}: {ours} and {theirs}");
            }
        }
    }

    /// The whole tables, where tc is installed.
    #[test]
    fn they_are_within_rounding_of_the_files_of_tc() {
        let folders = ["/usr/lib/x86_64-linux-gnu/tc", "/usr/lib/tc", "/usr/share/tc", "/usr/lib64/tc"];
        let files = [
            (Distribution::Normal, "normal.dist"),
            (Distribution::Pareto, "pareto.dist"),
            (Distribution::ParetoNormal, "paretonormal.dist"),
        ];
        for (distribution, file) in files {
            let texts =
                folders.iter().filter_map(|folder| std::fs::read_to_string(format!("{folder}/{file}")).ok());
            for text in texts {
                let lines = text.lines().filter(|line| !line.starts_with('#'));
                let values: Vec<i32> = lines
                    .flat_map(|line| line.split_whitespace().map(|value| value.parse().unwrap()))
                    .collect();
                assert_eq!(values.len(), LENGTH, "{file}");
                for (ours, theirs) in of(distribution).iter().zip(values) {
                    assert!((i32::from(*ours) - theirs).abs() <= 1, "{file}: {ours} and {theirs}");
                }
            }
        }
    }

    #[test]
    fn deviations_ascend() {
        for distribution in
            [Distribution::Uniform, Distribution::Normal, Distribution::Pareto, Distribution::ParetoNormal]
        {
            assert!(of(distribution).is_sorted(), "{distribution:?}");
        }
    }
}

//! Lengths of time as a reader takes them in at a glance.

use brownout_core::time::Duration;

/// A length of time with three to four significant figures: `85us`, `312ms`, `1.234s`, `2min 14s`, `23h 05min`.
///
/// For reading only; what is stored keeps every nanosecond.
pub fn short(time: Duration) -> String {
    const US: u64 = 1_000;
    const MS: u64 = 1_000_000;
    const S: u64 = 1_000_000_000;
    match time.0 {
        0 => "0s".to_owned(),
        ns @ 1..US => format!("{ns}ns"),
        ns @ US..MS => format!("{}us", ns / US),
        ns @ MS..S => format!("{}ms", ns / MS),
        ns if ns < 60 * S && (ns / MS).is_multiple_of(1000) => format!("{}s", ns / S),
        ns if ns < 60 * S => format!("{}.{:03}s", ns / S, ns / MS % 1000),
        ns if ns < 3600 * S => format!("{}min {:02}s", ns / S / 60, ns / S % 60),
        ns => format!("{}h {:02}min", ns / S / 3600, ns / S / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_at_a_glance() {
        let cases = [
            (0, "0s"),
            (999, "999ns"),
            (85_400, "85us"),
            (312_900_000, "312ms"),
            (1_234_567_890, "1.234s"),
            (30_000_000_000, "30s"),
            (59_999_999_999, "59.999s"),
            (134_000_000_000, "2min 14s"),
            (83_100_000_000_000, "23h 05min"),
        ];
        for (nanos, text) in cases {
            assert_eq!(short(Duration(nanos)), text);
        }
    }
}

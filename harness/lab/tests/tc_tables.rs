//! The tables of jitter against the files that tc loads.

#![allow(clippy::disallowed_methods, reason = "this reads the files of tc")]

use brownout_core::network::Distribution;
use brownout_lab::link::jitter::table;

#[test]
#[ignore = "needs iproute2's tables"]
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
        let texts: Vec<_> = texts.collect();
        assert!(!texts.is_empty(), "{file} is in none of {folders:?}");
        for text in texts {
            let lines = text.lines().filter(|line| !line.starts_with('#'));
            let values: Vec<i32> =
                lines.flat_map(|line| line.split_whitespace().map(|value| value.parse().unwrap())).collect();
            assert_eq!(values.len(), 4096, "{file}");
            for (ours, theirs) in table(distribution).iter().zip(values) {
                assert!((i32::from(*ours) - theirs).abs() <= 1, "{file}: {ours} and {theirs}");
            }
        }
    }
}

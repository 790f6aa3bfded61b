//! What Wireshark makes of a capture of the link.
//!
//! This test wants `tshark` (Debian: the package of that name) and is ignored without being asked for:
//! `cargo test -p brownout-lab --test wireshark -- --ignored`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs, reason = "runs a program on a file")]

use brownout_core::network::{Conditions, Direction, Impair, Impairment, Loss};
use brownout_core::quantity::Share;
use brownout_core::time::{Duration, Instant};
use brownout_lab::link::{Link, Way};
use brownout_lab::pcapng::{Capture, LARGEST};
use std::process::Command;

/// An ARP request or answer, which needs no checksums.
fn arp(operation: u8) -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend([0x02, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, operation]);
    frame.extend([0x02, 0, 0, 0, 0, 1, 10, 77, 0, 100, 0, 0, 0, 0, 0, 0, 10, 77, 0, 1]);
    frame.resize(60, 0);
    frame
}

#[test]
#[ignore = "needs tshark"]
fn tshark_reads_frames_times_directions_and_comments() {
    let mut link = Link::new(1);
    link.record(Capture::new("thermostat", Duration::from_secs(1_800_000_000), LARGEST));
    let impair = |link: &mut Link, now, name: &str, conditions| {
        let how = Impair::Conditions { direction: Direction::Both, conditions };
        link.impair(now, &Impairment { name: name.to_owned(), how });
    };
    link.carry(Instant(1), Way::Up, arp(1));
    let delay = Conditions { delay: Some(Duration::from_millis(20)), ..Conditions::default() };
    impair(&mut link, Instant(2), "delay", delay);
    link.carry(Instant(1_000_000), Way::Down, arp(2));
    let loss = Conditions { loss: Some(Loss::Random(Share(1_000_000))), ..Conditions::default() };
    impair(&mut link, Instant(2_000_000), "blackout", loss);
    link.carry(Instant(3_000_000), Way::Up, arp(1));
    link.poll(Instant(50_000_000));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("link.pcapng");
    std::fs::write(&file, link.recorded().unwrap().take()).unwrap();
    let fields = [
        "frame.time_epoch",
        "frame.interface_name",
        "frame.packet_flags_direction",
        "arp.opcode",
        "frame.comment",
    ];
    let mut command = Command::new("tshark");
    command.arg("-r").arg(&file).args(["-T", "fields", "-E", "separator=|"]);
    let output = command.args(fields.iter().flat_map(|field| ["-e", field])).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Directions are shown in hex by some versions: 1 is inbound, 2 outbound.
    let said = String::from_utf8(output.stdout).unwrap().replace("|0x0000000", "|");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "1800000000.000000001|thermostat|2|1|",
            "1800000000.003000000|thermostat|2|1|dropped by blackout",
            "1800000000.021000000|thermostat|1|2|held for 20ms by delay",
        ]
    );
}

//! What is recorded of a link.

use super::*;
use crate::pcapng::{Capture, tests::read};
use brownout_core::network::Loss;

const MS: u64 = 1_000_000;

#[test]
fn frames_are_recorded_as_the_device_sees_them_with_what_became_of_them() {
    let mut link = Link::new(1);
    link.record(Capture::new("dut", Duration::ZERO, 1 << 20));
    let each_way = |direction, conditions| Impair::Conditions { direction, conditions };
    let delay = Conditions { delay: Some(Duration(10 * MS)), ..Conditions::default() };
    impair(&mut link, Instant::ZERO, "delay", each_way(Direction::Both, delay));
    let frame = |number| numbered(number, 60);
    link.carry(Instant(MS), Way::Up, frame(1));
    link.carry(Instant(2 * MS), Way::Down, frame(2));
    let duplicate = Conditions { duplicate: Some(percent(100)), ..Conditions::default() };
    impair(&mut link, Instant(3 * MS), "duplicate", each_way(Direction::Both, duplicate));
    link.carry(Instant(4 * MS), Way::Up, frame(3));
    link.carry(Instant(5 * MS), Way::Down, frame(4));
    link.mend(Instant(6 * MS), "duplicate");
    let loss = Conditions { loss: Some(Loss::Random(percent(100))), ..Conditions::default() };
    impair(&mut link, Instant(6 * MS), "loss", each_way(Direction::Both, loss));
    link.carry(Instant(7 * MS), Way::Up, frame(5));
    link.carry(Instant(8 * MS), Way::Down, frame(6));
    link.mend(Instant(9 * MS), "loss");
    link.carry(Instant(9 * MS), Way::Down, frame(7));
    link.plug(Instant(16 * MS), false);
    link.poll(Instant(30 * MS));
    let recorded: Vec<(u64, bool, u64, String)> = read(&link.recorded().unwrap().take())
        .into_iter()
        .map(|packet| (packet.nanos / MS, packet.sent, number(&packet.frame), packet.comment))
        .collect();
    let said: Vec<_> =
        recorded.iter().map(|(at, sent, number, said)| (*at, *sent, *number, said.as_str())).collect();
    assert_eq!(
        said,
        [
            (1, true, 1, "held for 10ms by delay"),
            (4, true, 3, "doubled by duplicate; held for 10ms by delay; its copy: held for 10ms by delay"),
            (7, true, 5, "dropped by loss"),
            (8, false, 6, "dropped by loss"),
            (12, false, 2, "held for 10ms by delay"),
            (15, false, 4, "a copy, by duplicate; held for 10ms by delay"),
            (15, false, 4, "doubled by duplicate; held for 10ms by delay"),
            (19, false, 7, "held for 10ms by delay; dropped: no cable"),
        ]
    );
}

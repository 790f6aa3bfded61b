//! The link as a whole: what it does to frames, by the outputs alone.

mod chosen;
mod conditions;
mod hostile;
mod recorded;

use super::{Link, LinkOut, Way};
use crate::service::Seen;
use brownout_core::network::{Conditions, Direction, Impair, Impairment, Traffic};
use brownout_core::quantity::Share;
use brownout_core::time::{Duration, Instant};

/// A link with conditions on the way up, under the name `it`.
fn under(conditions: Conditions) -> Link {
    let mut link = Link::new(2026);
    impair(&mut link, Instant::ZERO, "it", Impair::Conditions { direction: Direction::Up, conditions });
    link
}

fn impair(link: &mut Link, now: Instant, name: &str, how: Impair) {
    link.impair(now, &Impairment { name: name.to_owned(), how });
}

fn percent(share: i64) -> Share {
    Share(share * 10_000)
}

/// A frame that says which one it is.
fn numbered(number: u64, length: usize) -> Vec<u8> {
    let mut frame = vec![0xaa; length.max(8)];
    frame[..8].copy_from_slice(&number.to_be_bytes());
    frame
}

fn number(frame: &[u8]) -> u64 {
    u64::from_be_bytes(frame[..8].try_into().unwrap())
}

/// Frames that came out on the way up, each with its time, while so many were sent at equal intervals.
fn sent(link: &mut Link, frames: u64, every: Duration, length: usize) -> Vec<(Instant, Vec<u8>)> {
    let mut came = Vec::new();
    for at in 0..frames {
        let now = Instant(at * every.0);
        until(link, now, &mut came);
        link.carry(now, Way::Up, numbered(at, length));
        take(link, now, &mut came);
    }
    until(link, Instant(u64::MAX), &mut came);
    came
}

/// Polls it at each of its deadlines, up to a time.
fn until(link: &mut Link, end: Instant, came: &mut Vec<(Instant, Vec<u8>)>) {
    while let Some(due) = link.deadline().filter(|due| *due <= end) {
        link.poll(due);
        take(link, due, came);
    }
}

fn take(link: &mut Link, now: Instant, came: &mut Vec<(Instant, Vec<u8>)>) {
    while let Some(out) = link.output() {
        if let LinkOut::Deliver { way: Way::Up, frame } = out {
            came.push((now, frame));
        }
    }
}

/// What the link counted on a way.
fn counted(link: &mut Link, now: Instant, way: Way) -> [u64; 7] {
    while link.output().is_some() {}
    impair(
        link,
        now,
        "nothing",
        Impair::Conditions { direction: Direction::Both, conditions: Conditions::default() },
    );
    assert_eq!(link.mend(now, "nothing"), Some(0));
    let counters = std::iter::from_fn(|| link.output()).find_map(|out| match out {
        LinkOut::Seen(Seen::Traffic(Traffic::Counters {
            direction,
            frames,
            bytes,
            dropped,
            delayed,
            duplicated,
            corrupted,
            reordered,
        })) if direction == way.direction() => {
            Some([frames, bytes, dropped, delayed, duplicated, corrupted, reordered])
        }
        _ => None,
    });
    counters.unwrap()
}

/// Checks a count against a binomial distribution: five standard deviations either way, which chance passes by once in
/// two million.
fn binomial(count: u64, trials: u64, probability: f64) {
    let expected = trials as f64 * probability;
    let deviation = (expected * (1.0 - probability)).sqrt().max(1e-9);
    assert!(
        (count as f64 - expected).abs() <= 5.0 * deviation,
        "{count} of {trials}, expected {expected:.0}"
    );
}

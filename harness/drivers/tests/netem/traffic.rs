//! The traffic that both links carry: the same frames under the same conditions.

use brownout_core::network::{Conditions, Distribution, Loss, Reorder};
use brownout_core::quantity::{BitRate, Share};
use brownout_core::time::Duration;

/// Frames under some conditions.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) conditions: Conditions,
    /// How many frames.
    pub(crate) frames: u32,
    /// How long each is, in bytes with its Ethernet header.
    pub(crate) length: usize,
    /// How long after the one before each is sent.
    pub(crate) every: Duration,
}

/// A frame that came out of a link. Times in ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    /// Which one it is, by the order in which they were sent.
    pub(crate) number: u32,
    pub(crate) sent: u64,
    pub(crate) received: u64,
    /// As it was sent, to the last bit.
    pub(crate) intact: bool,
}

fn percent(percent: f64) -> Share {
    Share((percent * 10_000.0) as i64)
}

/// What is compared.
pub(crate) fn cases() -> Vec<Case> {
    let plenty = Some(100_000);
    let none = Conditions { limit: plenty, ..Conditions::default() };
    // Long, so that what other programs on this computer add to them is little beside them.
    let (delay, jitter) = (Some(Duration::from_millis(400)), Some(Duration::from_millis(200)));
    let at_once =
        |name, conditions| Case { name, conditions, frames: 20_000, length: 64, every: Duration::ZERO };
    let in_time =
        |name, conditions| Case { name, conditions, frames: 2_500, length: 64, every: Duration(200_000) };
    let varied = |distribution| Conditions { delay, jitter, distribution, ..none.clone() };
    vec![
        at_once("random loss", Conditions { loss: Some(Loss::Random(percent(3.0))), ..none.clone() }),
        at_once(
            "Gilbert-Elliott loss",
            Conditions {
                loss: Some(Loss::GilbertElliott {
                    p: percent(2.0),
                    r: percent(20.0),
                    bad: percent(80.0),
                    good: percent(0.5),
                }),
                ..none.clone()
            },
        ),
        at_once(
            "four-state loss",
            Conditions {
                loss: Some(Loss::FourState {
                    p13: percent(2.0),
                    p31: percent(15.0),
                    p23: percent(30.0),
                    p32: percent(25.0),
                    p14: percent(1.0),
                }),
                ..none.clone()
            },
        ),
        at_once("duplicate", Conditions { duplicate: Some(percent(5.0)), ..none.clone() }),
        at_once("corrupt", Conditions { corrupt: Some(percent(5.0)), ..none.clone() }),
        at_once(
            "reorder",
            Conditions {
                delay: Some(Duration::from_secs(2)),
                reorder: Some(Reorder { share: percent(25.0), gap: 5 }),
                ..none.clone()
            },
        ),
        at_once(
            "limit",
            Conditions { delay: Some(Duration::from_secs(3)), limit: Some(300), ..none.clone() },
        ),
        in_time("delay", Conditions { delay, ..none.clone() }),
        in_time("uniform jitter", varied(None)),
        in_time("normal jitter", varied(Some(Distribution::Normal))),
        in_time("pareto jitter", varied(Some(Distribution::Pareto))),
        in_time("pareto-normal jitter", varied(Some(Distribution::ParetoNormal))),
        Case {
            name: "rate",
            conditions: Conditions { rate: Some(BitRate(2_000_000)), ..none.clone() },
            frames: 400,
            length: 1000,
            every: Duration::from_millis(1),
        },
        Case {
            name: "rate with jitter",
            conditions: Conditions {
                rate: Some(BitRate(4_000_000)),
                delay: Some(Duration::from_millis(60)),
                jitter: Some(Duration::from_millis(20)),
                ..none
            },
            frames: 600,
            length: 1000,
            every: Duration::from_millis(1),
        },
    ]
}

const HEADER: usize = 14;
/// Its number is in a frame three times, so that one bit that was inverted does not hide it.
const COPIES: usize = 3;

/// A frame: to everybody, of the type that IEEE 802 sets aside for experiments.
pub(crate) fn frame(number: u32, length: usize) -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend([0x02, 0, 0, 0, 0, 1, 0x88, 0xb5]);
    for _ in 0..COPIES {
        frame.extend(number.to_be_bytes());
    }
    frame.resize(length.max(60), 0x55);
    frame
}

/// Which frame this was, if it was one of ours, and whether it still is as it was.
pub(crate) fn read(bytes: &[u8], length: usize) -> Option<(u32, bool)> {
    let number =
        |at: usize| bytes.get(HEADER + 4 * at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    let [one, two, three] = [number(0)?, number(1)?, number(2)?];
    let number = if one == two || one == three { one } else { two };
    let sent = frame(number, length);
    let differing: u32 = sent.iter().zip(bytes).map(|(a, b)| (a ^ b).count_ones()).sum();
    (bytes.len() == sent.len() && differing <= 8).then_some((number, differing == 0))
}

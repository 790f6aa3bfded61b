//! Frames a second through the link on one core, with loss, delay and rate set; alone, with everything set, and recorded.
//!
//! `cargo bench -p brownout-lab --bench link`
#![allow(clippy::print_stdout, clippy::disallowed_methods, missing_docs)]

use brownout_core::network::{Conditions, Direction, Distribution, Impair, Impairment, Loss, Reorder};
use brownout_core::quantity::{BitRate, Share};
use brownout_core::time::{Duration, Instant};
use brownout_lab::link::{Link, LinkOut, Way};
use brownout_lab::pcapng::{Capture, LARGEST};

const FRAMES: u64 = 2_000_000;

/// A frame each ten microseconds.
const EVERY: u64 = 10_000;

/// Bytes of a frame: those of a full one, or of one that a device of few words sends.
const LENGTHS: [usize; 2] = [1514, 120];

/// Frames a second that were carried, and how many came out at the other end.
fn forwarded(mut link: Link, conditions: Conditions, length: usize) -> (f64, u64) {
    let how = Impair::Conditions { direction: Direction::Both, conditions };
    link.impair(Instant::ZERO, &Impairment { name: "conditions".to_owned(), how });
    let template = vec![0x5a; length];
    let mut came = 0;
    // Buffers go round, as they do where frames are read from a device.
    let mut spare: Vec<Vec<u8>> = Vec::new();
    let begun = std::time::Instant::now();
    for at in 0..FRAMES {
        let mut frame = spare.pop().unwrap_or_default();
        frame.clear();
        frame.extend_from_slice(&template);
        let way = if at % 2 == 0 { Way::Up } else { Way::Down };
        link.carry(Instant(at * EVERY), way, frame);
        while let Some(out) = link.output() {
            if let LinkOut::Deliver { frame, .. } = out {
                came += 1;
                spare.push(frame);
            }
        }
        // Whoever writes the file takes what there is from time to time.
        if at % 256 == 0
            && let Some(capture) = link.recorded()
        {
            drop(capture.take());
        }
    }
    (FRAMES as f64 / begun.elapsed().as_secs_f64(), came)
}

fn main() {
    let usual = Conditions {
        delay: Some(Duration::from_millis(5)),
        loss: Some(Loss::Random(Share(10_000))),
        rate: Some(BitRate(1_000_000_000)),
        ..Conditions::default()
    };
    let jittered = Conditions {
        delay: Some(Duration::from_millis(5)),
        jitter: Some(Duration::from_millis(2)),
        distribution: Some(Distribution::Normal),
        loss: Some(Loss::GilbertElliott {
            p: Share(10_000),
            r: Share(200_000),
            bad: Share(1_000_000),
            good: Share(0),
        }),
        duplicate: Some(Share(10_000)),
        corrupt: Some(Share(10_000)),
        reorder: Some(Reorder { share: Share(50_000), gap: 1 }),
        ..Conditions::default()
    };
    for length in LENGTHS {
        let cases = [
            ("nothing set", Conditions::default(), false),
            ("loss, delay and rate", usual.clone(), false),
            ("bursts, jitter and all else", jittered.clone(), false),
            ("loss, delay and rate, recorded", usual.clone(), true),
        ];
        for (name, conditions, recorded) in cases {
            let mut link = Link::new(2026);
            if recorded {
                link.record(Capture::new("dut", Duration::ZERO, 100 * LARGEST));
            }
            let (rate, came) = forwarded(link, conditions, length);
            let share = came as f64 * 100.0 / FRAMES as f64;
            println!("{length:5} bytes, {name:32} {:6.2} M frames/s, {share:5.1} % came", rate / 1e6);
        }
    }
}

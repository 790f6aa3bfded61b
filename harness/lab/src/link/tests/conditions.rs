//! Conditions against theory: shares against the binomial distribution, times against Kolmogorov and Smirnov.

use super::*;
use brownout_core::network::{Distribution, Loss, Reorder};
use brownout_core::quantity::BitRate;

const MS: u64 = 1_000_000;

fn order(came: &[(Instant, Vec<u8>)]) -> Vec<u64> {
    came.iter().map(|(_, frame)| number(frame)).collect()
}

/// How long each took that came, in nanoseconds.
fn delays(came: &[(Instant, Vec<u8>)], every: Duration) -> Vec<f64> {
    came.iter().map(|(at, frame)| (at.0 - number(frame) * every.0) as f64).collect()
}

/// The greatest distance between what was seen and a distribution function, against the bound of Kolmogorov and Smirnov
/// at a significance of one in a million.
fn fits(mut seen: Vec<f64>, below: impl Fn(f64) -> f64) {
    seen.sort_by(f64::total_cmp);
    let n = seen.len() as f64;
    let distance = seen.iter().enumerate().fold(0.0_f64, |most, (at, value)| {
        let (low, high) = (at as f64 / n, (at + 1) as f64 / n);
        most.max((below(*value) - low).abs()).max((high - below(*value)).abs())
    });
    let bound = (-(0.5e-6_f64).ln() / (2.0 * n)).sqrt();
    assert!(distance < bound, "{distance:.5} of at most {bound:.5}, {n} seen");
}

#[test]
fn an_unimpaired_link_hands_frames_on_at_once() {
    let mut link = Link::new(1);
    let came = sent(&mut link, 100, Duration(MS), 60);
    assert_eq!(order(&came), (0..100).collect::<Vec<_>>());
    assert!(delays(&came, Duration(MS)).iter().all(|delay| *delay == 0.0));
    assert_eq!(counted(&mut link, Instant(100 * MS), Way::Up), [100, 6000, 0, 0, 0, 0, 0]);
    assert_eq!(counted(&mut link, Instant(100 * MS), Way::Down), [0; 7]);
}

#[test]
fn a_delay_holds_each_frame_for_as_long() {
    let mut link = under(Conditions { delay: Some(Duration(200 * MS)), ..Conditions::default() });
    let came = sent(&mut link, 50, Duration(10 * MS), 60);
    assert_eq!(order(&came), (0..50).collect::<Vec<_>>());
    assert!(delays(&came, Duration(10 * MS)).iter().all(|delay| *delay == 200.0 * MS as f64));
    assert_eq!(link.mend(Instant(10_000 * MS), "it"), Some(50));
}

#[test]
fn random_loss_is_binomial_and_independent() {
    for share in [1, 10, 50, 100] {
        let mut link =
            under(Conditions { loss: Some(Loss::Random(percent(share))), ..Conditions::default() });
        let came = order(&sent(&mut link, 20_000, Duration(MS), 60));
        let lost = 20_000 - came.len() as u64;
        binomial(lost, 20_000, share as f64 / 100.0);
        // A frame behind a lost one is lost no more often than any other.
        let after_lost = came.windows(2).filter(|pair| pair[1] > pair[0] + 1).count() as u64;
        binomial(after_lost, lost, if lost > 0 { 1.0 - share as f64 / 100.0 } else { 0.0 });
        assert_eq!(link.mend(Instant(u64::MAX), "it"), Some(lost));
    }
}

/// Lengths of runs of lost frames.
fn bursts(came: &[u64]) -> Vec<u64> {
    came.windows(2).map(|pair| pair[1] - pair[0] - 1).filter(|lost| *lost > 0).collect()
}

#[test]
fn gilbert_and_elliotts_losses_come_in_bursts_of_the_right_length() {
    let frames = 200_000;
    let loss = Loss::GilbertElliott { p: percent(1), r: percent(20), bad: percent(100), good: percent(0) };
    let mut link = under(Conditions { loss: Some(loss), ..Conditions::default() });
    let came = order(&sent(&mut link, frames, Duration(MS), 60));
    let bursts = bursts(&came);
    let mean = bursts.iter().sum::<u64>() as f64 / bursts.len() as f64;
    // Geometric, with mean 1/r; its standard deviation is the root of (1-r)/r².
    let deviation = (0.8_f64).sqrt() / 0.2 / (bursts.len() as f64).sqrt();
    assert!((mean - 5.0).abs() < 5.0 * deviation, "bursts of {mean}");
    // p/(p+r) of all, with a variance that bursts make (1+λ)/(1-λ) times as large, λ = 1-p-r.
    let (share, stretch) = (0.01 / 0.21, ((1.0_f64 + 0.79) / (1.0 - 0.79)).sqrt());
    let lost = (frames - came.len() as u64) as f64;
    let deviation = (frames as f64 * share * (1.0 - share)).sqrt() * stretch;
    assert!((lost - frames as f64 * share).abs() < 5.0 * deviation, "{lost} lost");
}

#[test]
fn gilbert_and_elliotts_states_lose_each_their_share() {
    // It goes to the bad state with the first frame, or never: what is lost is what the one state loses.
    for (p, bad, good, wanted) in [(0, 100, 7, 0.07), (100, 30, 90, 0.3)] {
        let loss =
            Loss::GilbertElliott { p: percent(p), r: percent(0), bad: percent(bad), good: percent(good) };
        let mut link = under(Conditions { loss: Some(loss), ..Conditions::default() });
        let came = order(&sent(&mut link, 20_001, Duration(MS), 60));
        // The first frame is met by the good state all the same.
        let lost = 20_000 - came.iter().filter(|number| **number > 0).count() as u64;
        binomial(lost, 20_000, wanted);
    }
}

#[test]
fn the_four_states_follow_their_chain() {
    let [p13, p31, p23, p32, p14] = [0.02, 0.3, 0.5, 0.1, 0.01_f64];
    let share = |of: f64| Share((of * 1e6).round() as i64);
    let loss = Loss::FourState {
        p13: share(p13),
        p31: share(p31),
        p23: share(p23),
        p32: share(p32),
        p14: share(p14),
    };
    let frames = 400_000;
    let mut link = under(Conditions { loss: Some(loss), ..Conditions::default() });
    let came = order(&sent(&mut link, frames, Duration(MS), 60));
    // What a chain loses in the long run: the balance of its states 1 to 4.
    let (good, bad) = (1.0, p13 / p31);
    let (lull, alone) = (bad * p32 / p23, good * p14);
    let wanted = (bad + alone) / (good + bad + lull + alone);
    let lost = (frames - came.len() as u64) as f64 / frames as f64;
    assert!((lost - wanted).abs() < 0.04 * wanted, "{lost} lost, {wanted} wanted");
    // Losses alone are as frequent as the balance says: a burst of one that state 4 made, or state 3 left at once.
    let singles = bursts(&came).iter().filter(|length| **length == 1).count() as f64;
    let all = good + bad + lull + alone;
    // Into state 3 come those from 1 and from 2; those that leave it at once are single too.
    let wanted = frames as f64 * (alone + (good * p13 + lull * p23) * (p31 + p32)) / all;
    assert!((singles - wanted).abs() < 0.05 * wanted, "{singles} alone, {wanted:.0} wanted");
}

#[test]
fn duplicates_are_binomial_and_follow_their_frame() {
    let mut link = under(Conditions { duplicate: Some(percent(10)), ..Conditions::default() });
    let came = order(&sent(&mut link, 20_000, Duration(MS), 60));
    let copies = came.len() as u64 - 20_000;
    binomial(copies, 20_000, 0.1);
    assert_eq!(came.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64, copies);
    assert_eq!(counted(&mut link, Instant(u64::MAX), Way::Up)[4], copies);
    assert_eq!(link.mend(Instant(u64::MAX), "it"), Some(copies));
}

#[test]
fn a_frame_that_is_to_be_lost_and_to_come_twice_comes_once() {
    let conditions = Conditions {
        duplicate: Some(percent(100)),
        loss: Some(Loss::Random(percent(20))),
        ..Conditions::default()
    };
    let mut link = under(conditions);
    let came = order(&sent(&mut link, 20_000, Duration(MS), 60));
    // No frame is missing altogether, and the copy is lost on its own: twice 0.8 · 0.8.
    assert_eq!(came.windows(2).filter(|pair| pair[1] > pair[0] + 1).count(), 0);
    binomial(came.len() as u64 - 20_000, 20_000, 0.64);
}

#[test]
fn corruption_inverts_one_bit_anywhere() {
    let mut link = under(Conditions { corrupt: Some(percent(30)), ..Conditions::default() });
    let mut damaged = 0;
    let mut places = [0_u64; 64 * 8];
    for at in 0..40_000 {
        let now = Instant(at * MS);
        link.carry(now, Way::Up, vec![0; 64]);
        let mut came = Vec::new();
        take(&mut link, now, &mut came);
        let [(_, frame)] = &came[..] else { panic!("{} frames", came.len()) };
        let bits = frame.iter().map(|byte| byte.count_ones()).sum::<u32>();
        assert!(bits <= 1);
        damaged += u64::from(bits);
        for bit in 0..places.len() {
            places[bit] += u64::from(frame[bit / 8] >> (bit % 8) & 1);
        }
    }
    binomial(damaged, 40_000, 0.3);
    for count in places {
        binomial(count, damaged, 1.0 / 512.0);
    }
    assert_eq!(link.mend(Instant(u64::MAX), "it"), Some(damaged));
}

#[test]
fn some_frames_overtake_those_that_are_delayed() {
    let conditions = Conditions {
        delay: Some(Duration(10 * MS)),
        reorder: Some(Reorder { share: percent(25), gap: 0 }),
        ..Conditions::default()
    };
    let mut link = under(conditions);
    let came = sent(&mut link, 20_000, Duration(MS), 60);
    let at_once = delays(&came, Duration(MS)).iter().filter(|delay| **delay == 0.0).count() as u64;
    assert!(delays(&came, Duration(MS)).iter().all(|delay| [0.0, 10.0 * MS as f64].contains(delay)));
    binomial(at_once, 20_000, 0.25);
    let reordered = counted(&mut link, Instant(u64::MAX), Way::Up)[6];
    // Those that come first of all overtake nobody.
    assert!(at_once - reordered < 10, "{reordered} of {at_once}");
}

#[test]
fn with_a_gap_every_nth_frame_overtakes() {
    let conditions = Conditions {
        delay: Some(Duration(10 * MS)),
        reorder: Some(Reorder { share: percent(100), gap: 5 }),
        ..Conditions::default()
    };
    let mut link = under(conditions);
    let came = sent(&mut link, 1000, Duration(MS), 60);
    let at_once: Vec<u64> = came
        .iter()
        .filter(|(at, frame)| at.0 == number(frame) * MS)
        .map(|(_, frame)| number(frame))
        .collect();
    assert_eq!(at_once, (0..1000).filter(|one| one % 5 == 4).collect::<Vec<_>>());
}

#[test]
fn jitter_follows_its_distribution() {
    let every = Duration(MS);
    let (mean, sigma) = (100.0 * MS as f64, 10.0 * MS as f64);
    let run = |distribution: Option<Distribution>| {
        let conditions = Conditions {
            delay: Some(Duration(100 * MS)),
            jitter: Some(Duration(10 * MS)),
            distribution,
            ..Conditions::default()
        };
        let came = sent(&mut under(conditions), 20_000, every, 60);
        assert_eq!(came.len(), 20_000);
        assert!(!order(&came).is_sorted(), "jitter reorders");
        delays(&came, every).into_iter().map(|delay| (delay - mean) / sigma).collect::<Vec<_>>()
    };
    for even in [None, Some(Distribution::Uniform)] {
        fits(run(even), |x| ((x + 1.0) / 2.0).clamp(0.0, 1.0));
    }
    fits(run(Some(Distribution::Normal)), normal);
    // Of x = 4/3 (u^(-1/3) - 3/2).
    let pareto = |x: f64| (1.0 - (x * 0.75 + 1.5).powi(-3)).clamp(0.0, 1.0);
    let cut = |x: f64| if x >= 3.99 { 1.0 } else { pareto(x) };
    fits(run(Some(Distribution::Pareto)), cut);
    let mixed = run(Some(Distribution::ParetoNormal));
    let share_below = |at: f64| mixed.iter().filter(|x| **x < at).count() as u64;
    // Quartiles of iproute2's paretonormal.dist.
    for (quantile, of_8192) in [(0.25, -4655.0), (0.5, -1968.0), (0.75, 2091.0)] {
        binomial(share_below(of_8192 / 8192.0), 20_000, quantile);
    }
}

/// Distribution function of the standard normal distribution (Abramowitz and Stegun 26.2.17, good to 7.5e-8).
fn normal(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let poly = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * poly;
    if x > 0.0 { 1.0 - tail } else { tail }
}

#[test]
fn a_rate_sends_one_frame_behind_the_other() {
    // 1000 bytes at 1 Mbit/s take 8 ms; they come each millisecond.
    let mut link = under(Conditions { rate: Some(BitRate(1_000_000)), ..Conditions::default() });
    let came = sent(&mut link, 100, Duration(MS), 1000);
    let times: Vec<u64> = came.iter().map(|(at, _)| at.0).collect();
    assert_eq!(times, (1..=100).map(|one| one * 8 * MS).collect::<Vec<_>>());
    // One that finds the line free takes its own time only.
    let mut link = under(Conditions { rate: Some(BitRate(1_000_000)), ..Conditions::default() });
    let came = sent(&mut link, 100, Duration(20 * MS), 500);
    assert!(delays(&came, Duration(20 * MS)).iter().all(|delay| *delay == 4.0 * MS as f64));
}

#[test]
fn waiting_for_the_line_counts_towards_the_delay_and_jitter_keeps_the_order() {
    let conditions = Conditions {
        delay: Some(Duration(50 * MS)),
        jitter: Some(Duration(40 * MS)),
        rate: Some(BitRate(1_000_000)),
        limit: Some(100_000),
        ..Conditions::default()
    };
    let mut link = under(conditions);
    let came = sent(&mut link, 2000, Duration(2 * MS), 125);
    assert!(order(&came).is_sorted());
    // The line is half used: it is the delay that counts, not a queue that grows.
    assert!(delays(&came, Duration(2 * MS)).iter().all(|delay| *delay <= 92.0 * MS as f64));
    let conditions = Conditions {
        delay: Some(Duration(50 * MS)),
        rate: Some(BitRate(1_000_000)),
        ..Conditions::default()
    };
    let came = sent(&mut under(conditions), 10, Duration(0), 1000);
    let times: Vec<u64> = came.iter().map(|(at, _)| at.0 / MS).collect();
    assert_eq!(times, [58, 66, 74, 82, 90, 98, 106, 114, 122, 130]);
}

#[test]
fn a_full_queue_drops_what_comes() {
    let mut link = under(Conditions { delay: Some(Duration(1000 * MS)), ..Conditions::default() });
    let came = sent(&mut link, 1500, Duration(1), 60);
    assert_eq!(order(&came), (0..1000).collect::<Vec<_>>());
    assert_eq!(counted(&mut link, Instant(u64::MAX), Way::Up)[2], 500);
    let conditions = Conditions { delay: Some(Duration(1000 * MS)), limit: Some(7), ..Conditions::default() };
    assert_eq!(sent(&mut under(conditions), 50, Duration(1), 60).len(), 7);
}

#[test]
fn what_is_lost_does_not_change_when_jitter_is_added() {
    let loss = Some(Loss::Random(percent(20)));
    let plain =
        order(&sent(&mut under(Conditions { loss, ..Conditions::default() }), 1000, Duration(MS), 60));
    let conditions = Conditions {
        loss,
        delay: Some(Duration(50 * MS)),
        jitter: Some(Duration(20 * MS)),
        ..Conditions::default()
    };
    let mut with_jitter = order(&sent(&mut under(conditions), 1000, Duration(MS), 60));
    assert_ne!(plain, with_jitter);
    with_jitter.sort_unstable();
    assert_eq!(plain, with_jitter);
}

#[test]
fn impairments_are_merged_and_each_counts_for_itself() {
    let mut link = Link::new(3);
    let both = |conditions| Impair::Conditions { direction: Direction::Both, conditions };
    let loss = Some(Loss::Random(percent(50)));
    impair(&mut link, Instant::ZERO, "loss", both(Conditions { loss, ..Conditions::default() }));
    let delay = Some(Duration(5 * MS));
    impair(&mut link, Instant::ZERO, "delay", both(Conditions { delay, ..Conditions::default() }));
    let came = sent(&mut link, 1000, Duration(MS), 60);
    let now = Instant(2_000 * MS);
    assert_eq!(link.mend(now, "delay"), Some(came.len() as u64));
    assert_eq!(link.mend(now, "delay"), None);
    link.carry(now, Way::Down, vec![0; 60]);
    assert_eq!(link.deadline(), None, "nothing is delayed any more");
    let lost = link.mend(now, "loss").unwrap();
    assert!((1000 - came.len() as u64..=1001 - came.len() as u64).contains(&lost));
}

#[test]
fn what_waits_when_an_impairment_is_taken_back_leaves_when_it_was_to_leave() {
    let mut link = under(Conditions { delay: Some(Duration(10 * MS)), ..Conditions::default() });
    link.carry(Instant::ZERO, Way::Up, numbered(1, 60));
    link.mend(Instant(MS), "it");
    link.carry(Instant(MS), Way::Up, numbered(2, 60));
    let mut came = Vec::new();
    take(&mut link, Instant(MS), &mut came);
    until(&mut link, Instant(u64::MAX), &mut came);
    assert_eq!(came, [(Instant(MS), numbered(2, 60)), (Instant(10 * MS), numbered(1, 60))]);

    let mut link = under(Conditions { delay: Some(Duration(10 * MS)), ..Conditions::default() });
    link.carry(Instant::ZERO, Way::Up, numbered(1, 60));
    link.clear(Instant(MS));
    assert_eq!(link.deadline(), None);
    assert_eq!(counted(&mut link, Instant(MS), Way::Up)[..3], [1, 60, 1]);
}

//! Any frames, under anything: nothing panics, nothing is lost sight of, and the same inputs give the same outputs.

use super::*;
use brownout_core::network::{
    Distribution, Fate, Loss, PacketRule, Predicate, Protocol, Reorder, Service, TcpFlag,
};
use brownout_core::quantity::BitRate;
use proptest::prelude::*;
use proptest::sample::select;

fn share() -> impl Strategy<Value = Share> {
    prop_oneof![Just(0), Just(1_000_000), 0..=1_000_000_i64].prop_map(Share)
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![Just(0), 0..10_000_000_u64, Just(u64::MAX)].prop_map(Duration)
}

fn direction() -> impl Strategy<Value = Direction> {
    select(vec![Direction::Up, Direction::Down, Direction::Both])
}

fn loss() -> impl Strategy<Value = Loss> {
    prop_oneof![
        share().prop_map(Loss::Random),
        [share(), share(), share(), share()].prop_map(|[p, r, bad, good]| Loss::GilbertElliott {
            p,
            r,
            bad,
            good
        }),
        [share(), share(), share(), share(), share()].prop_map(|[p13, p31, p23, p32, p14]| Loss::FourState {
            p13,
            p31,
            p23,
            p32,
            p14
        }),
    ]
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let times = (
        proptest::option::of(duration()),
        proptest::option::of(duration()),
        proptest::option::of(select(vec![
            Distribution::Uniform,
            Distribution::Normal,
            Distribution::Pareto,
            Distribution::ParetoNormal,
        ])),
    );
    let reorder = (share(), 0..4_u32).prop_map(|(share, gap)| Reorder { share, gap });
    (
        times,
        proptest::option::of(loss()),
        proptest::option::of(share()),
        proptest::option::of(share()),
        proptest::option::of(reorder),
        proptest::option::of((0..=100_000_000_000_i64).prop_map(BitRate)),
        proptest::option::of(0..20_u32),
    )
        .prop_map(|((delay, jitter, distribution), loss, duplicate, corrupt, reorder, rate, limit)| {
            Conditions { delay, jitter, distribution, loss, duplicate, corrupt, reorder, rate, limit }
        })
}

fn rule() -> impl Strategy<Value = PacketRule> {
    let protocol = select(vec![Protocol::Arp, Protocol::Icmp, Protocol::Tcp, Protocol::Udp]);
    let flags = proptest::collection::vec(select(vec![TcpFlag::Syn, TcpFlag::Ack]), 0..2);
    let fate = prop_oneof![Just(Fate::Drop), duration().prop_map(Fate::Delay), Just(Fate::Duplicate)];
    let of = (
        direction(),
        proptest::option::of(protocol),
        proptest::option::of(select(Service::ALL.to_vec())),
        proptest::option::of(any::<u16>()),
        flags,
        proptest::option::of(0..100_u32),
    );
    (of, 0..4_u64, any::<u64>(), fate).prop_map(|(of, nth, count, fate)| {
        let (direction, protocol, service, port, flags, payload_at_least) = of;
        let of = Predicate { direction, protocol, service, port, flags, payload_at_least };
        PacketRule { of, nth, count, fate }
    })
}

fn how() -> impl Strategy<Value = Impair> {
    prop_oneof![
        5 => (direction(), conditions())
            .prop_map(|(direction, conditions)| Impair::Conditions { direction, conditions }),
        2 => rule().prop_map(Impair::Packet),
        1 => (any::<u32>(), direction()).prop_map(|(mtu, direction)| Impair::MtuBlackHole { mtu, direction }),
        1 => Just(Impair::Unplug),
        1 => (duration(), duration()).prop_map(|(up, down)| Impair::Flap { up, down }),
    ]
}

/// A frame of any bytes, or one that looks like something.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let any_bytes = || proptest::collection::vec(any::<u8>(), 0..100);
    let shaped = (any_bytes(), select(vec![[8, 0], [8, 6], [0x81, 0], [0x86, 0xdd]]), any::<u8>(), 0..4_u8)
        .prop_map(|(mut bytes, kind, first, protocol)| {
            for (at, byte) in
                [(12, kind[0]), (13, kind[1]), (14, first), (23, [1, 6, 17, 99][protocol as usize])]
            {
                if let Some(place) = bytes.get_mut(at) {
                    *place = byte;
                }
            }
            bytes
        });
    prop_oneof![any_bytes(), shaped]
}

#[derive(Clone, Debug)]
enum Deed {
    Carry(Way, Vec<u8>),
    Impair(u8, Impair),
    Mend(u8),
    Clear,
    Plug(bool),
    Poll,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        12 => (select(vec![Way::Up, Way::Down]), frame()).prop_map(|(way, frame)| Deed::Carry(way, frame)),
        3 => (0..4_u8, how()).prop_map(|(name, how)| Deed::Impair(name, how)),
        1 => (0..4_u8).prop_map(Deed::Mend),
        1 => Just(Deed::Clear),
        1 => any::<bool>().prop_map(Deed::Plug),
        1 => Just(Deed::Poll),
    ]
}

fn perform(link: &mut Link, now: Instant, deed: &Deed) {
    match deed {
        Deed::Carry(way, frame) => link.carry(now, *way, frame.clone()),
        Deed::Impair(name, how) => impair(link, now, &name.to_string(), how.clone()),
        Deed::Mend(name) => _ = link.mend(now, &name.to_string()),
        Deed::Clear => link.clear(now),
        Deed::Plug(plugged) => link.plug(now, *plugged),
        Deed::Poll => link.poll(now),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_frame_is_accounted_for(
        seed: u64,
        deeds in proptest::collection::vec((0..20_000_000_u64, deed()), 0..60),
        recording: bool,
    ) {
        let mut link = Link::new(seed);
        if recording {
            link.record(crate::pcapng::Capture::new("dut", Duration::ZERO, 8192));
        }
        let mut now = Instant::ZERO;
        let mut delivered = [0_u64; 2];
        let mut other = link.clone();
        for (later, deed) in &deeds {
            now = now + Duration(*later);
            perform(&mut link, now, deed);
            perform(&mut other, now, deed);
            loop {
                let out = link.output();
                prop_assert_eq!(&out, &other.output(), "the same inputs give the same outputs");
                match out {
                    Some(LinkOut::Deliver { way: Way::Up, .. }) => delivered[0] += 1,
                    Some(LinkOut::Deliver { way: Way::Down, .. }) => delivered[1] += 1,
                    Some(_) => {}
                    None => break,
                }
            }
            prop_assert!(link.deadline().is_none_or(|due| due > now), "nothing that is due is left");
        }
        link.clear(now);
        for (way, delivered) in Way::ALL.into_iter().zip(delivered) {
            let [frames, _, dropped, _, duplicated, ..] = counted(&mut link, now, way);
            prop_assert_eq!(frames + duplicated, delivered + dropped);
        }
    }
}

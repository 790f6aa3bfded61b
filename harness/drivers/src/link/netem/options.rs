//! netem's options as the kernel takes them (`TCA_OPTIONS` of sch_netem, linux/pkt_sched.h): `struct tc_netem_qopt`, and
//! behind it attributes. All numbers are in the byte order of the machine.
//!
//! A change keeps what is not sent, so everything is sent always.

use crate::link::netlink::{Attributes, attribute, native, u32_at, u64_of};
use brownout_core::network::{Conditions, Distribution, Loss};
use brownout_core::quantity::Share;
use brownout_core::time::Duration;
use brownout_lab::link::jitter;

const TCA_NETEM_CORR: u16 = 1;
const TCA_NETEM_DELAY_DIST: u16 = 2;
const TCA_NETEM_REORDER: u16 = 3;
const TCA_NETEM_CORRUPT: u16 = 4;
const TCA_NETEM_LOSS: u16 = 5;
const TCA_NETEM_RATE: u16 = 6;
const TCA_NETEM_RATE64: u16 = 8;
const TCA_NETEM_LATENCY64: u16 = 10;
const TCA_NETEM_JITTER64: u16 = 11;
const TCA_NETEM_PRNG_SEED: u16 = 14;
/// The model with four states, "general and intuitive".
const NETEM_LOSS_GI: u16 = 1;
const NETEM_LOSS_GE: u16 = 2;

/// `sizeof(struct tc_netem_qopt)`: latency, limit, loss, gap, duplicate, jitter.
const QOPT: usize = 24;
/// A tick of the packet scheduler, in ns: the unit of the times in `tc_netem_qopt`.
const TICK: i64 = 64;
/// A little less than 2³¹ ns.
const MOST_JITTER: i64 = 2_147_000_000;
/// All, in millionths.
const ALL: i64 = 1_000_000;
/// How many packets netem holds where nobody says.
const LIMIT: u32 = 1000;

/// netem cannot do this. A sentence without a full stop, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Why not.
    pub(crate) why: String,
    /// What to do instead.
    pub(crate) instead: String,
}

fn refused<T>(why: impl Into<String>, instead: &str) -> Result<T, Refused> {
    Err(Refused { why: why.into(), instead: instead.to_owned() })
}

/// What a netem is set to. Probabilities are shares of 2³²-1, times are in ns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) latency: i64,
    pub(crate) jitter: i64,
    /// The kernel does not tell it.
    pub(crate) distribution: Distribution,
    pub(crate) limit: u32,
    pub(crate) loss: LossModel,
    pub(crate) duplicate: u32,
    pub(crate) corrupt: u32,
    pub(crate) reorder: u32,
    /// Every how many packets one may overtake; 0: none does.
    pub(crate) gap: u32,
    /// Bytes a second; 0: as fast as they come.
    pub(crate) rate: u64,
    /// Of its random numbers. Kernels before 6.6 take no notice of it, and do not tell it.
    pub(crate) seed: Option<u64>,
}

/// How packets are lost, in netem's own parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LossModel {
    Random(u32),
    /// `struct tc_netem_gemodel`: p, r, h (delivered while bad), k1 (lost while good).
    GilbertElliott([u32; 4]),
    /// `struct tc_netem_gimodel`: p13, p31, p32, p14, p23.
    FourState([u32; 5]),
}

/// The options for some conditions, encoded; `seed` is that of netem's random numbers.
#[cfg(test)]
fn encode(conditions: &Conditions, seed: u64) -> Result<Vec<u8>, Refused> {
    Ok(Options::of(conditions, seed)?.encode())
}

impl Options {
    /// What netem is to be set to.
    pub(crate) fn of(conditions: &Conditions, seed: u64) -> Result<Self, Refused> {
        let latency = nanoseconds(conditions.delay, i64::MAX, "delay")?;
        // The kernel's own arithmetic on jitter has 32 bits (`tabledist`, net/sched/sch_netem.c).
        let jitter = nanoseconds(conditions.jitter, MOST_JITTER, "jitter")?;
        if conditions.distribution.is_some() && jitter == 0 {
            return refused("a distribution says how jitter varies, and there is none", "give a jitter too");
        }
        let (reorder, gap) = match conditions.reorder {
            Some(reorder) if reorder.share.0 > 0 => {
                if latency == 0 {
                    return refused("frames can only overtake others that are delayed", "give a delay too");
                }
                (probability(reorder.share), reorder.gap.max(1))
            }
            _ => (0, 0),
        };
        let rate = match conditions.rate {
            Some(rate) if rate.0 < 8 => {
                return refused(
                    format!("{rate} is less than a byte a second, and netem counts bytes"),
                    "give a rate of at least 8bit/s, or a blackout",
                );
            }
            Some(rate) => u64::try_from(rate.0 / 8).unwrap_or(0),
            None => 0,
        };
        Ok(Self {
            latency,
            jitter,
            distribution: conditions.distribution.unwrap_or(Distribution::Uniform),
            limit: conditions.limit.unwrap_or(LIMIT),
            loss: conditions.loss.map_or(Ok(LossModel::Random(0)), LossModel::of)?,
            duplicate: conditions.duplicate.map_or(0, probability),
            corrupt: conditions.corrupt.map_or(0, probability),
            reorder,
            gap,
            rate,
            seed: Some(seed),
        })
    }

    /// As the kernel takes them.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let ticks = |time: i64| u32::try_from(time / TICK).unwrap_or(u32::MAX);
        let loss = if let LossModel::Random(share) = self.loss { share } else { 0 };
        let head = [ticks(self.latency), self.limit, loss, self.gap, self.duplicate, ticks(self.jitter)];
        let rate = u32::try_from(self.rate).unwrap_or(u32::MAX);
        let mut all = Attributes(native(&head))
            // Correlation lowers the rate of what it is said of instead of making bursts; nothing here has any.
            .words(TCA_NETEM_CORR, &[0, 0, 0])
            .words(TCA_NETEM_REORDER, &[self.reorder, 0])
            .words(TCA_NETEM_CORRUPT, &[self.corrupt, 0])
            // Rate, overhead a packet, size of a cell, overhead a cell.
            .words(TCA_NETEM_RATE, &[rate, 0, 0, 0])
            .bytes(TCA_NETEM_LATENCY64, &self.latency.to_ne_bytes())
            .bytes(TCA_NETEM_JITTER64, &self.jitter.to_ne_bytes());
        if self.rate > u64::from(u32::MAX) {
            all = all.bytes(TCA_NETEM_RATE64, &self.rate.to_ne_bytes());
        }
        // Without this one netem goes back to random loss by itself.
        all = match &self.loss {
            LossModel::Random(_) => all,
            LossModel::GilbertElliott(model) => {
                all.nest(TCA_NETEM_LOSS, &Attributes::default().words(NETEM_LOSS_GE, model))
            }
            LossModel::FourState(model) => {
                all.nest(TCA_NETEM_LOSS, &Attributes::default().words(NETEM_LOSS_GI, model))
            }
        };
        if let Some(seed) = self.seed {
            all = all.bytes(TCA_NETEM_PRNG_SEED, &seed.to_ne_bytes());
        }
        // A table that was sent stays, but is not looked at without jitter.
        if self.jitter != 0 {
            let table: Vec<u8> =
                jitter::table(self.distribution).iter().flat_map(|entry| entry.to_ne_bytes()).collect();
            all = all.bytes(TCA_NETEM_DELAY_DIST, &table);
        }
        all.0
    }

    /// What the kernel says that a netem is set to. It tells no distribution.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let attributes = bytes.get(QOPT..)?;
        let of = |kind| attribute(attributes, kind);
        let word = |kind, at| of(kind).and_then(|value| u32_at(value, at));
        let long = |kind| of(kind).and_then(u64_of).map(u64::cast_signed);
        let nested = |kind| of(TCA_NETEM_LOSS).and_then(|model| attribute(model, kind));
        let loss = if let Some(model) = nested(NETEM_LOSS_GE) {
            LossModel::GilbertElliott(words(model)?)
        } else if let Some(model) = nested(NETEM_LOSS_GI) {
            LossModel::FourState(words(model)?)
        } else {
            LossModel::Random(u32_at(bytes, 8)?)
        };
        let ticks = |at| u32_at(bytes, at).map(|ticks| i64::from(ticks) * TICK);
        Some(Self {
            latency: long(TCA_NETEM_LATENCY64).or_else(|| ticks(0))?,
            jitter: long(TCA_NETEM_JITTER64).or_else(|| ticks(20))?,
            distribution: Distribution::Uniform,
            limit: u32_at(bytes, 4)?,
            loss,
            duplicate: u32_at(bytes, 16)?,
            corrupt: word(TCA_NETEM_CORRUPT, 0).unwrap_or(0),
            reorder: word(TCA_NETEM_REORDER, 0).unwrap_or(0),
            gap: u32_at(bytes, 12)?,
            rate: of(TCA_NETEM_RATE64)
                .and_then(u64_of)
                .or_else(|| word(TCA_NETEM_RATE, 0).map(u64::from))
                .unwrap_or(0),
            seed: of(TCA_NETEM_PRNG_SEED).and_then(u64_of),
        })
    }

    /// What is not as it was asked for, in netem's own terms; `self` is what was asked for.
    pub(crate) fn missed(&self, told: &Self) -> Vec<String> {
        fn one<T: PartialEq + std::fmt::Debug>(name: &str, asked: &T, told: &T) -> Option<String> {
            (asked != told).then(|| format!("{name} {told:?} instead of {asked:?}"))
        }
        let all = [
            one("delay", &self.latency, &told.latency),
            one("jitter", &self.jitter, &told.jitter),
            one("limit", &self.limit, &told.limit),
            one("loss", &self.loss, &told.loss),
            one("duplicate", &self.duplicate, &told.duplicate),
            one("corrupt", &self.corrupt, &told.corrupt),
            one("reorder", &(self.reorder, self.gap), &(told.reorder, told.gap)),
            one("rate", &self.rate, &told.rate),
        ];
        all.into_iter().flatten().collect()
    }
}

impl LossModel {
    fn of(loss: Loss) -> Result<Self, Refused> {
        Ok(match loss {
            Loss::Random(share) => Self::Random(probability(share)),
            Loss::GilbertElliott { p, r, bad, good } => {
                // netem asks how much is delivered while bad.
                let delivered = Share(ALL - bad.0);
                Self::GilbertElliott([p, r, delivered, good].map(probability))
            }
            Loss::FourState { p13, p31, p23, p32, p14 } => {
                for (names, sum) in [("p13 and p14", p13.0 + p14.0), ("p31 and p32", p31.0 + p32.0)] {
                    if sum > ALL {
                        return refused(
                            format!("{names} lead away from the same state and are {} together", Share(sum)),
                            "lower one of them; together they are 100% at most",
                        );
                    }
                }
                Self::FourState([p13, p31, p32, p14, p23].map(probability))
            }
        })
    }
}

fn nanoseconds(time: Option<Duration>, most: i64, what: &str) -> Result<i64, Refused> {
    let Some(time) = time else { return Ok(0) };
    match i64::try_from(time.0) {
        Ok(nanoseconds) if nanoseconds <= most => Ok(nanoseconds),
        _ => {
            let most = Duration(most.unsigned_abs());
            refused(format!("netem takes a {what} of {most} at most"), "use a shorter one")
        }
    }
}

/// A share of 2³²-1.
fn probability(share: Share) -> u32 {
    let millionths = u64::try_from(share.0.clamp(0, ALL)).unwrap_or(0);
    let all = ALL.unsigned_abs();
    ((millionths * u64::from(u32::MAX) + all / 2) / all) as u32
}

fn words<const N: usize>(bytes: &[u8]) -> Option<[u32; N]> {
    let mut words = [0; N];
    for (index, word) in words.iter_mut().enumerate() {
        *word = u32_at(bytes, index * 4)?;
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use brownout_core::network::Reorder;
    use brownout_core::quantity::BitRate;
    use proptest::prelude::*;

    /// A dump as a person reads it: an attribute a line, a table of jitter by its length.
    fn shown(bytes: &[u8]) -> String {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
        let mut text = format!("qopt {}\n", hex(&bytes[..QOPT]));
        for (kind, value) in crate::link::netlink::attributes(&bytes[QOPT..]) {
            let value = if value.len() > 64 { format!("{} bytes", value.len()) } else { hex(value) };
            text += &format!("{kind:4} {value}\n");
        }
        text
    }

    fn share(percent: f64) -> Share {
        Share((percent * 10_000.0) as i64)
    }

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
    }

    /// What `tc` of iproute2 6.1 sends for the same, as strace saw it, must mean the same as what we send.
    #[cfg(target_endian = "little")]
    #[test]
    fn it_means_what_tc_sends() {
        // netem limit 500 delay 100ms 10ms loss 1% duplicate 0.5% corrupt 0.1% rate 1mbit
        let theirs = hex("84 d7 17 00 f4 01 00 00 29 5c 8f 02 00 00 00 00 14 ae 47 01 5a 62 02 00 \
             0c 00 04 00 37 89 41 00 00 00 00 00 14 00 06 00 48 e8 01 00 00 00 00 00 00 00 00 00 00 00 00 00");
        let ours = Conditions {
            limit: Some(500),
            delay: Some(Duration::from_millis(100)),
            jitter: Some(Duration::from_millis(10)),
            loss: Some(Loss::Random(share(1.0))),
            duplicate: Some(share(0.5)),
            corrupt: Some(share(0.1)),
            rate: Some(BitRate(1_000_000)),
            ..Conditions::default()
        };
        same(&theirs, &ours);
        // netem delay 20ms reorder 25% gap 5 loss gemodel 1% 10% 70% 0.1%
        let theirs = hex("b4 c4 04 00 e8 03 00 00 00 00 00 00 05 00 00 00 00 00 00 00 00 00 00 00 \
             0c 00 03 00 00 00 00 40 00 00 00 00 \
             18 00 05 80 14 00 02 00 29 5c 8f 02 9a 99 99 19 cd cc cc 4c 37 89 41 00");
        let (p, r, bad, good) = (share(1.0), share(10.0), share(70.0), share(0.1));
        let ours = Conditions {
            delay: Some(Duration::from_millis(20)),
            reorder: Some(Reorder { share: share(25.0), gap: 5 }),
            loss: Some(Loss::GilbertElliott { p, r, bad, good }),
            ..Conditions::default()
        };
        same(&theirs, &ours);
        // netem loss state 1% 20% 30% 40% 2%
        let theirs = hex("00 00 00 00 e8 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 \
             1c 00 05 80 18 00 01 00 29 5c 8f 02 33 33 33 33 cd cc cc 4c 52 b8 1e 05 66 66 66 66");
        let (p13, p31, p32, p23, p14) = (share(1.0), share(20.0), share(30.0), share(40.0), share(2.0));
        let ours =
            Conditions { loss: Some(Loss::FourState { p13, p31, p23, p32, p14 }), ..Conditions::default() };
        same(&theirs, &ours);
    }

    fn same(theirs: &[u8], ours: &Conditions) {
        let ours = Options::of(ours, 0).unwrap();
        let theirs = Options::decode(theirs).unwrap();
        // A tick of tc's older attribute is 64 ns, and its clock is off by one part in 64.
        let near = |ours: i64, theirs: i64| (ours - theirs).abs() <= ours / 50;
        assert!(
            near(ours.latency, theirs.latency) && near(ours.jitter, theirs.jitter),
            "{ours:?} {theirs:?}"
        );
        let theirs = Options { latency: ours.latency, jitter: ours.jitter, ..theirs };
        assert_eq!(ours.missed(&theirs), Vec::<String>::new());
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn everything_is_sent_always() {
        let nothing = shown(&encode(&Conditions::default(), 7).unwrap());
        insta::assert_snapshot!(nothing, @r"
        qopt 00 00 00 00 e8 03 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
           1 00 00 00 00 00 00 00 00 00 00 00 00
           3 00 00 00 00 00 00 00 00
           4 00 00 00 00 00 00 00 00
           6 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
          10 00 00 00 00 00 00 00 00
          11 00 00 00 00 00 00 00 00
          14 07 00 00 00 00 00 00 00
        ");
        let everything = Conditions {
            limit: Some(64),
            delay: Some(Duration::from_millis(100)),
            jitter: Some(Duration::from_millis(10)),
            distribution: Some(Distribution::ParetoNormal),
            loss: Some(Loss::GilbertElliott {
                p: share(1.0),
                r: share(25.0),
                bad: share(100.0),
                good: share(0.0),
            }),
            duplicate: Some(share(2.0)),
            corrupt: Some(share(3.0)),
            reorder: Some(Reorder { share: share(50.0), gap: 0 }),
            rate: Some(BitRate(100_000_000_000)),
        };
        insta::assert_snapshot!(shown(&encode(&everything, u64::MAX).unwrap()), @r"
        qopt 84 d7 17 00 40 00 00 00 00 00 00 00 01 00 00 00 52 b8 1e 05 5a 62 02 00
           1 00 00 00 00 00 00 00 00 00 00 00 00
           3 00 00 00 80 00 00 00 00
           4 7b 14 ae 07 00 00 00 00
           6 ff ff ff ff 00 00 00 00 00 00 00 00 00 00 00 00
          10 00 e1 f5 05 00 00 00 00
          11 80 96 98 00 00 00 00 00
           8 00 dd 0e e9 02 00 00 00
           5 14 00 02 00 29 5c 8f 02 00 00 00 40 00 00 00 00 00 00 00 00
          14 ff ff ff ff ff ff ff ff
           2 8192 bytes
        ");
    }

    #[test]
    fn what_netem_cannot_do_is_refused_with_a_way_out() {
        let (millisecond, zero) = (Some(Duration::from_millis(1)), Some(Duration::ZERO));
        let cases = [
            Conditions { jitter: Some(Duration::from_secs(3)), ..Conditions::default() },
            Conditions {
                delay: millisecond,
                distribution: Some(Distribution::Normal),
                ..Conditions::default()
            },
            Conditions {
                delay: zero,
                reorder: Some(Reorder { share: share(1.0), gap: 0 }),
                ..Conditions::default()
            },
            Conditions { rate: Some(BitRate(7)), ..Conditions::default() },
            Conditions {
                loss: Some(Loss::FourState {
                    p13: share(60.0),
                    p31: share(1.0),
                    p23: share(1.0),
                    p32: share(1.0),
                    p14: share(50.0),
                }),
                ..Conditions::default()
            },
        ];
        let refusals: Vec<_> = cases
            .iter()
            .map(|conditions| {
                let Refused { why, instead } = encode(conditions, 0).unwrap_err();
                format!("{why}; {instead}")
            })
            .collect();
        insta::assert_snapshot!(refusals.join("\n"), @r"
        netem takes a jitter of 2.147s at most; use a shorter one
        a distribution says how jitter varies, and there is none; give a jitter too
        frames can only overtake others that are delayed; give a delay too
        7bit/s is less than a byte a second, and netem counts bytes; give a rate of at least 8bit/s, or a blackout
        p13 and p14 lead away from the same state and are 110% together; lower one of them; together they are 100% at most
        ");
    }

    proptest! {
        #[test]
        fn what_is_sent_reads_back(
            (latency, jitter) in (0..i64::MAX, 0..MOST_JITTER),
            numbers in proptest::array::uniform4(any::<u32>()),
            gap in any::<u32>(),
            rate in prop_oneof![0..u64::from(u32::MAX), any::<u64>()],
            seed in proptest::option::of(any::<u64>()),
            loss in prop_oneof![
                any::<u32>().prop_map(LossModel::Random),
                any::<[u32; 4]>().prop_map(LossModel::GilbertElliott),
                any::<[u32; 5]>().prop_map(LossModel::FourState),
            ],
        ) {
            let [limit, duplicate, corrupt, reorder] = numbers;
            let distribution = Distribution::Uniform;
            let options =
                Options { latency, jitter, distribution, limit, loss, duplicate, corrupt, reorder, gap, rate, seed };
            prop_assert_eq!(Options::decode(&options.encode()), Some(options));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
            let _ = Options::decode(&bytes);
        }
    }
}

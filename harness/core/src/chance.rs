//! What the seed decides upon. SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).

use std::collections::BTreeSet;

/// A stream of numbers out of a seed.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The stream of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }

    /// A number below a bound; 0 below 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The product is below `bound` times 2^64, so its upper half is below `bound`.
        let scaled = (u128::from(self.number()) * u128::from(bound)) >> 64;
        u64::try_from(scaled).unwrap_or(0)
    }
}

/// So many random bytes.
pub fn noise(bytes: u32, seed: u64) -> Vec<u8> {
    let mut chance = Chance::new(seed);
    (0..bytes).map(|_| (chance.number() >> 32) as u8).collect()
}

/// A mask of so many bytes with so many different bits set, all of them if there are no more.
pub fn scattered_bits(bytes: u32, bits: u32, seed: u64) -> Vec<u8> {
    let total = u64::from(bytes) * 8;
    let mut chance = Chance::new(seed);
    let mut chosen = BTreeSet::new();
    // Floyd's way to a random sample: each number once, whatever the sample's size.
    for last in total.saturating_sub(u64::from(bits))..total {
        let bit = chance.below(last + 1);
        if !chosen.insert(bit) {
            chosen.insert(last);
        }
    }
    let mut mask = vec![0; bytes as usize];
    for bit in chosen {
        if let Some(byte) = usize::try_from(bit / 8).ok().and_then(|at| mask.get_mut(at)) {
            *byte |= 1 << (bit % 8);
        }
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn as_many_bits_as_asked(bytes in 1..64_u32, bits in 1..600_u32, seed: u64) {
            let mask = scattered_bits(bytes, bits, seed);
            prop_assert_eq!(mask.len(), bytes as usize);
            let set: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
            prop_assert_eq!(set, bits.min(bytes * 8));
        }
    }

    #[test]
    fn every_bit_may_be_chosen() {
        let all = (0..500).fold(vec![0; 2], |all: Vec<u8>, seed| {
            all.iter().zip(scattered_bits(2, 1, seed)).map(|(a, b)| a | b).collect()
        });
        assert_eq!(all, [0xff, 0xff]);
    }
}

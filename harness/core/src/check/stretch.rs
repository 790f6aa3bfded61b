//! Stretches of the timeline: where a check looks, and what it leaves out.

use super::timeline::Mark;
use crate::time::{Duration, Instant};

/// A stretch of the timeline. Its events are told by their places, its length by its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The place of its first event.
    pub begin: usize,
    /// One past the place of its last event.
    pub end: usize,
    /// When it begins.
    pub from: Instant,
    /// When it ends.
    pub to: Instant,
}

impl Stretch {
    /// From one event up to, but not including, another.
    pub(super) fn between(from: Mark<'_>, to: Mark<'_>) -> Self {
        Self { begin: from.place, end: to.place, from: from.event.at, to: to.event.at }
    }

    /// How long it is.
    pub fn length(&self) -> Duration {
        self.to - self.from
    }

    /// Its events' places.
    pub(super) fn places(&self) -> std::ops::Range<usize> {
        self.begin..self.end
    }

    /// Whether a part of some length is also between two times.
    pub(crate) fn overlaps(&self, from: Instant, to: Instant) -> bool {
        self.from < to && from < self.to
    }

    /// What is left of it without some others.
    pub(super) fn without(self, holes: &[Self]) -> Vec<Self> {
        holes.iter().fold(vec![self], |pieces, hole| {
            pieces
                .into_iter()
                .flat_map(|piece| {
                    if hole.end <= piece.begin || piece.end <= hole.begin {
                        return vec![piece];
                    }
                    let before =
                        Self { end: hole.begin.max(piece.begin), to: hole.from.max(piece.from), ..piece };
                    let after = Self { begin: hole.end.min(piece.end), from: hole.to.min(piece.to), ..piece };
                    [before, after].into_iter().filter(|p| p.begin < p.end || p.from < p.to).collect()
                })
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(begin: usize, end: usize) -> Stretch {
        Stretch { begin, end, from: Instant(begin as u64 * 10), to: Instant(end as u64 * 10) }
    }

    #[test]
    fn holes_leave_what_is_round_them() {
        let of = |holes: &[Stretch]| stretch(10, 20).without(holes);
        assert_eq!(of(&[]), [stretch(10, 20)]);
        assert_eq!(
            of(&[stretch(12, 14), stretch(17, 18)]),
            [stretch(10, 12), stretch(14, 17), stretch(18, 20)]
        );
        assert_eq!(of(&[stretch(5, 12)]), [stretch(12, 20)]);
        assert_eq!(of(&[stretch(18, 25)]), [stretch(10, 18)]);
        assert_eq!(of(&[stretch(5, 25)]), []);
        assert_eq!(of(&[stretch(20, 25), stretch(1, 10)]), [stretch(10, 20)]);
        assert_eq!(of(&[stretch(12, 16), stretch(14, 18)]), [stretch(10, 12), stretch(18, 20)]);
    }
}

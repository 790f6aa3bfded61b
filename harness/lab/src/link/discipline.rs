//! One way through the link: what netem does to a frame, in netem's order (Linux, net/sched/sch_netem.c).
//!
//! 1. Duplicate and loss are both asked. A frame that is to be lost and to come twice comes once. The copy meets
//!    everything below, and loss, for itself; it is not copied again.
//! 2. Corruption inverts one bit anywhere in the frame.
//! 3. A frame that finds as many waiting as the limit allows is dropped.
//! 4. It leaves at once (reorder, whose gap counts frames since the last one that did), or after delay and jitter. With
//!    a rate it leaves when the frame before it has left and its own bits have been sent; what it waited for that is taken
//!    off its delay. So jitter makes frames overtake each other unless there is a rate.

use super::Way;
use super::books::{Books, Story};
use super::jitter;
use super::loss::Model;
use super::queue::{Queue, Waiting};
use super::terms::{Set, Terms};
use crate::pcapng::Side;
use brownout_core::chance::Chance;
use brownout_core::network::Traffic;
use brownout_core::quantity::Share;
use brownout_core::time::{Duration, Instant};

/// What one way did with frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) frames: u64,
    pub(super) bytes: u64,
    pub(super) dropped: u64,
    pub(super) delayed: u64,
    pub(super) duplicated: u64,
    pub(super) corrupted: u64,
    pub(super) reordered: u64,
}

impl Counters {
    pub(super) fn arrived(&mut self, frame: &[u8]) {
        self.frames += 1;
        self.bytes = self.bytes.saturating_add(frame.len() as u64);
    }

    pub(super) fn told(&self, way: Way) -> Traffic {
        let Self { frames, bytes, dropped, delayed, duplicated, corrupted, reordered } = *self;
        let direction = way.direction();
        Traffic::Counters { direction, frames, bytes, dropped, delayed, duplicated, corrupted, reordered }
    }
}

/// What decides, each by a stream of its own: so which frames are lost does not change when jitter is added.
#[derive(Clone, Debug)]
struct Chances {
    loss: Chance,
    duplicate: Chance,
    corrupt: Chance,
    reorder: Chance,
    jitter: Chance,
}

/// One way through the link.
#[derive(Clone, Debug)]
pub(super) struct Discipline {
    pub(super) way: Way,
    pub(super) counters: Counters,
    terms: Terms,
    loss: Model,
    chances: Chances,
    queue: Queue,
    /// Frames since the last one that was sent ahead.
    since_ahead: u32,
    /// When the last frame in line has left.
    line_free: Instant,
    /// When the last frame that waits leaves.
    latest: Instant,
}

impl Discipline {
    pub(super) fn new(way: Way, seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let mut stream = || Chance::new(chance.number());
        Self {
            way,
            counters: Counters::default(),
            terms: Terms::default(),
            loss: Model::default(),
            chances: Chances {
                loss: stream(),
                duplicate: stream(),
                corrupt: stream(),
                reorder: stream(),
                jitter: stream(),
            },
            queue: Queue::default(),
            since_ahead: 0,
            line_free: Instant::ZERO,
            latest: Instant::ZERO,
        }
    }

    /// Sets the terms. What did not change goes on where it was.
    pub(super) fn set(&mut self, terms: Terms) {
        self.loss.set(terms.loss.map(|loss| loss.to));
        if terms.reorder.map(|reorder| reorder.to) != self.terms.reorder.map(|reorder| reorder.to) {
            self.since_ahead = 0;
        }
        self.terms = terms;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.queue.next()
    }

    /// The next frame that is due by then.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Waiting> {
        self.queue.next().filter(|at| *at <= now)?;
        self.queue.pop()
    }

    /// Drops what waits.
    pub(super) fn drop_all(&mut self) {
        self.counters.dropped += self.queue.clear();
        (self.line_free, self.latest) = (Instant::ZERO, Instant::ZERO);
    }

    /// A frame enters, and is then held for `later` beyond what the terms say. `copy` is one that a rule made.
    pub(super) fn enter(
        &mut self,
        now: Instant,
        later: Duration,
        frame: Vec<u8>,
        copy: bool,
        books: &mut Books<'_>,
        story: &mut Story,
    ) {
        let twice = self.terms.duplicate.filter(|share| hit(&mut self.chances.duplicate, share.to));
        match (twice, self.loses()) {
            (None, Some(by)) => return self.lose(now, &frame, by, copy, books, story),
            (Some(share), None) => {
                self.counters.duplicated += 1;
                books.met(share.by);
                let name = books.name(share.by);
                story.mark(copy, format_args!("doubled by {name}"));
                // Of the device's own frame it is said once.
                if self.way == Way::Down {
                    story.mark(true, format_args!("a copy, by {name}"));
                }
                match self.loses() {
                    Some(by) => self.lose(now, &frame, by, true, books, story),
                    None => self.pass(now, later, frame.clone(), true, books, story),
                }
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
        self.pass(now, later, frame, copy, books, story);
    }

    /// Whether a frame is lost, and through whom.
    fn loses(&mut self) -> Option<usize> {
        let Set { by, .. } = self.terms.loss?;
        self.loss.loses(&mut self.chances.loss).then_some(by)
    }

    fn lose(
        &mut self,
        now: Instant,
        frame: &[u8],
        by: usize,
        copy: bool,
        books: &mut Books<'_>,
        story: &mut Story,
    ) {
        books.met(by);
        story.mark(copy, format_args!("dropped by {}", books.name(by)));
        self.dropped(now, frame, copy, books, story);
    }

    fn dropped(&mut self, now: Instant, frame: &[u8], copy: bool, books: &mut Books<'_>, story: &Story) {
        self.counters.dropped += 1;
        if self.way == Way::Down && books.is_recording() {
            books.capture(now, Side::Received, frame, &story.of(copy));
        }
    }

    /// What meets a frame that is not lost.
    fn pass(
        &mut self,
        now: Instant,
        later: Duration,
        mut frame: Vec<u8>,
        copy: bool,
        books: &mut Books<'_>,
        story: &mut Story,
    ) {
        if let Some(share) = self.terms.corrupt
            && hit(&mut self.chances.corrupt, share.to)
            && let Some((place, bit)) = invert_a_bit(&mut frame, &mut self.chances.corrupt)
        {
            self.counters.corrupted += 1;
            books.met(share.by);
            story.mark(copy, format_args!("bit {bit} of byte {place} inverted by {}", books.name(share.by)));
        }
        let (limit, set_by) = self.terms.limit();
        if self.queue.len() >= limit as usize {
            if let Some(by) = set_by {
                books.met(by);
            }
            story.mark(copy, format_args!("dropped: {limit} frames wait already"));
            return self.dropped(now, &frame, copy, books, story);
        }
        let leaves = match self.goes_ahead() {
            Some(by) => {
                // With nobody to overtake, it only leaves early.
                if self.latest > now {
                    books.met(by);
                }
                story.mark(copy, format_args!("sent ahead by {}", books.name(by)));
                now
            }
            None => self.in_line(now, frame.len()),
        };
        if leaves > now {
            for by in self.terms.who_delays() {
                books.met(by);
                story.mark(copy, format_args!("held for {} by {}", leaves.since(now), books.name(by)));
            }
        }
        let leaves = leaves + later;
        self.counters.delayed += u64::from(leaves > now);
        self.counters.reordered += u64::from(leaves < self.latest && self.latest > now);
        self.latest = self.latest.max(leaves);
        let note = if self.way == Way::Down { story.of(copy) } else { String::new() };
        self.queue.push(leaves, frame, note);
    }

    /// Whether a frame is sent ahead of those that wait, and through whom.
    fn goes_ahead(&mut self) -> Option<usize> {
        let Set { to: reorder, by } = self.terms.reorder?;
        // A gap of 0 or 1 lets any frame.
        let may = self.since_ahead >= reorder.gap.saturating_sub(1);
        if may && hit(&mut self.chances.reorder, reorder.share) {
            self.since_ahead = 0;
            return Some(by);
        }
        self.since_ahead = self.since_ahead.saturating_add(1);
        None
    }

    /// When a frame leaves that waits in line.
    fn in_line(&mut self, now: Instant, bytes: usize) -> Instant {
        let delay = self.terms.delay.map_or(0, |delay| signed(delay.to));
        let varies = self.terms.jitter.map_or(0, |jitter| {
            let distribution = self.terms.distribution.map(|distribution| distribution.to);
            jitter::offset(distribution, jitter.to, &mut self.chances.jitter)
        });
        let delay = delay.saturating_add(varies);
        let leaves = match self.terms.rate {
            Some(rate) => {
                // Its wait for the frame before it counts towards its delay.
                let begins = now.max(self.line_free);
                let rest = delay.saturating_sub(signed(begins.since(now))).max(0);
                begins + Duration(rest.unsigned_abs()) + sending(bytes, rate.to.0)
            }
            None if delay < 0 => now,
            None => now + Duration(delay.unsigned_abs()),
        };
        self.line_free = self.line_free.max(leaves);
        leaves
    }
}

fn signed(duration: Duration) -> i64 {
    i64::try_from(duration.0).unwrap_or(i64::MAX)
}

/// Whether chance says so.
pub(super) fn hit(chance: &mut Chance, share: Share) -> bool {
    chance.below(1_000_000) < share.0.unsigned_abs()
}

/// How long so many bytes take at a rate in bit/s.
fn sending(bytes: usize, rate: i64) -> Duration {
    let bits = u128::from(bytes as u64) * 8;
    let nanos = (bits * 1_000_000_000).checked_div(u128::from(rate.unsigned_abs())).unwrap_or(0);
    Duration(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Inverts one bit anywhere: of which byte, and which.
fn invert_a_bit(frame: &mut [u8], chance: &mut Chance) -> Option<(usize, u32)> {
    let bit = chance.below(frame.len() as u64 * 8);
    let (place, bit) = (usize::try_from(bit / 8).ok()?, (bit % 8) as u32);
    *frame.get_mut(place)? ^= 1 << bit;
    Some((place, bit))
}

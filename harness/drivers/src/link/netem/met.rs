//! How often frames met an impairment, from what netem counts.

use super::qdisc::Counted;
use brownout_core::network::{Conditions, Direction, Impair};
use brownout_core::quantity::Share;
use brownout_core::time::Instant;
use brownout_ports::Observed;

/// An impairment in force.
pub(super) struct InForce {
    pub(super) name: String,
    how: Impair,
    times: u64,
    /// Packets that passed while copies or damage were to be expected.
    exposed: u64,
    /// A cable that comes and goes.
    turns: Option<Turns>,
}

struct Turns {
    out: bool,
    next: Instant,
}

/// How many copies, or damaged packets, are to be expected before they count as met: that there was none all the same
/// has then a probability of e⁻⁷, less than one in a thousand.
const CERTAIN: u64 = 7;

impl InForce {
    pub(super) fn new(name: String, how: Impair, now: Instant) -> Self {
        let turns = match &how {
            Impair::Flap { down, .. } => Some(Turns { out: true, next: now + *down }),
            _ => None,
        };
        Self { name, how, times: 0, exposed: 0, turns }
    }

    /// How often it was met.
    pub(super) fn times(&self) -> u64 {
        self.times
    }

    /// Its conditions for a direction.
    pub(super) fn conditions(&self, direction: Direction) -> Option<&Conditions> {
        match &self.how {
            Impair::Conditions { direction: of, conditions } if of.each().contains(&direction) => {
                Some(conditions)
            }
            _ => None,
        }
    }

    pub(super) fn is_for(&self, direction: Direction) -> bool {
        self.conditions(direction).is_some()
    }

    /// Whether the cable is out for it.
    pub(super) fn is_out(&self) -> bool {
        matches!(self.how, Impair::Unplug) || self.turns.as_ref().is_some_and(|turns| turns.out)
    }

    /// Whether a cable that comes and goes has done so.
    pub(super) fn turn(&mut self, now: Instant) -> bool {
        let (Impair::Flap { up, down }, Some(turns)) = (&self.how, &mut self.turns) else { return false };
        if now < turns.next {
            return false;
        }
        turns.out = !turns.out;
        turns.next = now + if turns.out { *down } else { *up };
        true
    }

    /// The cable was pulled.
    pub(super) fn pulled(&mut self) -> Option<Observed> {
        if self.is_out() { self.met(1) } else { None }
    }

    /// Packets passed a direction.
    pub(super) fn passed(&mut self, direction: Direction, since: &Counted) -> Option<Observed> {
        let conditions = self.conditions(direction)?.clone();
        let mut met = 0;
        if conditions.loss.is_some() || conditions.limit.is_some() {
            met = since.dropped;
        }
        if conditions.reorder.is_some() {
            met = met.max(since.overtaking);
        }
        if conditions.delay.is_some() || conditions.jitter.is_some() || conditions.rate.is_some() {
            met = met.max(since.packets);
        }
        // netem counts neither copies nor damage.
        for Share(share) in [conditions.duplicate, conditions.corrupt].into_iter().flatten() {
            let expected = |packets: u64| packets.saturating_mul(share.unsigned_abs()) / 1_000_000;
            let before = expected(self.exposed);
            let now = expected(self.exposed + since.packets);
            let certain = |expected: u64| if expected < CERTAIN { 0 } else { expected };
            met = met.max(certain(now) - certain(before));
        }
        self.exposed += since.packets;
        self.met(met)
    }

    /// It was met so many times more: that is told at the first time and at each tenfold.
    fn met(&mut self, more: u64) -> Option<Observed> {
        let before = self.times;
        self.times += more;
        let tenfold = self.times.checked_ilog10() != before.checked_ilog10();
        tenfold.then(|| Observed::Met { name: self.name.clone(), times: self.times })
    }
}

/// What was counted between two looks.
pub(super) fn since(before: &Counted, now: &Counted) -> Counted {
    Counted {
        packets: now.packets.saturating_sub(before.packets),
        bytes: now.bytes.saturating_sub(before.bytes),
        dropped: now.dropped.saturating_sub(before.dropped),
        overtaking: now.overtaking.saturating_sub(before.overtaking),
        held: now.held,
        overlimits: now.overlimits.saturating_sub(before.overlimits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brownout_core::network::Loss;
    use brownout_core::time::Duration;

    fn conditions(conditions: Conditions) -> InForce {
        let how = Impair::Conditions { direction: Direction::Down, conditions };
        InForce::new("fault".to_owned(), how, Instant(0))
    }

    fn told(seen: Option<Observed>) -> Option<u64> {
        match seen {
            Some(Observed::Met { times, .. }) => Some(times),
            _ => None,
        }
    }

    #[test]
    fn losses_are_what_was_dropped_in_that_direction_and_told_at_each_tenfold() {
        let mut loss =
            conditions(Conditions { loss: Some(Loss::Random(Share(10_000))), ..Conditions::default() });
        let dropped = |dropped| Counted { packets: 1000, dropped, ..Counted::default() };
        assert_eq!(told(loss.passed(Direction::Down, &dropped(0))), None);
        assert_eq!(told(loss.passed(Direction::Up, &dropped(3))), None);
        assert_eq!(told(loss.passed(Direction::Down, &dropped(3))), Some(3));
        assert_eq!(told(loss.passed(Direction::Down, &dropped(4))), None);
        assert_eq!(told(loss.passed(Direction::Down, &dropped(4))), Some(11));
        assert_eq!(loss.times(), 11);
    }

    #[test]
    fn copies_count_when_it_is_certain_that_there_were_some() {
        let mut duplicate =
            conditions(Conditions { duplicate: Some(Share(10_000)), ..Conditions::default() });
        let packets = |packets| Counted { packets, ..Counted::default() };
        assert_eq!(told(duplicate.passed(Direction::Down, &packets(699))), None);
        assert_eq!(told(duplicate.passed(Direction::Down, &packets(1))), Some(7));
        assert_eq!(told(duplicate.passed(Direction::Down, &packets(300))), Some(10));
    }

    #[test]
    fn a_cable_that_comes_and_goes_begins_with_going() {
        let (up, down) = (Duration::from_millis(100), Duration::from_millis(10));
        let mut flap = InForce::new("flap".to_owned(), Impair::Flap { up, down }, Instant(0));
        assert!(flap.is_out());
        assert_eq!(told(flap.pulled()), Some(1));
        assert!(!flap.turn(Instant(9_999_999)));
        assert!(flap.turn(Instant(10_000_000)) && !flap.is_out());
        assert_eq!(told(flap.pulled()), None);
        assert!(flap.turn(Instant(110_000_000)) && flap.is_out());
    }
}

//! What a service does wrong at present, by name, and how often the device met it.

use crate::service::Seen;

/// Misbehaviours of one service, in the order in which they were set.
#[derive(Clone, Debug)]
pub struct Faults<F> {
    all: Vec<InForce<F>>,
}

#[derive(Clone, Debug)]
struct InForce<F> {
    name: String,
    fault: F,
    times: u64,
}

impl<F> Default for Faults<F> {
    fn default() -> Self {
        Self { all: Vec::new() }
    }
}

impl<F> Faults<F> {
    /// Sets one; the same name again replaces it and counts anew.
    pub fn set(&mut self, name: &str, fault: F) {
        self.take_back(name);
        self.all.push(InForce { name: name.to_owned(), fault, times: 0 });
    }

    /// Takes one back: how often it was met; `None` if it is not in force.
    pub fn take_back(&mut self, name: &str) -> Option<u64> {
        let at = self.all.iter().position(|one| one.name == name)?;
        Some(self.all.remove(at).times)
    }

    /// Those in force.
    pub fn iter(&self) -> impl Iterator<Item = &F> {
        self.all.iter().map(|one| &one.fault)
    }

    /// Those in force, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut F> {
        self.all.iter_mut().map(|one| &mut one.fault)
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The first in force for which `which` gives something.
    pub fn find<R>(&self, which: impl FnMut(&F) -> Option<R>) -> Option<R> {
        self.iter().find_map(which)
    }

    /// The first in force for which `which` gives something is met now: that, and what to tell of it. It is told at the
    /// first time and at each tenfold.
    pub fn meet<R>(&mut self, mut which: impl FnMut(&F) -> Option<R>) -> Option<(R, Option<Seen>)> {
        self.all.iter_mut().find_map(|one| {
            let found = which(&one.fault)?;
            one.times += 1;
            Some((found, told(&one.name, one.times)))
        })
    }
}

/// What is told of something that was met so often: at the first time and at each tenfold.
pub fn told(name: &str, times: u64) -> Option<Seen> {
    is_told(times).then(|| Seen::Met { name: name.to_owned(), times })
}

/// Whether something that may happen without end is told this time: at the first and at each tenfold.
pub fn is_told(times: u64) -> bool {
    let mut tenfold = times;
    while tenfold > 1 && tenfold.is_multiple_of(10) {
        tenfold /= 10;
    }
    tenfold == 1
}

#[cfg(test)]
mod tests {
    use super::{Faults, told};
    use crate::service::Seen;

    #[test]
    fn a_fault_counts_how_often_it_is_met_and_says_so_now_and_then() {
        let mut faults = Faults::default();
        faults.set("dull", 1);
        faults.set("sharp", 2);
        let sharp = |fault: &i32| (*fault == 2).then_some("cut");
        let (found, seen) = faults.meet(sharp).unwrap();
        assert_eq!(found, "cut");
        assert_eq!(seen, Some(Seen::Met { name: "sharp".to_owned(), times: 1 }));
        assert_eq!(faults.meet(sharp).unwrap().1, None);
        assert_eq!(faults.take_back("sharp"), Some(2));
        assert!(faults.meet(sharp).is_none());
        assert_eq!(faults.take_back("dull"), Some(0));
        let told: Vec<u64> = (1..2000).filter(|times| told("x", *times).is_some()).collect();
        assert_eq!(told, [1, 10, 100, 1000]);
    }
}

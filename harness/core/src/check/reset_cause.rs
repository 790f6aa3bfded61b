//! `reset_cause: {after: power_cut, is: power_on}`: the device knows why it started.

use super::{CheckKind, Mark, Timeline, quoted, unless_open};
use crate::event::{EventNo, What};
use crate::names::Signal;
use crate::trigger::BOOT;
use crate::verdict::{Finding, Heard};

/// The named group of the `boot` signal that holds the cause.
const CAUSE: &str = "cause";

crate::record! {
    /// The first `boot` signal after each fault or command names this cause in its `cause` group.
    ///
    /// If something else restarts the device before it was seen to boot, nobody can tell whose boot comes next; such a
    /// fault or command does not count. Nor does a fault that was never seen to bite.
    ///
    /// `reset_cause: {after: power_cut, is: power_on}`
    pub struct ResetCause {
        /// A kind of fault, or a command of the board file.
        after: String = "after" (FaultOrCommand),
        /// The cause, in the device's own words.
        is: String = "is",
    }
}

/// What restarts the device.
struct Restart<'a> {
    /// The event that says so.
    said: Mark<'a>,
    /// From where on a boot answers it.
    from: usize,
    /// Where to look for what strikes next.
    after: usize,
}

impl CheckKind for ResetCause {
    fn judge(&self, timeline: &Timeline<'_>) -> Finding {
        let restarts = self.restarts(timeline);
        let (mut right, mut silent, mut absent) = (Vec::new(), Vec::new(), Vec::new());
        let mut wrong: Vec<(EventNo, EventNo, &str)> = Vec::new();
        let mut overtaken = 0_usize;
        for restart in &restarts {
            let next = self.next_restart(timeline, restart.after);
            let end = next.unwrap_or(usize::MAX).min(timeline.observed_to());
            match timeline.signals(&Signal::from(BOOT), restart.from..end).next() {
                Some(boot) => match boot.fields.get(CAUSE) {
                    Some(cause) if *cause == self.is => right.push(boot.event.n),
                    Some(cause) => wrong.push((restart.said.event.n, boot.event.n, cause)),
                    None => silent.push(boot.event.n),
                },
                None if next.is_some_and(|place| place < timeline.observed_to()) => overtaken += 1,
                None => absent.push(restart.said.event),
            }
        }
        let Self { after, is } = self;
        let expected = quoted(is);
        if let Some((said, boot, cause)) = wrong.first() {
            return Finding::fail(format!(
                "the first boot ({boot}) after `{after}` ({said}) gave the cause {}; expected {expected}",
                quoted(cause)
            ))
            .showing(wrong.iter().flat_map(|(said, boot, _)| [*said, *boot]));
        }
        if let Some(said) = absent.first() {
            let finding = Finding::fail_by_absence(format!(
                "no boot was seen after `{after}` ({}); expected one with the cause {expected}",
                said.n
            ))
            .showing(absent.iter().map(|event| event.n));
            let heard = Heard::Signal(Signal::from(BOOT));
            return finding.resting_on(heard, said.at, timeline.observed_until());
        }
        if let Some(boot) = silent.first() {
            return Finding::inconclusive(format!(
                "the boot ({boot}) after `{after}` names no cause: the board file's `{BOOT}` signal needs a group `{CAUSE}` that catches it"
            ))
            .showing(silent.iter().copied());
        }
        if right.is_empty() {
            let why = if overtaken > 0 {
                "before the device was seen to boot, something else struck"
            } else if timeline.faults().iter().any(|f| f.kind == *after) {
                "it was never seen to bite"
            } else {
                "it never happened"
            };
            return Finding::inconclusive(format!("no boot after `{after}` could be judged: {why}"))
                .showing(restarts.iter().map(|r| r.said.event.n));
        }
        Finding::pass(match right.len() {
            1 => format!("the first boot after `{after}` gave the cause {expected}"),
            n => format!("the first boot after each of {n} `{after}` gave the cause {expected}"),
        })
        .showing(right)
    }

    /// A command restarts the device in a control run too.
    fn in_control(&self, timeline: &Timeline<'_>) -> Option<Finding> {
        unless_open(self.judge(timeline))
    }
}

impl ResetCause {
    fn restarts<'a>(&self, timeline: &Timeline<'a>) -> Vec<Restart<'a>> {
        let faults =
            timeline.faults().into_iter().filter(|f| f.kind == self.after && f.bit()).filter_map(|f| {
                let (let_go, from) = (f.let_go()?, f.answers_from(*timeline)?);
                Some(Restart { said: f.injected?, from, after: let_go.place + 1 })
            });
        let commands = timeline
            .marks()
            .filter(|m| matches!(&m.event.what, What::Sent { command, .. } if command.as_str() == self.after))
            .map(|m| Restart { said: m, from: m.place, after: m.place + 1 });
        faults.chain(commands).collect()
    }

    /// The next fault, or the same command again.
    fn next_restart(&self, timeline: &Timeline<'_>, from: usize) -> Option<usize> {
        timeline
            .marks()
            .skip(from)
            .find(|m| match &m.event.what {
                What::Injected { .. } => true,
                What::Sent { command, .. } => command.as_str() == self.after,
                _ => false,
            })
            .map(|m| m.place)
    }
}

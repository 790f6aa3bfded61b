//! What could not have been heard, because we ourselves pulled the cable by which it comes.

use crate::check::{Timeline, unheard};
use crate::verdict::{Absence, Heard};

/// Where something that a finding rests on not having been seen could not have been heard, in words.
pub(super) fn deaf(absences: &[Absence], timeline: &Timeline<'_>) -> Option<String> {
    absences.iter().find_map(|absence| {
        let deaf =
            unheard(&absence.of, timeline).into_iter().find(|d| d.overlaps(absence.from, absence.to))?;
        let what = match &absence.of {
            Heard::Signal(signal) => format!("`{signal}`"),
            Heard::Log => "the log".to_owned(),
            Heard::Console => "the console".to_owned(),
        };
        Some(format!("{what} could not be heard from {} to {}", deaf.from, deaf.to))
    })
}

#[cfg(test)]
mod tests {
    use crate::check::tape::{DIGEST, Tape};
    use crate::check::{
        Always, Availability, BootsAtMost, Check, DetectsWithin, During, Except, Exceptions, LogMatches,
        Never, Seen, Where,
    };
    use crate::event::{Phase, What};
    use crate::fault::{ConsoleSilence, Fault, Leaves, ProbeLost};
    use crate::judge::judge;
    use crate::judge::tests::plan;
    use crate::plan::Source;
    use crate::quantity::Share;
    use crate::step::Step;
    use crate::time::Duration;
    use crate::verdict::Finding;
    use crate::verdict::Verdict::{self, Fail, Inconclusive, Pass};

    fn never(except: &[Except]) -> Check {
        let except = Exceptions(except.to_vec());
        Check::Never(Never { signal: "panic".into(), fields: Where::default(), except })
    }

    fn always() -> Check {
        Check::Always(Always {
            signal: "control".into(),
            at_least: Some("1/s".parse().unwrap()),
            fields: Where::default(),
            during: During::Method,
            except: Exceptions::default(),
        })
    }

    fn log(never: bool) -> Check {
        Check::LogMatches(LogMatches { matches: "lost".parse().unwrap(), at_least: 1, never, level: None })
    }

    /// `panic` comes by the console, `fault` by the log.
    fn found(check: Check, tape: Tape) -> Finding {
        let armed = tape.events.iter().find_map(|event| match &event.what {
            What::Armed { kind, .. } => Some(kind.as_str()),
            _ => None,
        });
        let (hold, within) = (Duration::from_secs(3), Duration::from_secs(30));
        let (during, meanwhile) = (Vec::new(), Vec::new());
        let method = match armed {
            Some("console_silence") => {
                vec![Step::Fault(Fault::ConsoleSilence(ConsoleSilence {
                    hold,
                    when: None,
                    during,
                    meanwhile,
                    within,
                }))]
            }
            Some(_) => {
                let leaves = Leaves::Running;
                vec![Step::Fault(Fault::ProbeLost(ProbeLost {
                    leaves,
                    hold,
                    when: None,
                    during,
                    meanwhile,
                    within,
                }))]
            }
            None => Vec::new(),
        };
        let mut plan = plan(method, vec![check]);
        plan.board.signals.insert("panic".into(), Source::Console("panic".to_owned()));
        plan.board.signals.insert("fault".into(), Source::Log("fault".to_owned()));
        judge(&plan, DIGEST, &tape.events).checks.remove(0).finding
    }

    fn beats(tape: Tape) -> Tape {
        tape.beats(4, 500, "control", &[])
    }

    fn silence(tape: Tape) -> Tape {
        beats(beats(tape).console_unplugged(1).ms(3000).console_plugged())
    }

    #[test]
    fn nothing_follows_from_a_console_that_we_had_unplugged() {
        let start = Tape::steady;
        let cases: Vec<(Check, Tape, Verdict)> = vec![
            (never(&[]), beats(start()).end(), Pass),
            (never(&[]), silence(start()).end(), Inconclusive),
            (never(&[]), silence(start()).signal("panic").end(), Fail),
            (never(&[Except::Unheard]), silence(start()).end(), Pass),
            (never(&[Except::Unheard]), silence(start()).signal("panic").end(), Fail),
            (always(), silence(start()).end(), Inconclusive),
            (always(), beats(silence(start()).ms(1100)).end(), Fail),
            (Check::BootsAtMost(BootsAtMost { times: 1 }), silence(start()).end(), Inconclusive),
            (Check::BootsAtMost(BootsAtMost { times: 0 }), silence(start()).boot("pin").end(), Fail),
            (seen(), silence(start()).end(), Inconclusive),
            (seen(), silence(start()).signal("ready").end(), Pass),
            (seen(), beats(start()).end(), Fail),
            (detects(), start().console_unplugged(1).ms(3000).console_plugged().end(), Inconclusive),
            (available(), start().console_unplugged(1).ms(3000).console_plugged().end(), Inconclusive),
            (log(true), silence(start().log("info", "up")).end(), Pass),
        ];
        for (check, tape, verdict) in cases {
            let text = check.text();
            let found = found(check, tape);
            assert_eq!(found.verdict, verdict, "{text}: {}", found.reason);
            assert!(found.absences.is_empty(), "the judge has weighed them");
        }
    }

    fn seen() -> Check {
        Check::Seen(Seen { signal: "ready".into(), fields: Where::default(), at_least: 1 })
    }

    fn detects() -> Check {
        let (fault, within) = ("console_silence".to_owned(), Duration::from_secs(1));
        Check::DetectsWithin(DetectsWithin {
            fault,
            signal: "alarm".into(),
            fields: Where::default(),
            within,
        })
    }

    fn available() -> Check {
        Check::Availability(Availability {
            of: "control".into(),
            at_least: Share(500_000),
            every: Duration::from_secs(1),
            fault: "console_silence".to_owned(),
            fields: Where::default(),
            except: Exceptions::default(),
        })
    }

    #[test]
    fn nothing_follows_from_a_log_that_we_could_not_read() {
        let gone = |tape: Tape| tape.log("info", "up").ms(100).probe_gone(1).ms(3000).probe_back().ms(100);
        let fault = || {
            let signal = "fault".into();
            Check::Never(Never { signal, fields: Where::default(), except: Exceptions::default() })
        };
        for (check, tape, verdict) in [
            (log(true), gone(Tape::steady()).end(), Inconclusive),
            (log(true), gone(Tape::steady()).log("info", "lost").end(), Fail),
            (log(false), gone(Tape::steady()).end(), Inconclusive),
            (log(false), gone(Tape::steady()).log("info", "lost").end(), Pass),
            (log(false), Tape::steady().log("info", "up").end(), Fail),
            (fault(), gone(Tape::steady()).end(), Inconclusive),
            (never(&[]), gone(Tape::steady()).end(), Pass),
        ] {
            let text = check.text();
            let found = found(check, tape);
            assert_eq!(found.verdict, verdict, "{text}: {}", found.reason);
        }
    }

    #[test]
    fn the_reason_says_what_could_not_be_heard_and_when() {
        let found =
            found(never(&[]), Tape::steady().ms(100).console_unplugged(1).ms(3000).console_plugged().end());
        assert_eq!(
            found.reason,
            "`panic` was not seen from 0.100s to the end, but `panic` could not be heard from 0.600s to 3.600s"
        );
        let begun = Tape::blank().phase(Phase::Arrange).console_unplugged(1).ms(5).console_plugged();
        let before = begun.phase(Phase::Steady).phase(Phase::Method).end();
        assert_eq!(self::found(never(&[]), before).verdict, Pass);
    }
}

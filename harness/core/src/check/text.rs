//! A check as one line, for reports.

use super::Check;
use crate::language::written::one_line;

impl Check {
    /// As a scenario would say it, in one line, without what may be left out.
    pub fn text(&self) -> String {
        one_line(self, self.kind(), Self::TABLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{BootsAtMost, Durable, Never, Recovers, ResetCause, Seen};
    use crate::time::Duration;

    #[test]
    fn a_check_reads_as_it_is_written() {
        let seen = Seen { signal: "ready".into(), fields: Default::default(), at_least: 1 };
        let fields = [("cause".to_owned(), "power on: \"1\"".to_owned())].into();
        let texts: Vec<_> = [
            Check::Seen(seen.clone()),
            Check::Seen(Seen { at_least: 2, ..seen.clone() }),
            Check::Seen(Seen { fields, ..seen }),
            Check::Never(Never {
                signal: "panic".into(),
                fields: Default::default(),
                except: Default::default(),
            }),
            Check::Recovers(Recovers {
                from: "power_cut".to_owned(),
                to: "ready".into(),
                within: Duration::from_millis(1500),
                stages: None,
            }),
            Check::Durable(Durable { setting: "target".into() }),
            Check::ResetCause(ResetCause { after: "reset".to_owned(), is: "pin".to_owned() }),
            Check::BootsAtMost(BootsAtMost { times: 3 }),
        ]
        .iter()
        .map(Check::text)
        .collect();
        assert_eq!(
            texts,
            [
                "seen: ready",
                "seen: {signal: ready, at_least: 2}",
                r#"seen: {signal: ready, where: {cause: "power on: \"1\""}}"#,
                "never: panic",
                "recovers: {from: power_cut, to: ready, within: 1.5s}",
                "durable: target",
                "reset_cause: {after: reset, is: pin}",
                "boots_at_most: 3",
            ]
        );
    }
}

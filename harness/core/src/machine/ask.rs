//! A command, and the wait for its answer.

use super::context::Cx;
use super::matcher::Dialogue;
use super::sequence::timed_out;
use crate::action::ActionId;
use crate::event::{Event, EventNo, StepOutcome, What};
use crate::filling::Filling;
use crate::names::{Command, Setting};
use crate::step::{Get, Send, Set};
use crate::time::{Duration, Instant};

pub(super) struct Ask {
    what: Question,
    command: Command,
    dialogue: Option<Dialogue>,
    sent: Option<ActionId>,
    /// It was sent here: what is older neither answers it nor cuts it short.
    since: Option<EventNo>,
    began: Instant,
    within: Duration,
    outcome: Option<StepOutcome>,
}

enum Question {
    Set { setting: Setting, value: String },
    Get { setting: Setting },
    Send,
}

impl Ask {
    pub(super) fn set(step: &Set, cx: &mut Cx) -> Self {
        let what = Question::Set { setting: step.setting.clone(), value: step.to.clone() };
        let words = vec![("key", step.setting.as_str()), ("value", step.to.as_str())];
        Self::begin(what, step.by.clone(), words, step.within, cx)
    }

    pub(super) fn get(step: &Get, cx: &mut Cx) -> Self {
        let what = Question::Get { setting: step.setting.clone() };
        let words = vec![("key", step.setting.as_str()), ("value", "")];
        Self::begin(what, step.by.clone(), words, step.within, cx)
    }

    pub(super) fn send(step: &Send, cx: &mut Cx) -> Self {
        let mut words: Vec<_> =
            step.with.iter().map(|(word, value)| (word.as_str(), value.as_str())).collect();
        // What the step does not say is nothing.
        words.extend([("key", ""), ("value", "")]);
        Self::begin(Question::Send, step.command.clone(), words, step.within, cx)
    }

    fn begin(
        what: Question,
        command: Command,
        words: Vec<(&str, &str)>,
        within: Duration,
        cx: &mut Cx,
    ) -> Self {
        let filling = Filling { words, id: cx.sending_id() };
        // Both the command and its patterns were checked when the plan was made and when the machine was built.
        let dialogue = cx.matcher.dialogue(&command, &filling).ok().flatten();
        let mut ask =
            Self { what, command, dialogue, sent: None, since: None, began: cx.now, within, outcome: None };
        let Some(dialogue) = &ask.dialogue else {
            ask.outcome = Some(StepOutcome::Abandoned);
            return ask;
        };
        let message = dialogue.message.clone();
        cx.mark();
        let dut = cx.dut();
        if let Question::Set { setting, value } = &ask.what {
            cx.log(What::SettingSent { dut: dut.clone(), setting: setting.clone(), value: value.clone() });
        }
        let line = message.text();
        ask.since = Some(cx.log(What::Sent { dut, command: ask.command.clone(), line }));
        ask.sent = Some(cx.act(message.action()));
        ask
    }

    pub(super) fn see(&mut self, event: &Event, cx: &mut Cx) {
        if self.outcome.is_some() || self.since.is_none_or(|since| event.n < since) {
            return;
        }
        let answer = self.dialogue.as_ref().and_then(|d| d.answer(&cx.plan.dut, &event.what));
        if let Some(text) = answer {
            self.hear(&text, event.n, cx);
            return;
        }
        match &event.what {
            What::Acted { id, .. } if self.sent == Some(*id) && !self.answers() => {
                self.outcome = Some(StepOutcome::Done);
            }
            What::Rail { dut, on: false } if *dut == cx.plan.dut => {
                self.outcome = Some(StepOutcome::CutShort)
            }
            What::Injected { .. } => self.outcome = Some(StepOutcome::CutShort),
            _ => {}
        }
    }

    fn answers(&self) -> bool {
        self.dialogue.as_ref().is_some_and(|d| d.ack.is_some())
    }

    fn hear(&mut self, text: &str, source: EventNo, cx: &mut Cx) {
        let Some(dialogue) = &self.dialogue else { return };
        let dut = cx.dut();
        if let Some(caught) = dialogue.ack.as_ref().and_then(|ack| ack.captures(text)) {
            match &self.what {
                Question::Set { setting, value } => {
                    let (setting, value) = (setting.clone(), value.clone());
                    cx.log(What::SettingAcknowledged { dut, setting, value, source });
                }
                Question::Get { setting } => {
                    let value = caught.name("value").map_or("", |m| m.as_str()).to_owned();
                    cx.log(What::SettingRead { dut, setting: setting.clone(), value, source });
                }
                Question::Send => {
                    cx.log(What::Answered { dut, command: self.command.clone(), source });
                }
            }
            self.outcome = Some(StepOutcome::Done);
        } else if dialogue.refused.as_ref().is_some_and(|refused| refused.is_match(text)) {
            cx.log(What::Refused { dut, command: self.command.clone(), source });
            self.outcome = Some(StepOutcome::Refused);
        }
    }

    pub(super) fn poll(&mut self, cx: &Cx) -> Option<StepOutcome> {
        self.outcome.clone().or_else(|| timed_out(self.began, self.within, cx.now))
    }

    pub(super) fn deadline(&self) -> Instant {
        self.began + self.within
    }
}

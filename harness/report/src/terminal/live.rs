//! The live view: lines as events come in.

use super::layout::{cut, pad, wrap};
use super::{Style, verdict_tone};
use crate::narrate::{outcome_words, phase_name};
use crate::{Detail, Narrator, Tone, short};
use brownout_core::event::{Event, StepNo, StepOutcome, What};
use brownout_core::time::Instant;
use brownout_core::verdict::Verdict;

/// Columns of the time, as in `   0.612s`.
const TIME: usize = 9;

/// Shows a run while it happens.
///
/// ```text
///    5.600s  method
///    5.610s    power_cut #1 armed: during flash operation 3
///    5.634s    + set target to 22.5: done in 24ms
/// ```
///
/// A step is shown when it ends, on one line, or when something else has to be shown meanwhile. What is under way
/// right now is [`Live::status`].
#[derive(Clone, Debug)]
pub struct Live {
    style: Style,
    narrator: Narrator,
    phase: &'static str,
    steps: Vec<OpenStep>,
    armed: Vec<(u32, String)>,
}

#[derive(Clone, Debug)]
struct OpenStep {
    step: StepNo,
    text: String,
    since: Instant,
    shown: bool,
}

impl Live {
    /// A view before the first event.
    pub fn new(style: Style) -> Self {
        Self { style, narrator: Narrator::new(), phase: "start", steps: Vec::new(), armed: Vec::new() }
    }

    /// Takes the next event; gives the lines to print, if any, without line ends.
    pub fn event(&mut self, event: &Event) -> Vec<String> {
        let told = self.narrator.tell(event);
        match &event.what {
            What::Step { step, .. } => {
                let text = self.narrator.step_text(*step);
                self.steps.push(OpenStep { step: *step, text, since: event.at, shown: false });
                return if self.style.verbose { self.begun() } else { Vec::new() };
            }
            What::StepEnded { step, outcome } => return self.ended(event.at, *step, outcome),
            What::Phase(phase) => {
                self.phase = phase_name(*phase);
                self.steps.clear();
                return self.lines(event.at, 0, "", &told.text, told.tone);
            }
            What::Armed { fault, .. } => self.armed.push((*fault, told.text.clone())),
            What::Fired { fault, .. } | What::NeverFired { fault, .. } => {
                self.armed.retain(|(f, _)| f != fault)
            }
            _ => {}
        }
        if told.detail < Detail::Key && !self.style.verbose {
            return Vec::new();
        }
        // What a step only waits for is shown before it; what is done meanwhile is shown inside it.
        let mut out = if matches!(told.kind, "signal" | "setting") { Vec::new() } else { self.begun() };
        let kind = match told.kind {
            "signal" | "console" | "log" | "sent" => format!("{:<8}", told.kind),
            _ => String::new(),
        };
        let depth = if told.kind == "run" { 0 } else { 1 + self.steps.iter().filter(|s| s.shown).count() };
        out.extend(self.lines(event.at, depth, &kind, &told.text, told.tone));
        out
    }

    /// What is under way at `now`, on one line that fits the width: for a terminal, to be rewritten in place.
    pub fn status(&self, now: Instant) -> String {
        let mut text = format!("{}  {}", pad_time(now), self.phase);
        if let Some(step) = self.steps.last() {
            text.push_str(&format!(": {} ({})", self.style.safe(&step.text), short(now.since(step.since))));
        }
        if let Some((_, armed)) = self.armed.last() {
            text.push_str(&format!("; {}", self.style.safe(armed)));
        }
        // One column is left free: writing the last one makes some terminals begin a new line.
        cut(&text, self.style.columns() - 1)
    }

    /// Shows the beginnings of steps that are still open and were not shown yet.
    fn begun(&mut self) -> Vec<String> {
        let arrow = if self.style.unicode { "› " } else { "> " };
        let mut out = Vec::new();
        for depth in 0..self.steps.len() {
            if let Some(step) = self.steps.get_mut(depth).filter(|s| !s.shown) {
                step.shown = true;
                let (since, text) = (step.since, step.text.clone());
                out.extend(self.lines(since, 1 + depth, arrow, &text, Tone::Plain));
            }
        }
        out
    }

    fn ended(&mut self, at: Instant, step: StepNo, outcome: &StepOutcome) -> Vec<String> {
        let Some(depth) = self.steps.iter().rposition(|s| s.step == step) else { return Vec::new() };
        let since = self.steps.get(depth).map_or(at, |s| s.since);
        let text = self.narrator.step_text(step);
        self.steps.truncate(depth);
        let (words, tone) = outcome_words(outcome, &short(at.since(since)));
        // A step that did not end well is not yet a verdict: the mark says only whether it was done.
        let (mark, tone) = match outcome {
            StepOutcome::Done => (self.style.mark(Verdict::Pass), verdict_tone(Verdict::Pass)),
            _ => ("!", tone),
        };
        self.lines(at, 1 + depth, &format!("{mark} "), &format!("{text}: {words}"), tone)
    }

    /// Lays out one line, wrapped under itself.
    fn lines(&self, at: Instant, depth: usize, lead: &str, text: &str, tone: Tone) -> Vec<String> {
        let text = self.style.safe(text);
        let begin = TIME + 2 + 2 * depth.min(6);
        let indent = begin + lead.chars().count();
        let wrapped = wrap(&text, self.style.columns().saturating_sub(indent));
        let (mark_tone, text_tone) =
            if tone == Tone::Good { (Tone::Good, Tone::Plain) } else { (tone, tone) };
        wrapped
            .iter()
            .enumerate()
            .map(|(i, part)| {
                if i > 0 {
                    return format!("{}{}", " ".repeat(indent), self.style.paint(text_tone, part));
                }
                let time = pad(&pad_time(at), begin);
                let lead = self.style.paint(mark_tone, lead);
                format!("{}{lead}{}", self.style.paint(Tone::Faint, &time), self.style.paint(text_tone, part))
            })
            .collect()
    }
}

fn pad_time(at: Instant) -> String {
    format!("{:>TIME$}", at.to_string())
}

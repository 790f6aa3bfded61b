//! What the program knows of the terminal it writes to, and a run as it is shown there.

use crate::args::{Show, When};
use brownout_core::event::Event;
use brownout_core::language::render;
use brownout_core::plan::Clock;
use brownout_core::time::{Duration, Instant};
use brownout_engine::Onlooker;
use brownout_report::terminal::{Live, Style};
use std::io::{IsTerminal, Write};
use std::sync::OnceLock;

/// Widest text, in columns; longer lines are hard to read.
const WIDEST: usize = 120;

/// The style for standard output.
pub fn style(show: Show) -> Style {
    let stdout = std::io::stdout();
    let terminal = stdout.is_terminal();
    let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
    Style {
        width: if terminal { width.clamp(40, WIDEST) } else { 80 },
        colour: colour(show.color, terminal),
        unicode: terminal && speaks_utf8(),
        verbose: show.verbose,
    }
}

/// The style of diagnostics on standard error.
pub fn diagnostics() -> render::Style {
    if colour(When::Auto, std::io::stderr().is_terminal()) {
        render::Style::Ansi
    } else {
        render::Style::Plain
    }
}

fn colour(when: When, terminal: bool) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        // https://no-color.org: set and not empty.
        When::Auto => {
            terminal && obeys_escapes() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    }
}

/// Whether a terminal does what escape sequences say; a dumb one shows them.
fn obeys_escapes() -> bool {
    std::env::var_os("TERM").is_none_or(|name| name != "dumb")
}

fn speaks_utf8() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_some_and(|value| value.to_ascii_lowercase().replace('-', "").contains("utf8"))
}

/// Why standard output took no more, the first time that it did not.
static UNPRINTED: OnceLock<String> = OnceLock::new();

/// Prints. A reader who has gone (a closed pipe) is no trouble; any other is told at the end, by [`unprinted`].
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    keep(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

/// Notes whether something could be printed.
pub fn keep(printed: std::io::Result<()>) {
    if let Err(error) = printed
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        let _ = UNPRINTED.set(error.to_string());
    }
}

/// Why something could not be printed, if that is so.
pub fn unprinted() -> Option<&'static str> {
    UNPRINTED.get().map(String::as_str)
}

/// Prints on standard error, where nobody can be told that it took nothing.
pub fn complain(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Where a suite is shown.
#[derive(Debug)]
pub struct Paper {
    style: Style,
    /// What was printed, if it is kept instead of shown.
    kept: Option<String>,
    /// There is a line at the bottom.
    status: bool,
}

impl Paper {
    /// Standard output.
    pub fn stdout(show: Show) -> Self {
        Self { style: style(show), kept: None, status: false }
    }

    /// Nobody looks now: what is printed is kept for [`Self::text`].
    pub fn kept() -> Self {
        Self { style: Style::PLAIN, kept: Some(String::new()), status: false }
    }

    /// How it is to be written on.
    pub fn style(&self) -> &Style {
        &self.style
    }

    /// Prints.
    pub fn print(&mut self, text: &str) {
        self.status("");
        match &mut self.kept {
            Some(kept) => kept.push_str(text),
            None => print(text),
        }
    }

    /// On a terminal, puts a line at the bottom, in place of the one that was there; the next print takes it away.
    pub fn status(&mut self, line: &str) {
        if !line.is_empty() && self.is_terminal() {
            print(&format!("\r\x1b[2K{line}"));
            self.status = true;
        } else if std::mem::take(&mut self.status) {
            print("\r\x1b[2K");
        }
    }

    /// What was printed on a paper that is kept.
    pub fn text(&self) -> &str {
        self.kept.as_deref().unwrap_or_default()
    }

    /// Whether there can be a line at the bottom.
    fn is_terminal(&self) -> bool {
        self.kept.is_none() && std::io::stdout().is_terminal() && obeys_escapes()
    }
}

/// How often the line at the bottom moves while nothing happens.
const GLANCE: Duration = Duration::from_millis(250);

/// A run on standard output, while it happens: lines as things happen, and on a terminal a line at the bottom that
/// says what is under way.
#[derive(Debug)]
pub struct Screen<'a> {
    paper: &'a mut Paper,
    live: Live,
    /// Print the lines.
    lines: bool,
    /// Keep the line at the bottom.
    status: bool,
    clock: Clock,
    shown: bool,
    last: Option<Instant>,
}

impl<'a> Screen<'a> {
    /// A screen for one run; `lines` if its lines are to be printed.
    pub fn new(paper: &'a mut Paper, lines: bool, clock: Clock) -> Self {
        let status = paper.is_terminal();
        let live = Live::new(*paper.style());
        Self { paper, live, lines, status, clock, shown: false, last: None }
    }

    fn status(&mut self, at: Instant) {
        // A run in virtual time would else print more than a terminal can take.
        let due = self.last.is_none_or(|last| at.since(last) >= Duration::from_millis(50));
        if self.status && due {
            print(&format!("\r\x1b[2K{}", self.live.status(at)));
            self.shown = true;
            self.last = Some(at);
        }
    }

    /// Takes the line at the bottom away.
    pub fn clear(&mut self) {
        if self.shown {
            print("\r\x1b[2K");
            self.shown = false;
            self.last = None;
        }
    }
}

impl Onlooker for Screen<'_> {
    fn event(&mut self, event: &Event) {
        let lines = self.live.event(event);
        if self.lines && !lines.is_empty() {
            self.clear();
            self.paper.print(&(lines.join("\n") + "\n"));
        }
        self.status(event.at);
    }

    fn glance(&mut self, now: Instant) {
        self.status(now);
    }

    fn glance_every(&self) -> Option<Duration> {
        (self.status && self.clock == Clock::Wall).then_some(GLANCE)
    }
}

//! What the program knows of the terminal it writes to, and the line that tells what is under way.

use crate::args::{Show, When};
use brownout_core::language::render;
use brownout_core::time::Instant;
use brownout_report::terminal::Style;
use std::io::{IsTerminal, Write};

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
        When::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
    }
}

fn speaks_utf8() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_some_and(|value| value.to_ascii_lowercase().replace('-', "").contains("utf8"))
}

/// Prints; a reader who has gone (a closed pipe) is no trouble.
pub fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// The line at the bottom of a terminal that says what is under way. Does nothing where there is no terminal.
#[derive(Debug)]
pub struct StatusLine {
    active: bool,
    shown: bool,
    last: Option<Instant>,
}

impl StatusLine {
    /// On standard output, if that is a terminal.
    pub fn new() -> Self {
        Self { active: std::io::stdout().is_terminal(), shown: false, last: None }
    }

    /// Shows a text, at most about 20 times a second of the run's time.
    pub fn show(&mut self, at: Instant, text: &str) {
        let due = self.last.is_none_or(|last| at.since(last).0 >= 50_000_000);
        if self.active && due {
            print(&format!("\r\x1b[2K{text}"));
            self.shown = true;
            self.last = Some(at);
        }
    }

    /// Takes it away, so that lines can be printed.
    pub fn clear(&mut self) {
        if self.shown {
            print("\r\x1b[2K");
            self.shown = false;
            self.last = None;
        }
    }
}

impl Default for StatusLine {
    fn default() -> Self {
        Self::new()
    }
}

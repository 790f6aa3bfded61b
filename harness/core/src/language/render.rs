//! Problems shown as rustc shows them.

use super::diagnostic::Diagnostic;
use annotate_snippets::renderer::DEFAULT_TERM_WIDTH;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt::Write as _;

/// How many problems of one file are shown.
const MOST_SHOWN: usize = 30;

/// How long a message may be, in characters.
const LONGEST_MESSAGE: usize = 1000;

/// Plain text or text with ANSI colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// For files, pipes and tests.
    Plain,
    /// For terminals.
    Ansi,
}

/// A source file and what is wrong with it; at least one problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The file's name, as people know it.
    pub path: String,
    /// Its text.
    pub text: String,
    /// What is wrong, in the order of the file.
    pub found: Vec<Diagnostic>,
}

impl Problems {
    /// As text, with a line at the end that counts them.
    pub fn render(&self, style: Style) -> String {
        render(&self.path, &self.text, &self.found, style)
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(Style::Plain))
    }
}

impl std::error::Error for Problems {}

/// Shows the problems of one file, in the order given, and counts them in the last line.
pub fn render(path: &str, text: &str, found: &[Diagnostic], style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Ansi => Renderer::styled(),
    }
    .term_width(DEFAULT_TERM_WIDTH);
    let path = escape(path);
    let mut shown = String::new();
    for diagnostic in found.iter().take(MOST_SHOWN) {
        shown.push_str(&one(&renderer, &path, text, diagnostic));
        shown.push_str("\n\n");
    }
    let count = match found.len() {
        1 => format!("1 problem in {path}"),
        n if n > MOST_SHOWN => format!("{n} problems in {path}; the first {MOST_SHOWN} are shown"),
        n => format!("{n} problems in {path}"),
    };
    let _ = writeln!(shown, "{}", renderer.render(&[Group::with_title(Level::ERROR.primary_title(count))]));
    shown
}

fn one(renderer: &Renderer, path: &str, text: &str, diagnostic: &Diagnostic) -> String {
    let place = Place::of(text, diagnostic.span.start, diagnostic.span.end);
    let snippet = Snippet::source(place.line)
        .path(path)
        .line_start(place.number)
        .annotation(AnnotationKind::Primary.span(place.start..place.end).label(message(&diagnostic.label)));
    let mut group = Level::ERROR.primary_title(message(&diagnostic.message)).element(snippet);
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(message(help)));
    }
    renderer.render(&[group])
}

/// A text of ours that may quote theirs: escaped, and no longer than anybody reads.
fn message(text: &str) -> String {
    match text.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", escape(&text[..end])),
        None => escape(text),
    }
}

/// The line on which a span begins, with control characters made visible, and the part of the span on it.
struct Place {
    line: String,
    number: usize,
    start: usize,
    end: usize,
}

impl Place {
    fn of(text: &str, start: usize, end: usize) -> Self {
        let start = floor(text, start);
        let end = floor(text, end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let number = 1 + text[..line_start].matches('\n').count();
        let before = source(&text[line_start..start]);
        let inside = source(text[start..end.min(line_end)].trim_end());
        let after = source(text[end.min(line_end)..line_end].trim_end_matches('\r'));
        let (start, end) = (before.len(), before.len() + inside.len());
        Self { line: format!("{before}{inside}{after}"), number, start, end }
    }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Makes visible what a terminal would act on or what hides: control characters, and the characters that change the
/// direction of text or have no width.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        let hides = matches!(
            c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        );
        if hides || c.is_control() {
            escaped.extend(c.escape_unicode());
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// A piece of a source line; a tab is shown as an arrow, since people have to find it.
fn source(text: &str) -> String {
    escape(&text.replace('\t', "→"))
}

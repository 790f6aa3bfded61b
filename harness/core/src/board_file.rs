//! Board files: what a kind of device is, how it shows what it does, what it understands.

use crate::command::{self, CommandWords};
use crate::language::decode::{Ruled, Shape};
use crate::language::diagnostic::did_you_mean;
use crate::language::render::Problems;
use crate::language::scalar::{from_str, scalar};
use crate::language::{Decode, Diagnostics, Node, Span, Value, parse};
use crate::names::{Command, Region, Signal};
use crate::pattern::compile;
use crate::plan::InputKind;
use crate::source::Source;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

crate::record! {
    /// What a kind of device is, how it shows what it does, and what it understands.
    pub struct Board {
        /// The probe-rs target name.
        chip: String = "chip" (NotEmpty),
        /// Its console.
        console: Console = "console" or Console { baud: 115_200 },
        /// Its flash regions, by name.
        flash: BTreeMap<String, FlashRange> = "flash" or BTreeMap::new(),
        /// Regions that are cleared before each run.
        fresh: Vec<Region> = "fresh" or Vec::new(),
        /// Its firmware images, by name; files under `fixtures/firmware/images`. `current` is what runs by default.
        images: BTreeMap<String, String> = "images" or BTreeMap::new(),
        /// The defects that an image of it can be told to have.
        defects: Option<Defects> = "defects" optional,
        /// How it shows what it does, by name. `boot` is the one that says that it starts.
        signals: BTreeMap<String, Source> = "signals" or BTreeMap::new(),
        /// What can be said to it, by name. `set` and `get` are those for settings.
        commands: BTreeMap<String, CommandWords> = "commands" or BTreeMap::new(),
        /// What it senses, by name.
        inputs: BTreeMap<String, InputKind> = "inputs" or BTreeMap::new(),
        /// What it is provisioned with, fresh for each run on a network: certificates, host names, its identity.
        provision: Option<Provision> = "provision" optional,
        /// How many places its core compares with at the same time.
        comparators: Comparators = "comparators" or Comparators { code: 6, data: 4 },
    }
}

crate::record! {
    /// Comparators of a core, for breakpoints and watchpoints. What is left out is that of a Cortex-M3 or M4 as nearly
    /// every chip has it (ARMv7-M Architecture Reference Manual, DDI 0403E: FP_CTRL.NUM_CODE, DWT_CTRL.NUMCOMP).
    #[derive(Copy)]
    pub struct Comparators {
        /// Breakpoints.
        code: u32 = "code" or 6,
        /// Watchpoints.
        data: u32 = "data" or 4,
    }
}

crate::words!(InputKind { Temperature = "temperature", Battery = "battery", Button = "button", Clock = "clock" });

crate::record! {
    /// A page of flash that the debug probe writes before each run on a network. In it stand `BRNP`, a version (16 bit,
    /// little-endian, as all here), the length of the body (16 bit), the body (CBOR), and its CRC-32.
    pub struct Provision {
        /// Its address.
        page: Word = "page",
    }
}

crate::record! {
    /// A serial console.
    pub struct Console {
        /// Its speed in bit/s.
        baud: u32 = "baud" (Positive) or 115_200,
    }
}

crate::record! {
    /// Firmware with known defects, one of which a word in memory selects.
    pub struct Defects {
        /// Which of the images has them.
        image: String = "image",
        /// The address of the word that selects one.
        word: Word = "word",
        /// What to write there for no defect.
        none: Word = "none" or Word(u32::MAX),
        /// What to write there for each.
        known: BTreeMap<String, Word> = "known" (NotEmpty),
    }
}

impl<T> Ruled for BTreeMap<String, T> {
    fn is_nothing(&self) -> bool {
        self.is_empty()
    }
}

/// A 32-bit address or word, written `0x10001080` or in decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Word(pub u32);

impl std::str::FromStr for Word {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.replace('_', "");
        let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
            Some(hex) if !hex.starts_with('+') => u32::from_str_radix(hex, 16).ok(),
            None if !digits.starts_with('+') => digits.parse().ok(),
            _ => None,
        };
        value.map(Self).ok_or_else(|| format!("`{text}` is not a 32-bit word; write it like `0x10001080`"))
    }
}

impl Decode for Word {
    fn shape() -> Shape {
        Shape::Scalar("a 32-bit address or word", "0x10001080")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "a 32-bit word", out)
    }
}

/// A range of flash, written `0x0..0x8000`; the end is the first address behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlashRange {
    /// First address.
    pub start: u32,
    /// First address behind it.
    pub end: u32,
}

impl std::str::FromStr for FlashRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a range of addresses; write it like `0x0..0x8000`");
        let (start, end) = text.split_once("..").ok_or_else(wrong)?;
        let (Word(start), Word(end)) =
            (start.trim().parse().map_err(|_| wrong())?, end.trim().parse().map_err(|_| wrong())?);
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(format!("`{text}` is empty; the end is the first address behind the range"))
        }
    }
}

impl Decode for FlashRange {
    fn shape() -> Shape {
        Shape::Scalar("a range of addresses, its end not included", "0x0..0x8000")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "a range of addresses", out)
    }
}

/// The names of a pattern's groups.
pub(crate) fn groups(regex: &Regex) -> BTreeSet<String> {
    regex.capture_names().flatten().map(str::to_owned).collect()
}

/// Reads a regular expression and checks that it is one.
pub(crate) fn pattern(node: &Node, out: &mut Diagnostics) -> Option<String> {
    let text = scalar(node, "a regular expression", out)?;
    checked(node, text, text, out).map(|_| text.to_owned())
}

/// Compiles `as_compiled`, which was written at `node` as `text`.
pub(crate) fn checked(node: &Node, text: &str, as_compiled: &str, out: &mut Diagnostics) -> Option<Regex> {
    match compile(as_compiled) {
        Ok(regex) if regex.is_match("") && !text.is_empty() => {
            out.error(
                node.span,
                "this pattern matches an empty line, so it matches every line",
                "matches everything",
                Some("make at least one character of it compulsory".to_owned()),
            );
            None
        }
        Ok(regex) if !text.is_empty() => Some(regex),
        Ok(_) => {
            out.error(node.span, "the pattern is empty", "expected a regular expression", None);
            None
        }
        Err(regex::Error::CompiledTooBig(limit)) => {
            out.error(
                node.span,
                format!("the pattern needs more than {limit} bytes"),
                "too large",
                Some("use smaller counts in `{…}`".to_owned()),
            );
            None
        }
        Err(error) => {
            let shown = error.to_string();
            let reason =
                shown.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or("not valid");
            let span = if text == as_compiled { inside(node, text, &shown) } else { node.span };
            out.error(
                span,
                format!("not a regular expression: {reason}"),
                reason,
                Some("put a `\\` before a character that is meant as itself".to_owned()),
            );
            None
        }
    }
}

/// Where in the pattern the complaint points: it shows the pattern with a caret under the place, both indented by 4.
/// Only where the scalar stands in the file as it is, give or take quotes.
fn inside(node: &Node, text: &str, shown: &str) -> Span {
    let quotes = (node.span.end - node.span.start).checked_sub(text.len());
    let caret = shown.lines().find_map(|line| {
        let at = line.find('^')?;
        line[..at].trim().is_empty().then(|| (at.saturating_sub(4), line.matches('^').count()))
    });
    match (quotes, caret) {
        (Some(quotes @ (0 | 2)), Some((at, length))) if text.is_ascii() && at < text.len() => {
            let start = node.span.start + quotes / 2 + at;
            Span { start, end: start + length }
        }
        _ => node.span,
    }
}

/// A board file, read.
#[derive(Clone, Debug)]
pub struct BoardFile {
    /// Its name: the file without `rigs/boards/` and `.yaml`.
    pub name: String,
    /// Its path, for messages.
    pub path: String,
    /// Its text, for messages.
    pub text: String,
    /// What it says.
    pub board: Board,
}

impl BoardFile {
    /// Reads a board file. `path` is for messages; the name is made from it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(path: &str, text: &str) -> Result<Self, Problems> {
        let problems = |found| Problems { path: path.to_owned(), text: text.to_owned(), found };
        let node = parse(text).map_err(problems)?;
        let mut out = Diagnostics::new();
        // One word is the short form of a record, but no board file.
        let board = match &node.value {
            Value::Scalar { .. } => None,
            _ => Board::decode(&node, &mut out),
        };
        if board.is_none() && out.is_empty() {
            out.error(node.span, "expected a mapping, found a value", "expected a mapping", None);
        }
        if let Some(board) = &board {
            consistent(board, &node, &mut out);
        }
        match board {
            Some(board) if out.is_empty() => {
                let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
                let name = file.strip_suffix(".yaml").or_else(|| file.strip_suffix(".yml")).unwrap_or(file);
                Ok(Self { name: name.to_owned(), path: path.to_owned(), text: text.to_owned(), board })
            }
            _ => Err(problems(out.into_sorted())),
        }
    }

    /// How it shows a signal.
    pub fn signal(&self, signal: &Signal) -> Option<&Source> {
        self.board.signals.get(signal.as_str())
    }

    /// What it understands by a command.
    pub fn command(&self, command: &Command) -> Option<&CommandWords> {
        self.board.commands.get(command.as_str())
    }
}

/// What one part of the file demands of another.
fn consistent(board: &Board, node: &Node, out: &mut Diagnostics) {
    let regions: Vec<_> = out
        .mentions()
        .iter()
        .filter_map(|(mention, span)| match mention {
            crate::language::Mention::Region(region) => Some((region.clone(), *span)),
            _ => None,
        })
        .collect();
    for (region, span) in regions {
        if !board.flash.contains_key(region.as_str()) {
            unknown(
                &format!("flash region `{region}`"),
                region.as_str(),
                "flash",
                board.flash.keys(),
                span,
                out,
            );
        }
    }
    if let Some(defects) = &board.defects
        && !board.images.contains_key(&defects.image)
    {
        let span = node.at(&["defects", "image"]).map_or(node.span, |node| node.span);
        unknown(
            &format!("image `{}`", defects.image),
            &defects.image,
            "images",
            board.images.keys(),
            span,
            out,
        );
    }
    command::consistent(&board.commands, node, out);
}

fn unknown<'a>(
    what: &str,
    written: &str,
    field: &str,
    known: impl Iterator<Item = &'a String> + Clone,
    span: Span,
    out: &mut Diagnostics,
) {
    let help = match did_you_mean(written, known.clone().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("`{field}` has: {}", known.cloned().collect::<Vec<_>>().join(", ")),
    };
    out.error(span, format!("unknown {what}"), format!("not under `{field}`"), Some(help));
}

//! Whether faults can strike as they are written: none gets in another's way, no trigger waits for what cannot come,
//! and what they change is there.

use super::fit::Fit;
use crate::fault::{Fault, FlashCorrupt, MemoryFlip, Objection, RegisterFlip};
use crate::language::{Diagnostics, Node, Span, Value};
use crate::location::Parts;
use crate::names::Input;
use crate::network::{Direction, Impair, Written};
use crate::plan::{Source, Symbol};
use crate::port::Port;
use crate::step::Step;
use crate::time::Duration;
use crate::trigger::{Milestone, Trigger, Watchpoint};

/// The control block of RTT, by which an image that logs is known (SEGGER's name for it, kept by every implementation).
const RTT: &str = "_SEGGER_RTT";

/// A fault of the method, where it is written.
struct Placed<'a> {
    fault: &'a Fault,
    /// The word that names it.
    word: Span,
    /// What is written behind that.
    node: &'a Node,
    /// The faults under whose `while` or `meanwhile` it stands, as places in the list.
    under: Vec<Under>,
}

/// A fault that has others under it.
#[derive(Clone, Copy, Debug)]
struct Under {
    /// Its place in the list.
    fault: usize,
    /// It is in force while they strike (`meanwhile`); otherwise it may strike while they are (`while`).
    in_force: bool,
}

impl Placed<'_> {
    /// Where a field is written, or the fault if it is not.
    fn span(&self, path: &[&str]) -> Span {
        self.node.at(path).map_or(self.word, |node| node.span)
    }
}

/// What a fault acts on. Two that act on the same cannot both be in force.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Grip<'a> {
    /// The mains and the supply are one: what the device runs on.
    Power,
    Console,
    Probe,
    Input(&'a Input),
    /// An impairment or a misbehaviour, by the kind of its fault: others may be in force beside it.
    Network(&'static str),
    /// A field of the link's conditions, and which way.
    Condition(&'static str, Direction),
    /// The network cable.
    Cable,
}

impl Grip<'_> {
    fn text(&self) -> String {
        match self {
            Self::Power => "the device's power".to_owned(),
            Self::Console => "the console".to_owned(),
            Self::Probe => "the debug probe".to_owned(),
            Self::Input(input) => format!("the input `{input}`"),
            Self::Network(kind) => format!("what `{kind}` sets"),
            Self::Condition(field, Direction::Down) => format!("the {field} of the link to the device"),
            Self::Condition(field, _) => format!("the {field} of the link from the device"),
            Self::Cable => "the network cable".to_owned(),
        }
    }
}

fn grips(fault: &Fault) -> Vec<Grip<'_>> {
    let kind = fault.as_kind();
    let grip = |port: &Port| match port {
        Port::Power | Port::Supply => Some(Grip::Power),
        Port::Console => Some(Grip::Console),
        Port::Debug => Some(Grip::Probe),
        Port::Stimulus => kind.input().map(|(input, _)| Grip::Input(input)),
        Port::Link | Port::Services => Some(Grip::Network(fault.kind())),
        Port::FlashTrace => None,
    };
    let mut grips: Vec<_> = kind.needs().iter().filter_map(grip).collect();
    match kind.impairs() {
        Some(Impair::Conditions { direction, conditions }) => {
            let fields = conditions.fields().collect::<Vec<_>>();
            let ways = direction.each().iter();
            grips.extend(ways.flat_map(|way| fields.iter().map(|field| Grip::Condition(field, *way))));
        }
        Some(Impair::Unplug | Impair::Flap { .. }) => grips.push(Grip::Cable),
        Some(Impair::Packet(_) | Impair::MtuBlackHole { .. }) | None => {}
    }
    grips
}

/// Whether it is in force for a while; one that is done when it is done is in nobody's way.
fn lasts(fault: &Fault) -> bool {
    fault.timing().hold.is_some()
        || matches!(fault, Fault::PowerFlap(_) | Fault::Brownout(_) | Fault::SlowRamp(_))
}

impl Fit<'_> {
    /// Complains of faults that cannot strike as they are written.
    pub(super) fn strikes(&self, out: &mut Diagnostics) {
        let mut placed = Vec::new();
        if let Some(method) = self.case.node.at(&["method"]) {
            place(&self.case.scenario.method, method, &mut Vec::new(), &mut placed);
        }
        for fault in &placed {
            self.in_the_way(fault, &placed, out);
            self.trigger_comes(fault, &placed, out);
            if let Some(objection) = fault.fault.as_kind().objection() {
                let Objection { field, message, help } = objection;
                let span = field.map_or(fault.word, |field| fault.span(&[field]));
                let label = if field.is_some() { "does not go together" } else { "not enough" };
                out.error(span, message, label, Some(help));
            }
            match fault.fault {
                Fault::FlashCorrupt(corrupt) => one_place(corrupt, fault, out),
                Fault::MemoryFlip(flip) => self.bit_of_memory(flip, fault, out),
                Fault::RegisterFlip(flip) => bit_of_register(flip, fault, out),
                Fault::Payload(payload) => self.content(payload.written(), &payload.from, fault, out),
                Fault::MqttRetainedGarbage(garbage) => {
                    self.content(garbage.written(), &garbage.from, fault, out);
                }
                Fault::MqttFlood(flood) => self.content(flood.written(), &flood.from, fault, out),
                Fault::CommandDuplicated(duplicated) if duplicated.command.is_none() => {
                    self.has_an_example("command", fault, out);
                }
                _ => {}
            }
        }
    }

    /// The fault against those under which it strikes: those that are in force, and those that may strike while it lasts.
    fn in_the_way(&self, inner: &Placed<'_>, all: &[Placed<'_>], out: &mut Diagnostics) {
        let mut outer = inner.under.iter().filter_map(|under| Some((*under, all.get(under.fault)?)));
        let conflict = outer.find_map(|(under, outer)| {
            let by_probe = |trigger: &Trigger| trigger.needs().contains(&Port::Debug);
            let (taking, waiting) = if under.in_force { (outer, inner) } else { (inner, outer) };
            let taken = matches!(taking.fault, Fault::ProbeLost(_));
            if taken && waiting.fault.timing().when.is_some_and(by_probe) {
                return Some((under, outer, Grip::Probe));
            }
            let grip = grips(outer.fault).into_iter().find(|grip| grips(inner.fault).contains(grip));
            Some((under, outer, grip.filter(|_| lasts(inner.fault))?))
        });
        if let Some((under, outer, grip)) = conflict {
            let outer = outer.fault.kind();
            out.error(
                inner.word,
                format!("`{}` and the `{outer}` round it both act on {}", inner.fault.kind(), grip.text()),
                if under.in_force {
                    format!("strikes while the `{outer}` is in force")
                } else {
                    format!("may be in force when the `{outer}` strikes")
                },
                Some("put one behind the other, or let them act on different things".to_owned()),
            );
        }
    }

    fn trigger_comes(&self, fault: &Placed<'_>, all: &[Placed<'_>], out: &mut Diagnostics) {
        let timing = fault.fault.timing();
        let (Some(when), Some(node)) = (timing.when, fault.node.at(&["when"])) else { return };
        self.trigger(when, node, out);
        self.comparators(when, node, out);
        self.probe_stays(fault, all, out);
        let earliest = earliest(when);
        if earliest > timing.within {
            let span = fault.node.at(&["within"]).map_or(node.span, |node| node.span);
            out.error(
                span,
                format!(
                    "this trigger never comes in time: {earliest} at the earliest, within {}",
                    timing.within
                ),
                "over before",
                Some(format!("write `within: {}` or more, beside `when`", Duration(earliest.0 * 2))),
            );
        }
    }

    /// What each part of a trigger wants.
    fn trigger(&self, trigger: &Trigger, node: &Node, out: &mut Diagnostics) {
        let inside = node.at(&[trigger.kind()]).unwrap_or(node);
        let span = |field: &str| inside.at(&[field]).map_or(node.span, |node| node.span);
        match trigger {
            Trigger::Window(window) if window.to < window.from => out.error(
                span("to"),
                format!("the window closes at {} and opens at {}", window.to, window.from),
                "before it opens",
                Some(format!("write `{{from: {}, to: {}}}`", window.to, window.from)),
            ),
            Trigger::Log(_) => self.logs("the trigger `log`", node.span, out),
            Trigger::Signal(signal) => {
                if let Some(Source::Log(_)) = self.board.signal(&signal.name) {
                    self.logs(&format!("the signal `{}`", signal.name), span("name"), out);
                }
            }
            Trigger::Watchpoint(watchpoint) => self.watched(watchpoint, &span, out),
            Trigger::All(all) if all.of.iter().filter(|part| stops(part) > 0).count() > 1 => out.error(
                node.span,
                "the core stands at the first of these places, and never comes to the others",
                "more than one stops the core",
                Some("keep one of them, or take the first that comes: `any`".to_owned()),
            ),
            Trigger::Count(count) if count.n > 1 && once(&count.of) => {
                let (label, help) = if stops(&count.of) > 0 {
                    ("the core stands there the first time", format!("write `nth: {}` inside it", count.n))
                } else {
                    ("comes once", "leave `count` out".to_owned())
                };
                out.error(node.span, "this trigger never comes a second time", label, Some(help));
            }
            _ => {}
        }
        let parts = trigger.as_kind().parts();
        for (at, part) in parts.iter().enumerate() {
            let of = inside.at(&["of"]).unwrap_or(inside);
            let of = match &of.value {
                Value::List(nodes) => nodes.get(at).unwrap_or(of),
                _ => of,
            };
            self.trigger(part, of, out);
        }
    }

    /// Whether the image logs at all; one whose symbols were stripped may.
    fn logs(&self, who: &str, span: Span, out: &mut Diagnostics) {
        if self.symbols.is_some_and(|symbols| !symbols.is_empty() && !symbols.contains_key(RTT)) {
            out.error(
                span,
                format!("{who} never comes: the image does not log over RTT"),
                format!("no `{RTT}` in the image"),
                Some(
                    "build it with defmt-rtt, or another logger over RTT; or wait for something else"
                        .to_owned(),
                ),
            );
        }
    }

    fn watched(&self, watchpoint: &Watchpoint, span: &dyn Fn(&str) -> Span, out: &mut Diagnostics) {
        let Some(place) = self.place(watchpoint.at.parts()) else { return };
        let bytes = watchpoint.bytes.unwrap_or(place.size);
        let length = if bytes == 0 { 4 } else { bytes };
        if !matches!(length, 1 | 2 | 4) {
            let field = if watchpoint.bytes.is_some() { "bytes" } else { "at" };
            out.error(
                span(field),
                format!("a watchpoint compares 1, 2 or 4 bytes; `{}` has {length}", watchpoint.at),
                format!("{length} bytes"),
                Some(format!(
                    "say which of them, like `{{at: {}, bytes: 4}}`; `NAME+8` is the ninth byte of it and on",
                    watchpoint.at
                )),
            );
        } else if place.address % length != 0 {
            out.error(
                span("at"),
                format!(
                    "a watchpoint on {length} bytes begins at a multiple of {length}; `{}` is at {:#010x}",
                    watchpoint.at, place.address
                ),
                "not aligned",
                Some("watch fewer bytes of it: `bytes: 1` or `bytes: 2`".to_owned()),
            );
        }
    }

    /// Where something in memory is, as far as that is known.
    fn place(&self, parts: Option<Parts<'_>>) -> Option<Symbol> {
        match parts? {
            Parts::Address(address) => Some(Symbol { address, size: 0 }),
            Parts::Symbol(name, offset) => self.symbols?.get(name).map(|symbol| Symbol {
                address: symbol.address.wrapping_add(offset),
                size: symbol.size.saturating_sub(offset),
            }),
        }
    }

    /// As many as the chip compares with at the same time.
    fn comparators(&self, when: &Trigger, node: &Node, out: &mut Diagnostics) {
        let has = self.board.board.comparators;
        for (wanted, has, what, unit) in [
            (count(when, &|part| matches!(part, Trigger::Reached(_))), has.code, "breakpoints", "code"),
            (count(when, &|part| matches!(part, Trigger::Watchpoint(_))), has.data, "watchpoints", "data"),
        ] {
            if wanted > has as usize {
                out.error(
                    node.span,
                    format!("this trigger wants {wanted} {what}; the chip of `{}` has {has}", self.board.name),
                    format!("{wanted} {what}"),
                    Some(format!(
                        "watch for fewer; if the chip has more, say so in {}: `comparators: {{{unit}: {wanted}}}`",
                        self.board.path
                    )),
                );
            }
        }
    }

    /// A trigger that needs the probe, while a fault under its `while` takes that away or uses its comparators up.
    fn probe_stays(&self, fault: &Placed<'_>, all: &[Placed<'_>], out: &mut Diagnostics) {
        let waiting = fault.under.iter().filter(|under| !under.in_force);
        for outer in waiting.filter_map(|under| all.get(under.fault)) {
            let (Some(mine), Some(theirs)) = (fault.fault.timing().when, outer.fault.timing().when) else {
                continue;
            };
            if stops(mine) > 0 && stops(theirs) > 0 {
                out.error(
                    fault.span(&["when"]),
                    format!(
                        "the `{}` round this never strikes: its breakpoints are taken back together with these",
                        outer.fault.kind()
                    ),
                    "stops the core too",
                    Some("let only one of the two wait for a place or a variable of the program".to_owned()),
                );
            }
        }
    }
}

fn place<'a>(steps: &'a [Step], node: &'a Node, under: &mut Vec<Under>, out: &mut Vec<Placed<'a>>) {
    let Value::List(nodes) = &node.value else { return };
    for (step, node) in steps.iter().zip(nodes) {
        let (word, value) = match &node.value {
            Value::Map(entries) if entries.len() == 1 => (entries[0].0.span, &entries[0].1),
            _ => (node.span, node),
        };
        match step {
            Step::Fault(fault) => {
                let at = out.len();
                out.push(Placed { fault, word, node: value, under: under.clone() });
                let timing = fault.timing();
                for (field, steps, in_force) in
                    [("while", timing.during, false), ("meanwhile", timing.meanwhile, true)]
                {
                    if let Some(inner) = value.at(&[field]) {
                        under.push(Under { fault: at, in_force });
                        place(steps, inner, under, out);
                        under.pop();
                    }
                }
            }
            Step::Repeat(repeat) => {
                if let Some(inner) = value.at(&["steps"]) {
                    place(&repeat.steps, inner, under, out);
                }
            }
            _ => {}
        }
    }
}

/// How many of its parts, itself included, are such.
fn count(trigger: &Trigger, such: &dyn Fn(&Trigger) -> bool) -> usize {
    let parts = trigger.as_kind().parts();
    usize::from(such(trigger)) + parts.iter().map(|part| count(part, such)).sum::<usize>()
}

/// How many comparators stop the core for it.
fn stops(trigger: &Trigger) -> usize {
    count(trigger, &|part| matches!(part, Trigger::Reached(_) | Trigger::Watchpoint(_)))
}

/// Whether it comes no second time, armed anew or not.
fn once(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::Window(_) | Trigger::Reached(_) | Trigger::Watchpoint(_) => true,
        Trigger::After(after) => after.event == Milestone::Armed,
        Trigger::All(all) => all.of.iter().any(once),
        Trigger::Any(any) => any.of.iter().all(once),
        Trigger::Count(count) => once(&count.of),
        _ => false,
    }
}

/// How long after the arming it comes at the earliest.
fn earliest(trigger: &Trigger) -> Duration {
    let parts = || trigger.as_kind().parts().iter().map(earliest);
    match trigger {
        Trigger::After(after) => after.by,
        Trigger::Signal(signal) => signal.by,
        Trigger::Boot(boot) => boot.by,
        Trigger::Log(log) => log.by,
        Trigger::Reached(reached) => reached.by,
        Trigger::Watchpoint(watchpoint) => watchpoint.by,
        Trigger::Window(window) => window.from,
        Trigger::FlashOp(_) => Duration::ZERO,
        Trigger::Any(_) => parts().min().unwrap_or_default(),
        Trigger::All(_) | Trigger::Count(_) => parts().max().unwrap_or_default(),
    }
}

impl Fit<'_> {
    /// A message is made, or taken from the corpus, or written word for word. What is made is made from something.
    fn content(
        &self,
        written: Written<'_>,
        from: &Option<String>,
        fault: &Placed<'_>,
        out: &mut Diagnostics,
    ) {
        if written.how_many() > 1 {
            out.error(
                fault.word,
                format!("the message of `{}` is written more than once", fault.fault.kind()),
                "more than one message",
                Some("keep one of `as`, `corpus` and `text`".to_owned()),
            );
        } else if from.is_none() && written.wants_a_good_one() {
            self.has_an_example("from", fault, out);
        }
    }

    /// A fault that does not say of which command it makes its own takes the one that the board file shows.
    fn has_an_example(&self, field: &str, fault: &Placed<'_>, out: &mut Diagnostics) {
        if self.board.board.commands.values().any(|words| words.example.is_some()) {
            return;
        }
        out.error(
            fault.word,
            format!(
                "`{}` has no command to make its own from: the board `{}` shows none",
                fault.fault.kind(),
                self.board.name
            ),
            format!("`{field}` is not written either"),
            Some(format!(
                "write one that the device obeys behind `{field}`, or give a command that is published an `example` in {}",
                self.board.path
            )),
        );
    }
}

fn one_place(corrupt: &FlashCorrupt, fault: &Placed<'_>, out: &mut Diagnostics) {
    let (message, label) = match (&corrupt.region, &corrupt.at) {
        (Some(_), Some(_)) => {
            ("`flash_corrupt` has one place, `in` or `at`, and here are both", "two places")
        }
        (None, None) => ("`flash_corrupt` does not say where", "no place"),
        _ => return,
    };
    let help = "write `in: <region of the board file>`, or `at: <symbol or address>`".to_owned();
    out.error(
        if corrupt.at.is_some() { fault.span(&["at"]) } else { fault.word },
        message,
        label,
        Some(help),
    );
}

impl Fit<'_> {
    fn bit_of_memory(&self, flip: &MemoryFlip, fault: &Placed<'_>, out: &mut Diagnostics) {
        let size = flip.bytes.or_else(|| self.place(flip.at.parts()).map(|place| place.size)).unwrap_or(0);
        let Some(bit) = flip.bit.filter(|bit| size > 0 && bit / 8 >= size) else { return };
        out.error(
            fault.span(&["bit"]),
            format!("`{}` has no bit {bit}: it has {size} bytes, so bits 0 to {}", flip.at, size * 8 - 1),
            "beyond it",
            Some("bits are counted from bit 0 of the first byte".to_owned()),
        );
    }
}

fn bit_of_register(flip: &RegisterFlip, fault: &Placed<'_>, out: &mut Diagnostics) {
    let Some(bit) = flip.bit.filter(|bit| *bit > 31) else { return };
    out.error(
        fault.span(&["bit"]),
        format!("a core register has no bit {bit}: it has bits 0 to 31"),
        "beyond it",
        Some("leave `bit` out to let the seed decide".to_owned()),
    );
}

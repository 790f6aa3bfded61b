//! Rig files: one bench, its devices, and the driver behind each port.

use crate::language::decode::{Field, Fields, Record, Shape};
use crate::language::render::Problems;
use crate::language::{Decode, Diagnostics, Node, Span, Value, parse};
use crate::names::Dut;
use crate::plan::Clock;
use crate::port::Port;

crate::words!(Clock { Wall = "wall", Virtual = "virtual" });

/// A rig file, read.
#[derive(Clone, Debug)]
pub struct RigFile {
    /// The rig's name.
    pub name: String,
    /// Which clock it has.
    pub clock: Clock,
    /// Its devices in the order of the file; at least one.
    pub duts: Vec<(Dut, RigDut)>,
    /// Its path, for messages.
    pub path: String,
    /// Its text, for messages.
    pub text: String,
}

/// A device on a rig.
#[derive(Clone, Debug, PartialEq)]
pub struct RigDut {
    /// The name of its board file.
    pub board: String,
    /// Where that stands in the rig file.
    pub board_span: Span,
    /// The drivers of its ports.
    pub ports: Vec<(Port, Driver)>,
}

/// Which driver stands behind a port. Its parameters are its own business: it decodes them with
/// [`Decode`].
#[derive(Clone, Debug, PartialEq)]
pub struct Driver {
    /// Its kind (`probe_rs`).
    pub kind: String,
    /// Where that stands.
    pub kind_span: Span,
    /// Its parameters.
    pub params: Node,
}

impl RigDut {
    /// The driver of a port.
    pub fn driver(&self, port: Port) -> Option<&Driver> {
        self.ports.iter().find(|(of, _)| *of == port).map(|(_, driver)| driver)
    }
}

impl RigFile {
    /// Reads a rig file. `path` is for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it, except with the parameters of drivers.
    pub fn read(path: &str, text: &str) -> Result<Self, Problems> {
        let problems = |found| Problems { path: path.to_owned(), text: text.to_owned(), found };
        let node = parse(text).map_err(problems)?;
        let mut out = Diagnostics::new();
        match read(&node, &mut out) {
            Some((name, clock, duts)) if out.is_empty() => {
                Ok(Self { name, clock, duts: duts.0, path: path.to_owned(), text: text.to_owned() })
            }
            _ => Err(problems(out.into_sorted())),
        }
    }

    /// A device by name, or the first.
    pub fn dut(&self, name: Option<&Dut>) -> Option<&(Dut, RigDut)> {
        match name {
            Some(name) => self.duts.iter().find(|(of, _)| of == name),
            None => self.duts.first(),
        }
    }

    /// How it is written.
    pub const RECORD: &'static Record = &Record {
        doc: "A bench: its devices, and the driver behind each port.",
        fields: &[
            field("rig", "Its name.", false, String::shape),
            field(
                "clock",
                "`wall` for real time; `virtual` only where every driver is `virtual`.",
                true,
                Clock::shape,
            ),
            field("duts", "Its devices, by name.", false, Duts::shape),
        ],
    };
}

const fn field(name: &'static str, doc: &'static str, optional: bool, shape: fn() -> Shape) -> Field {
    Field { name, doc, optional, default: None, rule: None, shape }
}

fn read(node: &Node, out: &mut Diagnostics) -> Option<(String, Clock, Duts)> {
    let mut fields = Fields::of(node, RigFile::RECORD, out)?;
    let name = fields.required::<String>("rig", out);
    let clock = fields.optional::<Clock>("clock", out).map(|clock| clock.unwrap_or(Clock::Wall));
    let duts = fields.required::<Duts>("duts", out);
    fields.finish(out)?;
    Some((name?, clock?, duts?))
}

/// The devices in the order of the file, because the first one is the default.
struct Duts(Vec<(Dut, RigDut)>);

impl Decode for Duts {
    fn shape() -> Shape {
        Shape::Names(Box::new(RigDut::shape()))
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Map(entries) if !entries.is_empty() => {
                let duts: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| Some((Dut::from(key.text.as_str()), RigDut::decode(value, out)?)))
                    .collect();
                duts.into_iter().collect::<Option<Vec<_>>>().map(Self)
            }
            other => {
                let found = if matches!(other, Value::Map(_)) { "none" } else { other.kind() };
                out.error(
                    node.span,
                    format!("expected at least one device by name, found {found}"),
                    "expected a mapping",
                    Some(
                        "write `thermostat: {board: nrf52840-thermostat, …}` one step further in".to_owned(),
                    ),
                );
                None
            }
        }
    }
}

const DUT: &Record = &Record {
    doc: "A device on a rig. A port that is left out is one the rig does not have.",
    fields: &[
        field("board", "The name of its board file, under `rigs/boards`.", false, String::shape),
        field("debug", "Driver of the debug probe.", true, Driver::shape),
        field("console", "Driver of the serial console.", true, Driver::shape),
        field("power", "Driver of the mains.", true, Driver::shape),
        field(
            "flash_trace",
            "Driver of what sees flash operations; few benches have it.",
            true,
            Driver::shape,
        ),
        field("supply", "Driver of an adjustable supply.", true, Driver::shape),
        field("stimulus", "Driver of what the device senses.", true, Driver::shape),
        field(
            "link",
            "Driver of its network cable, and of what frames meet on their way.",
            true,
            Driver::shape,
        ),
        field("services", "Driver of the services at the other end of the link.", true, Driver::shape),
    ],
};

impl Decode for RigDut {
    fn shape() -> Shape {
        Shape::Record(DUT)
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        let mut fields = Fields::of(node, DUT, out)?;
        let board_span = fields.span_of("board").unwrap_or(node.span);
        let board = fields.required::<String>("board", out);
        let drivers: Vec<_> = Port::ALL
            .iter()
            .map(|port| fields.optional::<Driver>(port.name(), out).map(|driver| driver.map(|d| (*port, d))))
            .collect();
        fields.finish(out)?;
        let drivers: Option<Vec<_>> = drivers.into_iter().collect();
        Some(Self { board: board?, board_span, ports: drivers?.into_iter().flatten().collect() })
    }
}

impl Decode for Driver {
    fn shape() -> Shape {
        Shape::Kind("drivers")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        match &node.value {
            Value::Map(entries) if entries.len() == 1 => {
                let (key, params) = &entries[0];
                Some(Self { kind: key.text.clone(), kind_span: key.span, params: params.clone() })
            }
            // `debug: virtual` for `debug: {virtual: {}}`.
            Value::Scalar { text, .. } => Some(Self {
                kind: text.clone(),
                kind_span: node.span,
                params: Node { span: node.span, value: Value::Map(Vec::new()) },
            }),
            Value::Map(entries) => {
                let span = entries.get(1).map_or(node.span, |(key, _)| key.span);
                out.error(
                    span,
                    format!("expected exactly one driver, found {}", entries.len()),
                    "one driver a port",
                    Some("indent its parameters one step further than its name".to_owned()),
                );
                None
            }
            other => {
                out.error(
                    node.span,
                    format!("expected a driver, found {}", other.kind()),
                    "expected a driver",
                    Some("write `{driver: {parameter: value}}`; leave the port out if the rig does not have it".to_owned()),
                );
                None
            }
        }
    }
}

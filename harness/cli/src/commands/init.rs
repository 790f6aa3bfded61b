//! `brownout init`: the files for a new device.

use crate::args::Init;
use crate::failure::{Exit, Failure};
use crate::project::Project;
use crate::view;
use brownout_core::resolve::IMAGES;
use brownout_drivers::Looks;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Variables of the image that the scenario offers.
const OFFERED: usize = 5;

/// Writes a board file, a rig file and a first scenario, and says how to try them. Nothing is overwritten.
///
/// # Errors
/// A name or an image that cannot be used; files that are there already.
pub fn run(args: &Init) -> Result<Exit, Failure> {
    let name = args.name.as_str();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(fits) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(Failure::input(
            format!("`{name}` cannot be the name of a device"),
            "write it in small letters, digits, `-` and `_`; it names files",
        ));
    }
    // Who has no project yet gets one here.
    let root = match Project::find() {
        Ok(project) => project.root().to_owned(),
        Err(_) => std::env::current_dir().map_err(|error| Failure::input(error.to_string(), ""))?,
    };
    let image = args.image.as_deref().map(read_image).transpose()?;
    let looks = image.as_ref().map(|(_, looks)| looks.clone()).unwrap_or_default();
    let device = Device {
        name,
        chip: args.chip.as_deref(),
        looks: &looks,
        probes: brownout_drivers::probes(),
        ports: brownout_drivers::serial_ports(),
    };
    let mut files: Vec<(String, Vec<u8>)> = vec![
        (format!("rigs/boards/{name}.yaml"), device.board().into_bytes()),
        (format!("rigs/{name}.yaml"), device.rig().into_bytes()),
        (format!("scenarios/{name}/comes-back.yaml"), device.scenario().into_bytes()),
    ];
    if let Some((bytes, _)) = image {
        files.push((format!("{IMAGES}/{name}.elf"), bytes));
    }
    if let Some((taken, _)) = files.iter().find(|(path, _)| root.join(path).exists()) {
        return Err(Failure::input(
            format!("{taken} is there already, and nothing is overwritten"),
            format!("choose another name than `{name}`, or take the file away"),
        ));
    }
    for (path, bytes) in &files {
        write_new(&root.join(path), bytes)?;
        view::print(&format!("wrote {path}\n"));
    }
    view::print(&device.next_steps(args.image.is_some()));
    Ok(Exit::Pass)
}

fn read_image(path: &Path) -> Result<(Vec<u8>, Looks), Failure> {
    let wrong = |why: String| {
        Failure::input(
            format!("cannot read the image {}: {why}", path.display()),
            "an image is an ELF file for a 32-bit microcontroller",
        )
    };
    let bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let looks = brownout_drivers::looks(&bytes).map_err(wrong)?;
    Ok((bytes, looks))
}

fn write_new(path: &PathBuf, bytes: &[u8]) -> Result<(), Failure> {
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        File::create_new(path)?.write_all(bytes)
    };
    write().map_err(|error: std::io::Error| {
        Failure::input(format!("cannot write {}: {error}", path.display()), "is this folder yours?")
    })
}

/// What is known of the new device.
struct Device<'a> {
    name: &'a str,
    chip: Option<&'a str>,
    looks: &'a Looks,
    probes: Vec<(String, String)>,
    ports: Vec<String>,
}

impl Device<'_> {
    fn board(&self) -> String {
        let Self { name, looks, .. } = self;
        let chip = match (self.chip, looks.chip) {
            (Some(chip), _) => format!("chip: {chip}"),
            (None, Some(chip)) => format!(
                "# change: only a guess, from the memory map of the image. `probe-rs chip list` shows all names.\nchip: {chip}"
            ),
            (None, None) => {
                "# change: a probe-rs target name; `probe-rs chip list` shows them all.\nchip: nRF52840_xxAA"
                    .to_owned()
            }
        };
        let log = match (looks.rtt, looks.defmt) {
            (true, true) => {
                "  # The image logs defmt over RTT, so signals may also be found in its log:\n  # saved: {log: 'settings saved'}\n"
            }
            (true, false) => {
                "  # The image logs text over RTT, so signals may also be found in its log:\n  # saved: {log: 'settings saved'}\n"
            }
            _ => "",
        };
        format!(
            "# What a {name} is, how it shows what it does, and what it understands. `brownout kinds board` explains every\n\
             # field. Lines marked with \"change:\" have to be made true first.\n\n\
             {chip}\n\
             # change: the speed of its serial console, in bit/s.\n\
             console: {{baud: 115200}}\n\n\
             # Files under {IMAGES}. `current` is what runs by default; --image overrides it.\n\
             images:\n  current: {name}.elf\n\n\
             # Regions of flash, and those that are cleared before each run, so that every run begins alike.\n\
             # flash: {{settings: 0xfc000..0xfe000}}\n\
             # fresh: [settings]\n\n\
             # Behaviours by name. A pattern is a regular expression over one line of the console; what its named groups\n\
             # catch can be asked for by checks. `boot` is what it says first whenever it starts.\n\
             # change: put in what your device says.\n\
             signals:\n  \
             boot: {{console: '^boot'}}\n  \
             ready: {{console: '^ready'}}\n  \
             panic: {{console: 'panicked at|HardFault|assert'}}\n{log}\n\
             # What can be said to it, by name. `set` and `get` are those for settings (`durable` wants both).\n\
             # commands:\n\
             #   set: {{send: 'set {{key}} {{value}}', ack: '^ok'}}\n\
             #   get: {{send: 'get {{key}}', ack: '^(?<value>.+)'}}\n\n\
             # What it senses, by name, for the faults of inputs: temperature, battery, button or clock.\n\
             # inputs: {{temperature: temperature}}\n"
        )
    }

    fn rig(&self) -> String {
        let name = self.name;
        let (selector, found) = match self.probes.as_slice() {
            [] => (
                "1366:1061",
                "# change: no probe was found; `brownout doctor` shows those that are there.\n".to_owned(),
            ),
            [(selector, known), more @ ..] => {
                let mut found = format!("# Found: {}.\n", one_line(known));
                for (selector, known) in more {
                    let _ =
                        writeln!(found, "    # Also here: \"{}\" ({}).", one_line(selector), one_line(known));
                }
                (selector.as_str(), found)
            }
        };
        let (port, ports) = match self.ports.as_slice() {
            [] => ("/dev/ttyACM0", "# change: no serial port was found.\n".to_owned()),
            [port] => (port.as_str(), "# change: the only one found; is it this one?\n".to_owned()),
            [port, more @ ..] => {
                (port.as_str(), format!("# Found; also here: {}.\n", one_line(&more.join(", "))))
            }
        };
        format!(
            "# One bench with a {name} on it. `brownout kinds rig` explains every field, `brownout doctor {name}` looks\n\
             # whether everything is there.\n\
             rig: {name}\nclock: wall\n\nduts:\n  {name}:\n    board: {name}\n\n    \
             # The debug probe, by USB vendor and product, and serial number if there are several.\n    {found}    \
             debug: {{probe_rs: {{selector: \"{}\"}}}}\n\n    \
             # Its serial port.\n    {ports}    \
             console: {{serial: {{port: {}}}}}\n\n    \
             # change: programs that switch its power, here a USB hub with power switching per port (`uhubctl` alone\n    \
             # shows hubs and ports). Any program that ends with status 0 will do.\n    \
             power:\n      command:\n        \
             on: [uhubctl, --location, 1-1, --ports, 2, --action, on]\n        \
             off: [uhubctl, --location, 1-1, --ports, 2, --action, off]\n        \
             within: 10s\n\n    \
             # An adjustable supply and programs that move what the device senses, if you have them:\n    \
             # `brownout kinds` lists the drivers.\n",
            one_line(selector),
            one_line(port),
        )
    }

    fn scenario(&self) -> String {
        let name = self.name;
        let mut offered = String::new();
        let variables: Vec<_> = self.looks.variables.iter().take(OFFERED).collect();
        if let Some((first, _)) = variables.first() {
            let names: Vec<_> = variables.iter().map(|(name, _)| one_line(name)).collect();
            let _ = write!(
                offered,
                "  # Variables of the image that a fault may turn over or a trigger watch:\n  # {}.\n  \
                 # - memory_flip: {{at: {}, bit: 0}}\n",
                names.join(", "),
                one_line(first),
            );
        }
        format!(
            "# A first question: does the {name} come back by itself when its power was away?\n\
             # `brownout kinds` shows what else can go wrong, and what can be expected.\n\
             scenario: the power of the {name} is cut for $off\n\
             tags: [power, first]\n\n\
             steady:\n  - seen: {{signal: ready, within: 30s}}\n\n\
             method:\n  - power_cut: {{for: $off}}\n  - wait: {{for: ready, within: 30s}}\n{offered}\n\
             expect:\n  - recovers: {{from: power_cut, to: ready, within: 10s}}\n  - boots_at_most: 1\n  \
             - never: panic\n\n\
             vary:\n  off: [200ms, 5s]\n"
        )
    }

    fn next_steps(&self, has_image: bool) -> String {
        let name = self.name;
        let mut text = String::new();
        let image = if has_image {
            String::new()
        } else {
            format!("put your firmware at {IMAGES}/{name}.elf, or name it each time with --image\n  ")
        };
        if let (None, Some(chip)) = (self.chip, self.looks.chip) {
            let _ = writeln!(text, "guessed the chip from the image: {chip}");
        }
        let _ = write!(
            text,
            "\nnext\n  {image}make the lines marked with \"change:\" true in rigs/boards/{name}.yaml and rigs/{name}.yaml\n  \
             brownout doctor {name}\n  \
             brownout plan scenarios/{name} --rig {name}\n  \
             brownout run scenarios/{name} --rig {name} --control\n"
        );
        text
    }
}

/// A name of somebody else, for a comment or a value in a file: nothing that would end either.
fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !"\"'{}[]#\\".contains(*c)).take(80).collect()
}

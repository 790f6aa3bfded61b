//! From a rig file to an opened bench.
//!
//! The tables below are the one place that names the drivers: a new one is a new file and its line here.

use crate::clock::{Stopwatch, WallClock};
use crate::console::{Serial, SerialParams};
use crate::debug::{ProbeRs, ProbeRsParams, Target, opener};
use crate::link::{InlineParams, NetemParams};
use crate::parameters::VirtualParams;
use crate::power::{Command, CommandParams};
use crate::services::{Broker, BrokerParams, GatewayParams, InlineServicesParams};
use crate::stimulus::{StimulusCommand, StimulusCommandParams};
use crate::supply::{Scpi, ScpiParams};
use brownout_core::kinds::{Kind, Table};
use brownout_core::language::render::Problems;
use brownout_core::language::{Decode, Diagnostics, Key, Node, Shape, Value};
use brownout_core::names::Dut;
use brownout_core::plan::Clock;
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::rig_file::{Driver, RigFile};
use brownout_ports::{Bench, Doors, Watch};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

brownout_core::kinds! {
    /// What can stand behind a debug port.
    pub enum DebugDriver("debug driver", "debug drivers") {
        "probe_rs" => ProbeRs(ProbeRsParams),
        "virtual" => Virtual(VirtualParams),
    }
}

brownout_core::kinds! {
    /// What can stand behind a console port.
    pub enum ConsoleDriver("console driver", "console drivers") {
        "serial" => Serial(SerialParams),
        "virtual" => Virtual(VirtualParams),
    }
}

brownout_core::kinds! {
    /// What can stand behind a power port.
    pub enum PowerDriver("power driver", "power drivers") {
        "command" => Command(CommandParams),
        "virtual" => Virtual(VirtualParams),
    }
}

brownout_core::kinds! {
    /// What can stand behind a supply port.
    pub enum SupplyDriver("supply driver", "supply drivers") {
        "scpi" => Scpi(ScpiParams),
        "virtual" => Virtual(VirtualParams),
    }
}

brownout_core::kinds! {
    /// What can stand behind a stimulus port.
    pub enum StimulusDriver("stimulus driver", "stimulus drivers") {
        "command" => Command(StimulusCommandParams),
        "virtual" => Virtual(VirtualParams),
    }
}

brownout_core::kinds! {
    /// What can stand behind a flash trace port.
    pub enum FlashTraceDriver("flash trace driver", "flash trace drivers") {
        "virtual" => Virtual(VirtualParams),
    }
}

brownout_core::kinds! {
    /// What can stand behind a link port.
    pub enum LinkDriver("link driver", "link drivers") {
        "netem" => Netem(NetemParams),
        "inline" => Inline(InlineParams),
        "virtual" => Virtual(VirtualParams),
    }
}

brownout_core::kinds! {
    /// What can stand behind a services port.
    pub enum ServicesDriver("services driver", "services drivers") {
        "broker" => Broker(BrokerParams),
        "gateway" => Gateway(GatewayParams),
        "inline" => Inline(InlineServicesParams),
        "virtual" => Virtual(VirtualParams),
    }
}

/// The tables of drivers, for `brownout kinds`.
pub fn tables() -> Vec<Table> {
    type Line = (&'static str, fn() -> Shape);
    let table = |name, doc, kinds: &[Line]| Table {
        name,
        doc,
        kinds: kinds.iter().map(|(word, shape)| Kind { word, shape: shape() }).collect(),
    };
    vec![
        table("debug drivers", DebugDriver::DOC, DebugDriver::TABLE),
        table("console drivers", ConsoleDriver::DOC, ConsoleDriver::TABLE),
        table("power drivers", PowerDriver::DOC, PowerDriver::TABLE),
        table("flash trace drivers", FlashTraceDriver::DOC, FlashTraceDriver::TABLE),
        table("supply drivers", SupplyDriver::DOC, SupplyDriver::TABLE),
        table("stimulus drivers", StimulusDriver::DOC, StimulusDriver::TABLE),
        table("link drivers", LinkDriver::DOC, LinkDriver::TABLE),
        table("services drivers", ServicesDriver::DOC, ServicesDriver::TABLE),
    ]
}

/// A rig file whose drivers are understood.
#[derive(Clone, Debug)]
pub struct Rig {
    /// Which clock it has.
    pub clock: Clock,
    /// Its devices in the order of the file.
    pub duts: Vec<RigDut>,
}

/// A device of a rig, with what stands behind its ports.
#[derive(Clone, Debug)]
pub struct RigDut {
    /// Its name.
    pub name: Dut,
    /// The name of its board file.
    pub board: String,
    /// Behind its debug port.
    pub debug: Option<DebugDriver>,
    /// Behind its console port.
    pub console: Option<ConsoleDriver>,
    /// Behind its power port.
    pub power: Option<PowerDriver>,
    /// Behind its flash trace port.
    pub flash_trace: Option<FlashTraceDriver>,
    /// Behind its supply port.
    pub supply: Option<SupplyDriver>,
    /// Behind its stimulus port.
    pub stimulus: Option<StimulusDriver>,
    /// Behind its link port.
    pub link: Option<LinkDriver>,
    /// Behind its services port.
    pub services: Option<ServicesDriver>,
}

/// What a driver must know of the board type.
#[derive(Clone, Debug)]
pub struct BoardFacts {
    /// The probe-rs target name.
    pub chip: String,
    /// The console's speed in bit/s.
    pub baud: u32,
}

impl Rig {
    /// Understands the drivers of a rig file.
    ///
    /// # Errors
    /// Unknown drivers, wrong parameters, a virtual clock with a device that is not virtual: all of them together.
    pub fn of(file: &RigFile) -> Result<Self, Problems> {
        let mut out = Diagnostics::new();
        let mut duts = Vec::new();
        for (name, dut) in &file.duts {
            duts.push(RigDut {
                name: name.clone(),
                board: dut.board.clone(),
                debug: driver(dut.driver(Port::Debug), &mut out),
                console: driver(dut.driver(Port::Console), &mut out),
                power: driver(dut.driver(Port::Power), &mut out),
                flash_trace: driver(dut.driver(Port::FlashTrace), &mut out),
                supply: driver(dut.driver(Port::Supply), &mut out),
                stimulus: driver(dut.driver(Port::Stimulus), &mut out),
                link: driver(dut.driver(Port::Link), &mut out),
                services: driver(dut.driver(Port::Services), &mut out),
            });
            let kinds: Vec<_> = dut.ports.iter().map(|(_, driver)| driver).collect();
            let is_virtual = |driver: &Driver| driver.kind == VIRTUAL;
            network_fits(dut, duts.last(), &mut out);
            let Some(real) = kinds.iter().find(|driver| !is_virtual(driver)) else { continue };
            if file.clock == Clock::Virtual {
                out.error(
                    real.kind_span,
                    format!("`{}` cannot live in virtual time", real.kind),
                    "lives in real time",
                    Some("write `clock: wall`".to_owned()),
                );
            } else if !dut.driver(Port::Power).is_some_and(is_virtual) {
                for (port, whose) in [
                    (Port::FlashTrace, "whose flash?"),
                    (Port::Supply, "whose supply?"),
                    (Port::Stimulus, "whose inputs?"),
                    (Port::Link, "whose cable?"),
                    (Port::Services, "whose services?"),
                ] {
                    let Some(lonely) = dut.driver(port).filter(|driver| is_virtual(driver)) else { continue };
                    out.error(
                        lonely.kind_span,
                        format!("a virtual `{port}` belongs to a virtual board"),
                        whose,
                        Some("take it away, or make `power` virtual too".to_owned()),
                    );
                }
            }
        }
        if out.is_empty() {
            return Ok(Self { clock: file.clock, duts });
        }
        Err(Problems { path: file.path.clone(), text: file.text.clone(), found: out.into_sorted() })
    }

    /// Whether anything of it keeps its state when this process dies: then one process at a time may use it, and what
    /// must be undone is kept on disk.
    pub fn outlives_us(&self) -> bool {
        self.duts.iter().any(|dut| {
            !matches!(dut.debug, None | Some(DebugDriver::Virtual(_)))
                || !matches!(dut.console, None | Some(ConsoleDriver::Virtual(_)))
                || !matches!(dut.power, None | Some(PowerDriver::Virtual(_)))
                || !matches!(dut.supply, None | Some(SupplyDriver::Virtual(_)))
                || !matches!(dut.stimulus, None | Some(StimulusDriver::Virtual(_)))
                || !matches!(dut.link, None | Some(LinkDriver::Virtual(_)))
                || !matches!(dut.services, None | Some(ServicesDriver::Virtual(_)))
        })
    }

    /// Looks whether the virtual boards of it are what their board files ask for, with nothing opened.
    ///
    /// # Errors
    /// One is not.
    pub fn fits(&self, boards: &BTreeMap<String, BoardFacts>) -> Result<(), PortError> {
        #[cfg(feature = "virtual")]
        for dut in self.duts.iter().filter(|dut| dut.is_virtual()) {
            crate::r#virtual::is_chip(&facts(boards, &dut.board)?.chip)?;
        }
        Ok(())
    }

    /// Opens it. `boards` knows each board file by name; `seed` is that of virtual boards.
    ///
    /// # Errors
    /// An instrument that cannot be opened. Those opened before are closed again.
    pub fn open(&self, boards: &BTreeMap<String, BoardFacts>, seed: u64) -> Result<Bench, PortError> {
        match self.clock {
            Clock::Virtual => self.open_virtual(boards, seed),
            Clock::Wall => self.open_wall(boards, seed, &mut |_, _| {}),
        }
    }

    /// As [`Self::open`], on the wall clock; shows each virtual board, for those who measure how fast its doors are.
    ///
    /// # Errors
    /// As [`Self::open`].
    #[cfg(all(feature = "virtual", unix))]
    pub fn open_showing(
        &self,
        boards: &BTreeMap<String, BoardFacts>,
        seed: u64,
        mut show: impl FnMut(&Dut, &crate::r#virtual::HostedBoard),
    ) -> Result<Bench, PortError> {
        self.open_wall(boards, seed, &mut |dut, host| {
            if let Some(hosted) = &host.0 {
                show(dut, hosted.host());
            }
        })
    }

    #[cfg(feature = "virtual")]
    fn open_virtual(&self, boards: &BTreeMap<String, BoardFacts>, seed: u64) -> Result<Bench, PortError> {
        use crate::r#virtual::simulated::{Simulated, VirtualClock};
        let (sender, reports) = Watch::channel();
        let (mut duts, mut devices) = (BTreeMap::new(), Vec::new());
        for dut in &self.duts {
            let board = facts(boards, &dut.board)?;
            let watch = Watch::on(dut.name.clone(), sender.clone());
            let device = Simulated::new(&board.chip, board.baud, seed, dut.name.as_str(), watch)?;
            let doors = Doors {
                debug: dut.debug.is_some().then(|| Rc::clone(&device) as Rc<_>),
                console: dut.console.is_some().then(|| Rc::clone(&device) as Rc<_>),
                power: dut.power.is_some().then(|| Rc::clone(&device) as Rc<_>),
                flash_trace: dut.flash_trace.is_some().then(|| Rc::clone(&device) as Rc<_>),
                supply: dut.supply.is_some().then(|| Rc::clone(&device) as Rc<_>),
                stimulus: dut.stimulus.is_some().then(|| Rc::clone(&device) as Rc<_>),
                link: dut.link.is_some().then(|| Rc::clone(&device) as Rc<_>),
                services: dut.services.is_some().then(|| Rc::clone(&device) as Rc<_>),
            };
            duts.insert(dut.name.clone(), doors);
            devices.push(device);
        }
        let clock = Rc::new(VirtualClock::new(devices));
        let checkpoint = Rc::clone(&clock) as Rc<_>;
        Ok(Bench { clock, duts, reports, checkpoint: Some(checkpoint) })
    }

    #[cfg(not(feature = "virtual"))]
    fn open_virtual(&self, _: &BTreeMap<String, BoardFacts>, _: u64) -> Result<Bench, PortError> {
        Err(not_built())
    }

    fn open_wall(
        &self,
        boards: &BTreeMap<String, BoardFacts>,
        seed: u64,
        show: &mut dyn FnMut(&Dut, &Host),
    ) -> Result<Bench, PortError> {
        let clock = Stopwatch::start();
        let (sender, reports) = Watch::channel();
        let mut duts = BTreeMap::new();
        for dut in &self.duts {
            let board = facts(boards, &dut.board)?;
            let watch = Watch::on(dut.name.clone(), sender.clone());
            duts.insert(dut.name.clone(), dut.open(board, seed, &watch, &clock, show)?);
        }
        Ok(Bench { clock: Rc::new(WallClock(clock)), duts, reports, checkpoint: None })
    }
}

impl RigDut {
    fn open(
        &self,
        board: &BoardFacts,
        seed: u64,
        watch: &Watch,
        clock: &Arc<Stopwatch>,
        show: &mut dyn FnMut(&Dut, &Host),
    ) -> Result<Doors, PortError> {
        let hosted = self.host(board, seed, watch, clock)?;
        show(&self.name, &hosted);
        let mut doors = Doors::default();
        let mut probe_rs = |params: &ProbeRsParams| -> Result<(), PortError> {
            let target = Target::new(
                board.chip.clone(),
                format!("`{}`", params.selector),
                params.speed.map(|speed| speed.khz()),
                params.allow_erase_all,
                opener(&params.selector)?,
            );
            let port = ProbeRs::start(target, watch.clone(), Arc::clone(clock)).map_err(no_thread)?;
            doors.debug = Some(Rc::new(port));
            Ok(())
        };
        let serial = |path: String| Serial::new(path, board.baud, watch.clone(), Arc::clone(clock));
        match &self.debug {
            Some(DebugDriver::ProbeRs(params)) => probe_rs(params)?,
            Some(DebugDriver::Virtual(_)) => {
                let selector = hosted.selector();
                probe_rs(&ProbeRsParams { selector, speed: None, allow_erase_all: false })?;
            }
            None => {}
        }
        doors.console = match &self.console {
            Some(ConsoleDriver::Serial(params)) => Some(Rc::new(serial(params.port.clone()))),
            Some(ConsoleDriver::Virtual(_)) => hosted.serial(serial(hosted.console())),
            None => None,
        };
        doors.power = match &self.power {
            Some(PowerDriver::Command(params)) => {
                Some(Rc::new(Command::new(params.clone(), watch.clone(), Arc::clone(clock))))
            }
            Some(PowerDriver::Virtual(_)) => hosted.power(),
            None => None,
        };
        doors.flash_trace = match &self.flash_trace {
            Some(FlashTraceDriver::Virtual(_)) => hosted.flash_trace(),
            None => None,
        };
        doors.supply = match &self.supply {
            Some(SupplyDriver::Scpi(params)) => Some(Rc::new(
                Scpi::start(params.clone(), watch.clone(), Arc::clone(clock)).map_err(no_thread)?,
            )),
            Some(SupplyDriver::Virtual(_)) => hosted.supply(),
            None => None,
        };
        doors.stimulus = match &self.stimulus {
            Some(StimulusDriver::Command(params)) => {
                Some(Rc::new(StimulusCommand::new(params.clone(), Arc::clone(clock))))
            }
            Some(StimulusDriver::Virtual(_)) => hosted.stimulus(),
            None => None,
        };
        let ends = crate::network::open(self, seed, watch, clock, hosted.ethernet())?;
        (doors.link, doors.services) = (ends.link, ends.services);
        if let Some(ServicesDriver::Broker(params)) = &self.services {
            let broker =
                Broker::start(params.clone(), watch.clone(), Arc::clone(clock)).map_err(no_thread)?;
            doors.services = Some(Rc::new(broker));
        }
        Ok(doors)
    }

    fn is_virtual(&self) -> bool {
        matches!(self.debug, Some(DebugDriver::Virtual(_)))
            || matches!(self.console, Some(ConsoleDriver::Virtual(_)))
            || matches!(self.power, Some(PowerDriver::Virtual(_)))
    }

    #[cfg(all(feature = "virtual", unix))]
    fn host(
        &self,
        board: &BoardFacts,
        seed: u64,
        watch: &Watch,
        clock: &Arc<Stopwatch>,
    ) -> Result<Host, PortError> {
        use crate::r#virtual::hosted::Hosted;
        if !self.is_virtual() {
            return Ok(Host(None));
        }
        let hosted = Hosted::start(&board.chip, seed, watch.clone(), Arc::clone(clock))?;
        Ok(Host(Some(Rc::new(hosted))))
    }

    #[cfg(not(all(feature = "virtual", unix)))]
    fn host(&self, _: &BoardFacts, _: u64, _: &Watch, _: &Arc<Stopwatch>) -> Result<Host, PortError> {
        if self.is_virtual() { Err(not_built()) } else { Ok(Host) }
    }
}

/// The virtual board in real time, if this device is one.
#[cfg(all(feature = "virtual", unix))]
struct Host(Option<Rc<crate::r#virtual::hosted::Hosted>>);

#[cfg(all(feature = "virtual", unix))]
impl Host {
    fn selector(&self) -> String {
        self.0.as_ref().map(|hosted| hosted.selector()).unwrap_or_default()
    }

    fn console(&self) -> String {
        self.0.as_ref().map(|hosted| hosted.console().display().to_string()).unwrap_or_default()
    }

    fn ethernet(&self) -> Option<std::path::PathBuf> {
        self.0.as_ref().map(|hosted| hosted.host().ethernet_socket())
    }

    fn power(&self) -> Option<Rc<dyn brownout_ports::Power>> {
        self.0.clone().map(|hosted| hosted as Rc<_>)
    }

    fn flash_trace(&self) -> Option<Rc<dyn brownout_ports::FlashTrace>> {
        self.0.clone().map(|hosted| hosted as Rc<_>)
    }

    fn supply(&self) -> Option<Rc<dyn brownout_ports::Supply>> {
        self.0.clone().map(|hosted| hosted as Rc<_>)
    }

    fn stimulus(&self) -> Option<Rc<dyn brownout_ports::Stimulus>> {
        self.0.clone().map(|hosted| hosted as Rc<_>)
    }

    fn serial(&self, serial: Serial) -> Option<Rc<dyn brownout_ports::Console>> {
        let console = |hosted| Rc::new(crate::r#virtual::hosted::HostedConsole { serial, hosted }) as Rc<_>;
        self.0.clone().map(console)
    }
}

#[cfg(not(all(feature = "virtual", unix)))]
struct Host;

#[cfg(not(all(feature = "virtual", unix)))]
impl Host {
    fn selector(&self) -> String {
        String::new()
    }

    fn console(&self) -> String {
        String::new()
    }

    fn ethernet(&self) -> Option<std::path::PathBuf> {
        None
    }

    fn power(&self) -> Option<Rc<dyn brownout_ports::Power>> {
        None
    }

    fn flash_trace(&self) -> Option<Rc<dyn brownout_ports::FlashTrace>> {
        None
    }

    fn supply(&self) -> Option<Rc<dyn brownout_ports::Supply>> {
        None
    }

    fn stimulus(&self) -> Option<Rc<dyn brownout_ports::Stimulus>> {
        None
    }

    fn serial(&self, _: Serial) -> Option<Rc<dyn brownout_ports::Console>> {
        None
    }
}

/// The word by which rig files name the virtual board.
const VIRTUAL: &str = "virtual";

fn driver<T: Decode>(driver: Option<&Driver>, out: &mut Diagnostics) -> Option<T> {
    let driver = driver?;
    let key = Key { span: driver.kind_span, text: driver.kind.clone() };
    let node = Node { span: driver.kind_span, value: Value::Map(vec![(key, driver.params.clone())]) };
    T::decode(&node, out)
}

/// Services stand at the other end of the link that the rig names.
fn network_fits(file: &brownout_core::rig_file::RigDut, dut: Option<&RigDut>, out: &mut Diagnostics) {
    let (Some(dut), Some(services)) = (dut, file.driver(Port::Services)) else { return };
    let wrong = match (&dut.link, &dut.services) {
        // A broker of somebody's own is somewhere else.
        (_, Some(ServicesDriver::Broker(_)) | None) => return,
        (Some(LinkDriver::Netem(link)), Some(ServicesDriver::Gateway(gateway)))
            if link.interface != gateway.interface =>
        {
            format!("name the same interface for both: `{}` or `{}`", link.interface, gateway.interface)
        }
        (Some(LinkDriver::Netem(_)) | None, Some(ServicesDriver::Gateway(_))) => return,
        (Some(LinkDriver::Inline(_)), Some(ServicesDriver::Inline(_))) => return,
        (Some(LinkDriver::Virtual(_)) | None, Some(ServicesDriver::Virtual(_))) => return,
        (Some(LinkDriver::Netem(link)), Some(_)) => {
            format!("write `services: {{gateway: {{interface: {}}}}}`", link.interface)
        }
        (Some(LinkDriver::Inline(_)), Some(_)) => "write `services: inline`".to_owned(),
        (Some(LinkDriver::Virtual(_)), Some(_)) => "write `services: virtual`".to_owned(),
        (None, Some(_)) => "give it a link too: `link: {inline: {interface: eth1}}`".to_owned(),
    };
    out.error(
        services.kind_span,
        "these services are not at the other end of this link".to_owned(),
        "at the end of another link",
        Some(wrong),
    );
}

fn facts<'a>(boards: &'a BTreeMap<String, BoardFacts>, name: &str) -> Result<&'a BoardFacts, PortError> {
    boards.get(name).ok_or_else(|| PortError {
        port: Port::Debug,
        trouble: Trouble::Absent,
        message: format!("nothing is known of the board `{name}`"),
        help: Some(format!("write rigs/boards/{name}.yaml")),
    })
}

fn no_thread(error: std::io::Error) -> PortError {
    PortError {
        port: Port::Debug,
        trouble: Trouble::Failed,
        message: format!("no thread for the debug probe: {error}"),
        help: None,
    }
}

#[cfg(not(all(feature = "virtual", unix)))]
fn not_built() -> PortError {
    PortError {
        port: Port::Debug,
        trouble: Trouble::Absent,
        message: "this brownout was built without the virtual board".to_owned(),
        help: Some("build it with the feature `virtual`".to_owned()),
    }
}

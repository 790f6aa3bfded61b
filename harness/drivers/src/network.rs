//! The two ports of a device's network in real time: its link, and the services at the other end.

use crate::clock::Stopwatch;
use crate::open::{LinkDriver, RigDut, ServicesDriver};
use brownout_core::port::{Port, PortError, Trouble};
use brownout_ports::{Link, Services, Watch};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

/// The two ports, where the rig has them.
#[derive(Default)]
pub(crate) struct Ends {
    pub(crate) link: Option<Rc<dyn Link>>,
    pub(crate) services: Option<Rc<dyn Services>>,
}

/// Opens them. `door` is where a virtual board's Ethernet cable is.
///
/// # Errors
/// The services have no ground to stand on. What else is wrong is said by the ports when they are asked for something.
#[cfg(target_os = "linux")]
pub(crate) fn open(
    dut: &RigDut,
    seed: u64,
    watch: &Watch,
    clock: &Arc<Stopwatch>,
    door: Option<PathBuf>,
) -> Result<Ends, PortError> {
    use crate::link::ground::Ground;
    use crate::link::namespace::Place;
    use crate::link::wire::{PacketSocket, Wire};
    use crate::link::{Inline, Netem};
    use crate::services::Host;
    use brownout_lab::world::Setup;

    let setup = || Setup { seed, epoch: clock.epoch(), device: dut.name.as_str().to_owned() };
    let mut ends = Ends::default();
    // Link and services of the lab are one.
    type Opened = Result<Box<dyn Wire>, PortError>;
    let lab = |wire: Box<dyn FnOnce() -> Opened + Send>| -> Result<Rc<Inline>, PortError> {
        Inline::start(wire, setup(), watch.clone(), Arc::clone(clock))
            .map(Rc::new)
            .map_err(no_thread(Port::Link))
    };
    let named = |namespace: &Option<String>| namespace.clone().map_or(Place::Here, Place::Named);
    let inline = match (&dut.link, &dut.services) {
        (Some(LinkDriver::Inline(params)), _) => {
            let (place, interface) = (named(&params.namespace), params.interface.clone());
            let wire = move || -> Opened {
                place.enter()?;
                Ok(Box::new(PacketSocket::open(&interface)?))
            };
            Some(lab(Box::new(wire))?)
        }
        (Some(LinkDriver::Virtual(_)), _) | (None, Some(ServicesDriver::Virtual(_))) => {
            let wire = move || cable(door);
            Some(lab(Box::new(wire))?)
        }
        _ => None,
    };
    let mut place = None;
    if let Some(ServicesDriver::Gateway(params)) = &dut.services {
        let at = match &params.namespace {
            Some(name) => Place::Named(name.clone()),
            None => Place::In(Arc::new(
                Ground::make(&params.interface)
                    .map_err(|error| PortError { port: Port::Services, ..error })?,
            )),
        };
        let interface = params.interface.clone();
        let host = Host::start(at.clone(), interface, setup(), watch.clone(), Arc::clone(clock))
            .map_err(no_thread(Port::Services))?;
        ends.services = Some(Rc::new(host));
        place = Some(at);
    }
    match &dut.link {
        Some(LinkDriver::Netem(params)) => {
            let at = match (&params.namespace, place) {
                (None, Some(place)) => place,
                (namespace, _) => named(namespace),
            };
            let netem = Netem::start(params.interface.clone(), at, seed, watch.clone(), Arc::clone(clock))
                .map_err(no_thread(Port::Link))?;
            ends.link = Some(Rc::new(netem));
        }
        Some(LinkDriver::Inline(_) | LinkDriver::Virtual(_)) => {
            ends.link = inline.clone().map(|lab| lab as Rc<_>);
        }
        None => {}
    }
    if matches!(dut.services, Some(ServicesDriver::Inline(_) | ServicesDriver::Virtual(_))) {
        ends.services = inline.map(|lab| lab as Rc<_>);
    }
    Ok(ends)
}

/// What these ports need is Linux's.
///
/// # Errors
/// The rig has one of them.
#[cfg(not(target_os = "linux"))]
pub(crate) fn open(
    dut: &RigDut,
    _: u64,
    _: &Watch,
    _: &Arc<Stopwatch>,
    _: Option<PathBuf>,
) -> Result<Ends, PortError> {
    let port = match (&dut.link, &dut.services) {
        (Some(_), _) => Port::Link,
        (None, Some(_)) => Port::Services,
        (None, None) => return Ok(Ends::default()),
    };
    Err(PortError {
        port,
        trouble: Trouble::Absent,
        message: "in real time this port needs Linux".to_owned(),
        help: Some("run brownout on Linux, or a virtual rig with `clock: virtual`".to_owned()),
    })
}

/// The cable of a virtual board.
#[cfg(all(target_os = "linux", feature = "virtual"))]
fn cable(door: Option<PathBuf>) -> Result<Box<dyn crate::link::wire::Wire>, PortError> {
    match door {
        Some(door) => Ok(Box::new(crate::r#virtual::cable::Cable::new(door))),
        None => Err(no_board()),
    }
}

#[cfg(all(target_os = "linux", not(feature = "virtual")))]
fn cable(_: Option<PathBuf>) -> Result<Box<dyn crate::link::wire::Wire>, PortError> {
    Err(no_board())
}

#[cfg(target_os = "linux")]
fn no_board() -> PortError {
    PortError {
        port: Port::Link,
        trouble: Trouble::Absent,
        message: "there is no virtual board at the other end of this cable".to_owned(),
        help: Some("make `power` virtual too, or name an interface".to_owned()),
    }
}

#[cfg(target_os = "linux")]
fn no_thread(port: Port) -> impl Fn(std::io::Error) -> PortError {
    move |error| PortError {
        port,
        trouble: Trouble::Failed,
        message: format!("no thread for it: {error}"),
        help: None,
    }
}

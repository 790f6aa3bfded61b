//! A device behind a debug probe, call by call. Whoever owns a [`Target`] decides on which thread that happens.

use super::breaks::Breaks;
use super::fit::lies_in;
use super::image::Image;
use super::logs::{self, Message};
use brownout_core::action::{Done, Reset};
use brownout_core::port::{Port, PortError, Trouble};
use brownout_ports::ProgramOrder;
use probe_rs::config::Registry;
use probe_rs::flashing::{DownloadOptions, FlashError, FlashProgress};
use probe_rs::probe::{DebugProbeError, Probe, ProbeCreationError};
use probe_rs::rtt::{Rtt, ScanRegion};
use probe_rs::{Error, MemoryInterface, Permissions, Session};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Length of a page that is written whole, in bytes.
const PAGE: u32 = 4096;

/// How long the core may take to halt.
const HALT: Duration = Duration::from_millis(500);

/// Opens the probe anew; called for each attach.
pub(crate) type Opener = Box<dyn FnMut() -> Result<Probe, DebugProbeError> + Send>;

/// The chips that probe-rs knows. Reading its table takes longer than an attach, so it is read once.
pub(super) fn registry() -> &'static Registry {
    static CHIPS: OnceLock<Registry> = OnceLock::new();
    CHIPS.get_or_init(Registry::from_builtin_families)
}

/// A device behind a debug probe.
pub(crate) struct Target {
    chip: String,
    /// How the probe is named in messages.
    name: String,
    open: Opener,
    speed_khz: Option<u32>,
    allow_erase_all: bool,
    session: Option<Session>,
    image: Option<Arc<Image>>,
    rtt: Option<Rtt>,
    log_bytes: Vec<u8>,
    breaks: Breaks,
    /// The probe is away: its session is kept as it was, and nothing is asked of it.
    lost: bool,
}

/// What a target knows of its device while it is not attached.
#[derive(Clone)]
pub(crate) struct Detached {
    image: Option<Arc<Image>>,
    log_bytes: Vec<u8>,
    breaks: Breaks,
}

impl Target {
    pub(crate) fn new(
        chip: String,
        name: String,
        speed_khz: Option<u32>,
        allow_erase_all: bool,
        open: Opener,
    ) -> Self {
        let (session, image, rtt) = (None, None, None);
        let (log_bytes, breaks, lost) = (Vec::new(), Breaks::default(), false);
        Self { chip, name, open, speed_khz, allow_erase_all, session, image, rtt, log_bytes, breaks, lost }
    }

    /// Attaches afresh: an old session may be that of a device that has lost its power since. Breakpoints that are still
    /// awaited are set again.
    pub(crate) fn attach(&mut self) -> Result<(), PortError> {
        self.detach();
        let mut probe = (self.open)().map_err(|error| self.probe_error(&error))?;
        if let Some(speed) = self.speed_khz {
            probe.set_speed(speed).map_err(|error| self.probe_error(&error))?;
        }
        // Locked chips are opened by erasing all they hold; only a rig file may allow that.
        let permissions =
            if self.allow_erase_all { Permissions::new().allow_erase_all() } else { Permissions::new() };
        let session = probe
            .attach_with_registry(self.chip.as_str(), permissions, registry())
            .map_err(|error| self.error("attach", &error))?;
        let session = self.session.insert(session);
        if self.breaks.are_awaited() {
            let set = session.core(0).and_then(|mut core| self.breaks.set_again(&mut core));
            set.map_err(|error| trouble(&self.name, "set its breakpoints again", &error))?;
        }
        Ok(())
    }

    /// Lets go of the device.
    pub(crate) fn detach(&mut self) {
        self.rtt = None;
        self.session = None;
        self.lost = false;
    }

    /// What it knows of its device; `None` while there is a session, which cannot be kept.
    pub(crate) fn detached(&self) -> Option<Detached> {
        let (image, log_bytes, breaks) = (self.image.clone(), self.log_bytes.clone(), self.breaks.clone());
        self.session.is_none().then_some(Detached { image, log_bytes, breaks })
    }

    /// Detaches, and knows again what it knew then.
    pub(crate) fn recall(&mut self, known: &Detached) {
        self.detach();
        let Detached { image, log_bytes, breaks } = known.clone();
        (self.image, self.log_bytes, self.breaks) = (image, log_bytes, breaks);
    }

    /// Whether the probe was taken away from its device.
    pub(crate) const fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether there is a session that may be spoken to.
    pub(crate) fn is_attached(&self) -> bool {
        self.session.is_some()
    }

    /// Whether something is awaited that only looking at the core tells.
    pub(crate) fn must_look(&self) -> bool {
        self.breaks.are_awaited() && self.session.is_some() && !self.lost
    }

    pub(super) fn attached(&mut self) -> Option<&mut Session> {
        self.session.as_mut().filter(|_| !self.lost)
    }

    pub(super) fn breaks(&mut self) -> &mut Breaks {
        &mut self.breaks
    }

    pub(super) fn chip(&self) -> &str {
        &self.chip
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The log is to be found anew.
    pub(super) fn leave_log(&mut self) {
        self.rtt = None;
        self.log_bytes.clear();
    }

    pub(super) fn set_lost(&mut self) {
        self.lost = true;
    }

    /// Writes an image, clears ranges, sets words, verifies, and leaves the device halted at reset.
    ///
    /// What runs in the device may have started a watchdog that nobody can stop, and that resets it in the middle of a
    /// long write. By then what started it is erased: the second attempt is not disturbed.
    pub(crate) fn program(&mut self, order: &ProgramOrder) -> Result<Done, PortError> {
        match self.write(order) {
            Err(error) if error.trouble == Trouble::Failed => {
                self.detach();
                self.attach()?;
                self.write(order)
            }
            written => written,
        }
    }

    fn write(&mut self, order: &ProgramOrder) -> Result<Done, PortError> {
        let image = Image::read(&order.image)?;
        self.rtt = None;
        let (chip, name) = (self.chip.clone(), self.name.clone());
        let session = self.session()?;
        let flash_error = |error: FlashError| flash_trouble(&chip, &order.image, &name, &error);

        let mut loader = session.target().flash_loader();
        let mut bytes = 0;
        for (address, data) in &image.segments {
            loader.add_data(*address, data).map_err(flash_error)?;
            bytes += data.len() as u64;
        }
        for (address, length) in &order.fresh {
            // Before so many bytes are asked of the computer.
            lies_in(&session.target().memory_map, &chip, *address, *length)?;
            // What is blank already takes a second to look at, and many to erase.
            let mut page = vec![0; PAGE as usize];
            for start in (*address..address.saturating_add(*length)).step_by(PAGE as usize) {
                let left = address.saturating_add(*length).saturating_sub(start).min(PAGE) as usize;
                let held = page.get_mut(..left).unwrap_or_default();
                let error = |error: Error| trouble(&name, "read the device's flash", &error);
                session.core(0).map_err(error)?.read(u64::from(start), held).map_err(error)?;
                if held.iter().any(|byte| *byte != 0xff) {
                    loader.add_data(u64::from(start), &vec![0xff; left]).map_err(flash_error)?;
                }
            }
        }
        for (address, contents) in &order.pages {
            lies_in(&session.target().memory_map, &chip, *address, PAGE)?;
            let mut page = contents.clone();
            page.resize(PAGE as usize, 0xff);
            loader.add_data(u64::from(*address), &page).map_err(flash_error)?;
        }
        for (address, value) in &order.words {
            // Such a word often lives in a page that holds the chip's own settings: write it only if it differs.
            let error = |error: Error| trouble(&name, "read the device's memory", &error);
            let present = session.core(0).map_err(error)?.read_word_32(u64::from(*address)).map_err(error)?;
            if present != *value {
                loader.add_data(u64::from(*address), &value.to_le_bytes()).map_err(flash_error)?;
            }
        }
        let unchanged = loader.verify(session, &mut FlashProgress::empty()).is_ok();
        if !unchanged {
            let mut options = DownloadOptions::new();
            options.keep_unwritten_bytes = true;
            options.verify = true;
            loader.commit(session, options).map_err(flash_error)?;
        }
        let error = |error: Error| trouble(&name, "reset the device", &error);
        session.core(0).map_err(error)?.reset_and_halt(HALT).map_err(error)?;
        self.image = Some(Arc::new(image));
        Ok(Done::Programmed { bytes, unchanged })
    }

    /// Resets the device and lets it run.
    pub(crate) fn reset(&mut self, how: Reset) -> Result<(), PortError> {
        self.rtt = None;
        self.log_bytes.clear();
        match how {
            Reset::Soft => {
                let name = self.name.clone();
                let error = |error: Error| trouble(&name, "reset the device", &error);
                let mut core = self.session()?.core(0).map_err(error)?;
                core.reset().map_err(error)
            }
            Reset::Pin => {
                // The pin belongs to the probe, which a session keeps to itself.
                self.detach();
                let mut probe = (self.open)().map_err(|error| self.probe_error(&error))?;
                let pulse = |probe: &mut Probe| {
                    probe.target_reset_assert()?;
                    probe.target_reset_deassert()
                };
                pulse(&mut probe).map_err(|error| self.probe_error(&error))?;
                drop(probe);
                self.attach()
            }
        }
    }

    /// Where the log's channel keeps how far the device has written and how far it was read: equal while there is nothing
    /// to read. `None` while the channel is not known, and must be looked for.
    pub(crate) fn log_offsets(&self) -> Option<[u32; 2]> {
        /// In the control block (SEGGER RTT): an id of 16 bytes and two counts, then the first channel, whose name,
        /// buffer and size are a word each.
        const WRITTEN: u32 = 16 + 2 * 4 + 3 * 4;
        let known = self.rtt.is_some() && self.session.is_some() && !self.lost;
        let block = u32::try_from(self.image.as_ref().filter(|_| known)?.rtt?).ok()?;
        Some([block + WRITTEN, block + WRITTEN + 4])
    }

    /// Reads what the firmware logged since the last time. A device that is off, or has not set up its log yet, has
    /// logged nothing; the session is given up when the device does not answer, and [`Self::is_attached`] says so.
    pub(crate) fn read_log(&mut self, each: &mut dyn FnMut(Message)) {
        let Some(image) = self.image.as_ref().filter(|_| !self.lost) else { return };
        let (Some(address), Some(session)) = (image.rtt, &mut self.session) else { return };
        let mut read = || -> Result<Option<Vec<u8>>, Error> {
            let mut core = session.core(0)?;
            if self.rtt.is_none() {
                match Rtt::attach_region(&mut core, &ScanRegion::Exact(address)) {
                    Ok(rtt) => self.rtt = Some(rtt),
                    Err(probe_rs::rtt::Error::Probe(error)) => return Err(error),
                    Err(_) => return Ok(None),
                }
            }
            let Some(channel) = self.rtt.as_mut().and_then(|rtt| rtt.up_channel(0)) else { return Ok(None) };
            let mut buffer = [0; 1024];
            match channel.read(&mut core, &mut buffer) {
                Ok(length) => Ok(Some(buffer.get(..length).unwrap_or_default().to_vec())),
                Err(probe_rs::rtt::Error::Probe(error)) => Err(error),
                // The control block is not what it was: the device has started anew.
                Err(_) => {
                    self.rtt = None;
                    Ok(None)
                }
            }
        };
        match read() {
            Ok(Some(bytes)) => {
                self.log_bytes.extend(bytes);
                logs::decode(image.defmt.as_ref(), &mut self.log_bytes, each);
            }
            Ok(None) => {}
            Err(_) => self.detach(),
        }
    }

    pub(super) fn session(&mut self) -> Result<&mut Session, PortError> {
        if self.lost {
            return Err(PortError {
                port: Port::Debug,
                trouble: Trouble::Absent,
                message: format!("{} was taken away by the scenario", self.name),
                help: Some("use it before or after `probe_lost`".to_owned()),
            });
        }
        if self.session.is_none() {
            self.attach()?;
        }
        self.session.as_mut().ok_or_else(|| PortError {
            port: Port::Debug,
            trouble: Trouble::Failed,
            message: format!("{} is not attached", self.name),
            help: None,
        })
    }

    fn error(&self, doing: &str, error: &Error) -> PortError {
        match error {
            Error::Probe(error) => self.probe_error(error),
            _ => trouble(&self.name, doing, error),
        }
    }

    fn probe_error(&self, error: &DebugProbeError) -> PortError {
        let name = &self.name;
        let (trouble, message, help) = match error {
            DebugProbeError::ProbeCouldNotBeCreated(ProbeCreationError::NotFound) => (
                Trouble::Absent,
                format!("no debug probe answers to {name}"),
                "plug it in, or correct `selector` in the rig file; `brownout doctor` lists the probes that are there",
            ),
            DebugProbeError::ProbeCouldNotBeCreated(_) | DebugProbeError::Usb(_)
                if chain(error).contains("ermission") =>
            {
                (
                    Trouble::Denied,
                    format!("no permission to open debug probe {name}"),
                    "install probe-rs's udev rules, or add your user to the group that may use it",
                )
            }
            DebugProbeError::ProbeCouldNotBeCreated(_) | DebugProbeError::Usb(_) if is_busy(error) => (
                Trouble::Busy,
                format!("debug probe {name} is in use"),
                "close the other program that uses it (a debugger, an IDE, another run)",
            ),
            DebugProbeError::ProbeCouldNotBeCreated(_) => (
                Trouble::Absent,
                format!("debug probe {name} cannot be opened: {}", chain(error)),
                "`brownout doctor` lists the probes that are there",
            ),
            DebugProbeError::TargetNotFound => (
                Trouble::Silent,
                format!("the device behind debug probe {name} does not answer"),
                "is it powered, and is the SWD cable connected the right way round?",
            ),
            _ => (
                Trouble::Failed,
                format!("debug probe {name}: {}", chain(error)),
                "unplug the probe and plug it in again; `brownout doctor` shows whether it answers",
            ),
        };
        PortError { port: Port::Debug, trouble, message, help: Some(help.to_owned()) }
    }
}

fn is_busy(error: &DebugProbeError) -> bool {
    let text = chain(error);
    text.contains("busy") || text.contains("in use")
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}

pub(super) fn trouble(name: &str, doing: &str, error: &Error) -> PortError {
    let (trouble, help) = match error {
        Error::MissingPermissions(_) => (
            Trouble::Locked,
            "the chip is locked; unlocking erases all it holds: set `allow_erase_all: true` in the rig file to allow that",
        ),
        Error::ChipNotFound(_) => (
            Trouble::Mismatch,
            "correct `chip` in the board file; it is a probe-rs target name, like nRF52840_xxAA",
        ),
        Error::Timeout | Error::Arm(_) => {
            (Trouble::Silent, "is it powered, and is the SWD cable connected the right way round?")
        }
        _ => (Trouble::Failed, "`brownout doctor` shows whether probe and device answer"),
    };
    PortError {
        port: Port::Debug,
        trouble,
        message: format!("{name} could not {doing}: {}", chain(error)),
        help: Some(help.to_owned()),
    }
}

pub(super) fn flash_trouble(
    chip: &str,
    image: &std::path::Path,
    name: &str,
    error: &FlashError,
) -> PortError {
    let image = image.display();
    let (trouble, message, help) = match error {
        FlashError::NoSuitableNvm { .. } => (
            Trouble::Mismatch,
            format!("{image} does not fit the memory of a {chip}: {}", chain(error)),
            "is the image built for this chip? `chip` in the board file says which it is",
        ),
        FlashError::Verify => (
            Trouble::Failed,
            format!("{name} wrote {image}, but reads back something else"),
            "the flash may be worn out or protected",
        ),
        _ => (
            Trouble::Failed,
            format!("{name} could not write {image}: {}", chain(error)),
            "is the supply stable, and is nothing else attached to the device?",
        ),
    };
    PortError { port: Port::Debug, trouble, message, help: Some(help.to_owned()) }
}

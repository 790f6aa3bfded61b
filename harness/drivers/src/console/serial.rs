//! `serial`: a serial port of this computer (a USB adapter, a debug probe's virtual port, a pty).

use crate::clock::Stopwatch;
use async_trait::async_trait;
use brownout_core::action::{Done, Noise};
use brownout_core::chance::noise;
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::time::Duration as Length;
use brownout_ports::{Console, Observed, Watch};
use serialport::SerialPort;
use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

brownout_core::record! {
    /// A serial port of this computer.
    ///
    /// `serial: {port: /dev/ttyACM0}`
    pub struct SerialParams {
        /// Its device file. The names under /dev/serial/by-id stay the same when cables are moved.
        port: String = "port",
    }
}

/// How long a read waits before it looks whether it is still wanted. Each run ends with this wait, and an idle
/// computer wakes up this often.
const READ_TIMEOUT: Duration = Duration::from_millis(20);
/// How long a flood waits for room before it looks whether it is still wanted.
const FLOOD_TIMEOUT: Duration = Duration::from_millis(50);
/// How long to wait before a port that went away is looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How long sending may take.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a port that went away (a hub switched off with the device) may stay away before that is reported.
const RETURN_WITHIN: Duration = Duration::from_secs(15);

/// The console port over a serial port.
pub(crate) struct Serial {
    path: String,
    baud: u32,
    watch: Watch,
    clock: Arc<Stopwatch>,
    open: RefCell<Option<Open>>,
    flood: RefCell<Option<Flood>>,
    /// The cable is pulled.
    unplugged: Cell<bool>,
}

struct Open {
    writer: Box<dyn SerialPort>,
    reader: Option<thread::JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Serial {
    pub(crate) fn new(path: String, baud: u32, watch: Watch, clock: Arc<Stopwatch>) -> Self {
        let (open, flood) = (RefCell::new(None), RefCell::new(None));
        Self { path, baud, watch, clock, open, flood, unplugged: Cell::new(false) }
    }

    /// Does something with the sending end.
    fn sending<R>(
        &self,
        work: impl FnOnce(&mut dyn SerialPort) -> std::io::Result<R>,
    ) -> Result<R, PortError> {
        let mut open_port = self.open.borrow_mut();
        let Some(port) = open_port.as_mut() else { return Err(broken(&self.path, "it is not open")) };
        work(port.writer.as_mut()).map_err(|error| broken(&self.path, &error.to_string()))
    }

    /// Sends characters at a speed that the device does not listen at: their stop bits come at the wrong time.
    fn misframed(&self, characters: u32, seed: u64) -> Result<(), PortError> {
        // A little over half the speed: each character lasts as long as nearly two.
        let wrong = (self.baud / 2).max(300) + 1;
        let bytes = noise(characters, seed);
        let sent = self.sending(|port| {
            port.set_baud_rate(wrong)?;
            let sent = port.write_all(&bytes).and_then(|()| port.flush());
            port.set_baud_rate(self.baud)?;
            sent
        });
        sent.map_err(|error| PortError {
            help: Some("can this adapter change its speed? `as: bytes` works with any".to_owned()),
            ..error
        })
    }
}

/// A flood under way, on a thread of its own.
struct Flood {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Flood {
    fn end(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        self.sent.load(Ordering::Relaxed)
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[async_trait(?Send)]
impl Console for Serial {
    async fn open(&self) -> Result<(), PortError> {
        if self.open.borrow().is_some() {
            return Ok(());
        }
        let port = open(&self.path, self.baud)?;
        port.clear(serialport::ClearBuffer::Input).map_err(|error| broken(&self.path, &error.to_string()))?;
        let mut writer = port.try_clone().map_err(|error| broken(&self.path, &error.to_string()))?;
        writer.set_timeout(WRITE_TIMEOUT).map_err(|error| broken(&self.path, &error.to_string()))?;
        let stop = Arc::new(AtomicBool::new(false));
        let reader = Reader {
            path: self.path.clone(),
            baud: self.baud,
            watch: self.watch.clone(),
            clock: Arc::clone(&self.clock),
            stop: Arc::clone(&stop),
        };
        let thread = thread::Builder::new()
            .name("console".to_owned())
            .spawn(move || reader.read(port))
            .map_err(|error| broken(&self.path, &error.to_string()))?;
        *self.open.borrow_mut() = Some(Open { writer, reader: Some(thread), stop });
        Ok(())
    }

    async fn noise(&self, noise: &Noise) -> Result<Done, PortError> {
        let bytes = match noise {
            Noise::Bytes(bytes) => {
                self.send(bytes).await?;
                bytes.len() as u64
            }
            Noise::Framing { characters, seed } => {
                self.misframed(*characters, *seed)?;
                u64::from(*characters)
            }
            Noise::Break { time } => {
                self.sending(|port| Ok(port.set_break()?))?;
                tokio::time::sleep(time.std()).await;
                self.sending(|port| Ok(port.clear_break()?))?;
                0
            }
        };
        Ok(Done::Sent { bytes })
    }

    async fn flood(&self, bytes: &[u8], time: Length) -> Result<(), PortError> {
        self.flood.take();
        let mut port = self.sending(|port| Ok(port.try_clone()?))?;
        let _ = port.set_timeout(FLOOD_TIMEOUT);
        let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&sent));
        let (bytes, clock) = (bytes.to_vec(), Arc::clone(&self.clock));
        let until = clock.now() + time;
        let flooding = move || {
            while !stopped.load(Ordering::Relaxed) && clock.now() < until && !bytes.is_empty() {
                match port.write(&bytes) {
                    Ok(written) => drop(counted.fetch_add(written as u64, Ordering::Relaxed)),
                    // The device's side is full, which is what a flood is for.
                    Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
                    // The device's power went, and the adapter with it.
                    Err(_) => return,
                }
            }
        };
        let thread = thread::Builder::new()
            .name("flood".to_owned())
            .spawn(flooding)
            .map_err(|error| broken(&self.path, &error.to_string()))?;
        *self.flood.borrow_mut() = Some(Flood { stop, sent, thread: Some(thread) });
        Ok(())
    }

    async fn end_flood(&self) -> Result<Done, PortError> {
        let flood = self.flood.take();
        let bytes = flood.map_or(0, Flood::end);
        // What the computer still holds for the device is part of the flood that has ended.
        let _ = self.sending(|port| Ok(port.clear(serialport::ClearBuffer::Output)?));
        Ok(Done::Sent { bytes })
    }

    async fn unplug(&self, unplugged: bool) -> Result<(), PortError> {
        if self.unplugged.replace(unplugged) == unplugged {
            return Ok(());
        }
        if unplugged {
            self.flood.take();
            self.open.take();
            return Ok(());
        }
        self.open().await
    }

    async fn send(&self, bytes: &[u8]) -> Result<(), PortError> {
        if self.unplugged.get() {
            return Ok(());
        }
        let mut open_port = self.open.borrow_mut();
        let Some(port) = open_port.as_mut() else { return Err(broken(&self.path, "it is not open")) };
        if port.writer.write_all(bytes).is_ok() {
            return Ok(());
        }
        // It may have gone and come back, with the device's power.
        port.writer = open(&self.path, self.baud)?;
        port.writer.set_timeout(WRITE_TIMEOUT).map_err(|error| broken(&self.path, &error.to_string()))?;
        port.writer.write_all(bytes).map_err(|error| broken(&self.path, &error.to_string()))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

struct Reader {
    path: String,
    baud: u32,
    watch: Watch,
    clock: Arc<Stopwatch>,
    stop: Arc<AtomicBool>,
}

impl Reader {
    fn wanted(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }

    fn read(&self, mut port: Box<dyn SerialPort>) {
        let mut buffer = [0; 4096];
        while self.wanted() {
            match port.read(&mut buffer) {
                Ok(0) => thread::sleep(READ_TIMEOUT),
                Ok(length) => {
                    let at = self.clock.now();
                    self.watch.report(at, Observed::Bytes(buffer.get(..length).unwrap_or_default().to_vec()));
                }
                Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
                Err(error) => match self.reopen() {
                    Some(again) => port = again,
                    None if self.wanted() => {
                        let lost = broken(&self.path, &error.to_string());
                        self.watch.report(self.clock.now(), Observed::Lost(lost));
                        return;
                    }
                    None => return,
                },
            }
        }
    }

    /// Waits for the port to come back.
    fn reopen(&self) -> Option<Box<dyn SerialPort>> {
        let mut left = RETURN_WITHIN;
        while self.wanted() && left > Duration::ZERO {
            if let Ok(port) = open(&self.path, self.baud) {
                return Some(port);
            }
            thread::sleep(LOOK_AGAIN);
            left = left.saturating_sub(LOOK_AGAIN);
        }
        None
    }
}

fn open(path: &str, baud: u32) -> Result<Box<dyn SerialPort>, PortError> {
    let mut port = serialport::new(path, baud)
        .timeout(READ_TIMEOUT)
        .open()
        .map_err(|error| cannot_open(path, &error))?;
    // Debug probes pass DTR on to the device. A pty has no such line, which is no error.
    let _ = port.write_data_terminal_ready(true);
    Ok(port)
}

fn cannot_open(path: &str, error: &serialport::Error) -> PortError {
    let text = error.to_string();
    let (trouble, message, help) = match error.kind() {
        serialport::ErrorKind::Io(ErrorKind::PermissionDenied) => (
            Trouble::Denied,
            format!("no permission to open serial port {path}"),
            "add your user to the group that owns it (often `dialout`) and log in again",
        ),
        serialport::ErrorKind::NoDevice if text.contains("ermission") => (
            Trouble::Denied,
            format!("no permission to open serial port {path}"),
            "add your user to the group that owns it (often `dialout`) and log in again",
        ),
        serialport::ErrorKind::NoDevice if text.contains("busy") || text.contains("exclusive") => (
            Trouble::Busy,
            format!("serial port {path} is in use"),
            "close the other program that uses it (a terminal program, another run)",
        ),
        serialport::ErrorKind::NoDevice | serialport::ErrorKind::Io(ErrorKind::NotFound) => (
            Trouble::Absent,
            format!("there is no serial port {path}"),
            "plug it in, or correct `port` in the rig file; `brownout doctor` lists the ports that are there",
        ),
        _ => (
            Trouble::Failed,
            format!("serial port {path} cannot be opened: {text}"),
            "`brownout doctor` lists the ports that are there",
        ),
    };
    PortError { port: Port::Console, trouble, message, help: Some(help.to_owned()) }
}

fn broken(path: &str, why: &str) -> PortError {
    PortError {
        port: Port::Console,
        trouble: Trouble::Failed,
        message: format!("serial port {path}: {why}"),
        help: Some("is the cable still plugged in?".to_owned()),
    }
}

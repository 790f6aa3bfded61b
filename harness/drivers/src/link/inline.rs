//! The lab in real time: the user-space link, the gateway and the services, with a device at the other end of a wire. What
//! it does is decided by the time and the frames that it is given, here as in virtual time; a thread gives it both.

use super::link_trouble;
use super::wire::{LONGEST, Wire};
use crate::clock::Stopwatch;
use async_trait::async_trait;
use brownout_core::action::Done;
use brownout_core::network::{Impair, Impairment, Misbehaviour, Publication};
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::time::Instant;
use brownout_lab::service::Seen;
use brownout_lab::world::{Setup, World, WorldOut};
use brownout_ports::{Link, Observed, Services, Watch};
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use tokio::sync::oneshot;

/// How many frames are taken before something else has its turn.
const BATCH: usize = 64;
/// How long it is waited at most, without a deadline.
const AT_MOST: std::time::Duration = std::time::Duration::from_secs(1);

type Order = Box<dyn FnOnce(&mut Station) + Send>;

/// The link port and the services port over a lab of their own. Dropping it plugs the cable as it was and ends the
/// thread.
pub(crate) struct Inline {
    orders: Option<Sender<Order>>,
    waker: UnixStream,
    thread: Option<thread::JoinHandle<()>>,
    /// What the device is to be provisioned with.
    page: Arc<Mutex<Option<Vec<u8>>>>,
}

impl Inline {
    /// Starts the thread. `open` makes the wire there; what is wrong with it is said by the ports when they are asked for
    /// something.
    pub(crate) fn start(
        open: impl FnOnce() -> Result<Box<dyn Wire>, PortError> + Send + 'static,
        setup: Setup,
        watch: Watch,
        clock: Arc<Stopwatch>,
    ) -> io::Result<Self> {
        let (orders, inbox) = channel();
        let (waker, woken) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let page = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&page);
        let serve = move || {
            let mut station =
                Station { world: World::new(setup), wire: open(), page: shared, watch, clock, broken: false };
            station.serve(&inbox, &woken);
        };
        let thread = thread::Builder::new().name("lab".to_owned()).spawn(serve)?;
        Ok(Self { orders: Some(orders), waker, thread: Some(thread), page })
    }

    /// Has something done by the thread.
    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Station, Instant) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let (answer, reply) = oneshot::channel();
        let order: Order = Box::new(move |station: &mut Station| {
            let now = station.clock.now();
            let _ = answer.send(work(station, now));
        });
        if let Some(orders) = &self.orders {
            // If the thread is gone the reply says so.
            let _ = orders.send(order);
            self.wake();
        }
        let stopped =
            || link_trouble(Trouble::Failed, "the lab has stopped".to_owned(), "this is a bug in brownout");
        reply.await.unwrap_or_else(|_| Err(stopped()))
    }

    fn wake(&self) {
        // A full pipe wakes as well.
        let _ = (&self.waker).write(&[0]);
    }
}

impl Drop for Inline {
    fn drop(&mut self) {
        self.orders = None;
        self.wake();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread's side.
struct Station {
    world: World,
    wire: Result<Box<dyn Wire>, PortError>,
    page: Arc<Mutex<Option<Vec<u8>>>>,
    watch: Watch,
    clock: Arc<Stopwatch>,
    /// The wire has failed, which was told.
    broken: bool,
}

impl Station {
    fn serve(&mut self, inbox: &Receiver<Order>, woken: &UnixStream) {
        let mut buffer = vec![0; LONGEST];
        loop {
            loop {
                match inbox.try_recv() {
                    Ok(order) => {
                        order(self);
                        self.carry_out();
                    }
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            let more = self.receive(&mut buffer);
            let now = self.clock.now();
            if self.world.deadline().is_some_and(|due| due <= now) {
                self.world.poll(now);
            }
            self.carry_out();
            if !more {
                self.wait(woken);
            }
        }
    }

    /// Takes frames from the wire; whether there may be more.
    fn receive(&mut self, buffer: &mut [u8]) -> bool {
        for _ in 0..BATCH {
            let received = match &mut self.wire {
                Ok(wire) if !self.broken => wire.receive(buffer),
                _ => return false,
            };
            match received {
                Ok(Some(length)) => {
                    let frame = buffer.get(..length).unwrap_or_default();
                    self.world.frame(self.clock.now(), frame);
                    self.carry_out();
                }
                Ok(None) => return false,
                Err(error) => {
                    self.break_down(&error);
                    return false;
                }
            }
        }
        true
    }

    /// Sends and reports what came of it.
    fn carry_out(&mut self) {
        while let Some(out) = self.world.output() {
            match out {
                WorldOut::Frame(frame) => self.with_wire(|wire| wire.send(&frame)),
                WorldOut::Cable(plugged) => self.with_wire(|wire| wire.plug(plugged)),
                WorldOut::Capture(bytes) => self.tell(Observed::Capture(bytes)),
                WorldOut::Seen(Seen::Traffic(seen)) => self.tell(Observed::Traffic(seen)),
                WorldOut::Seen(Seen::Met { name, times }) => self.tell(Observed::Met { name, times }),
            }
        }
    }

    fn with_wire(&mut self, work: impl FnOnce(&mut dyn Wire) -> io::Result<()>) {
        if self.broken {
            return;
        }
        if let Ok(wire) = &mut self.wire
            && let Err(error) = work(wire.as_mut())
        {
            self.break_down(&error);
        }
    }

    fn break_down(&mut self, error: &io::Error) {
        self.broken = true;
        let error = link_trouble(
            Trouble::Failed,
            format!("the wire to the device has failed: {error}"),
            "is its adapter still plugged in?",
        );
        self.tell(Observed::Lost(error));
    }

    fn tell(&self, seen: Observed) {
        self.watch.report(self.clock.now(), seen);
    }

    /// Waits for a frame, an order, or the time of the next deadline.
    fn wait(&self, woken: &UnixStream) {
        let left =
            self.world.deadline().map_or(AT_MOST, |due| due.since(self.clock.now()).std().min(AT_MOST));
        let mut all = vec![PollFd::new(woken.as_fd(), PollFlags::POLLIN)];
        if let Ok(wire) = &self.wire
            && !self.broken
        {
            all.extend(wire.fd().map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        }
        // Interrupted or not, everything is looked at again.
        let _ = ppoll(&mut all, Some(TimeSpec::from_duration(left)), None);
        let mut calls = [0; 64];
        while matches!((&*woken).read(&mut calls), Ok(length) if length > 0) {}
    }

    /// The wire, or what was wrong with it.
    fn wire(&mut self) -> Result<&mut dyn Wire, PortError> {
        match &mut self.wire {
            Ok(wire) => Ok(wire.as_mut()),
            Err(error) => Err(error.clone()),
        }
    }
}

#[async_trait(?Send)]
impl Link for Inline {
    async fn connect(&self) -> Result<(), PortError> {
        self.ask(|station, now| {
            station.wire()?;
            station.world.connect(now);
            Ok(())
        })
        .await
    }

    async fn disconnect(&self) -> Result<(), PortError> {
        self.ask(|station, now| {
            station.world.disconnect(now);
            Ok(())
        })
        .await
    }

    async fn impair(&self, impairment: &Impairment) -> Result<(), PortError> {
        let impairment = impairment.clone();
        self.ask(move |station, now| {
            if matches!(impairment.how, Impair::Unplug | Impair::Flap { .. }) {
                station.wire()?.can_be_pulled()?;
            }
            station.world.impair(now, &impairment);
            Ok(())
        })
        .await
    }

    async fn mend(&self, name: &str) -> Result<Done, PortError> {
        let name = name.to_owned();
        self.ask(move |station, now| Ok(Done::Counted { times: station.world.mend(now, &name) })).await
    }

    async fn check(&self) -> Result<(), PortError> {
        self.ask(|station, _| station.wire().map(drop)).await
    }
}

#[async_trait(?Send)]
impl Services for Inline {
    async fn start(&self) -> Result<(), PortError> {
        self.ask(|station, now| {
            station.world.start(now).map_err(crate::services::no_certificates)?;
            *station.page.lock().unwrap_or_else(PoisonError::into_inner) = station.world.provision();
            Ok(())
        })
        .await
    }

    async fn stop(&self) -> Result<(), PortError> {
        self.ask(|station, now| {
            station.world.stop(now);
            Ok(())
        })
        .await
    }

    fn provision(&self) -> Option<Vec<u8>> {
        self.page.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn misbehave(&self, misbehaviour: &Misbehaviour) -> Result<(), PortError> {
        let misbehaviour = misbehaviour.clone();
        self.ask(move |station, now| {
            let done = station.world.misbehave(now, &misbehaviour);
            done.map_err(|why| crate::services::cannot(&misbehaviour.name, &why))
        })
        .await
    }

    async fn behave(&self, name: &str) -> Result<Done, PortError> {
        let name = name.to_owned();
        self.ask(move |station, now| Ok(Done::Counted { times: station.world.behave(now, &name) })).await
    }

    async fn publish(&self, message: &Publication) -> Result<(), PortError> {
        let message = message.clone();
        self.ask(move |station, now| {
            station.world.publish(now, &message);
            Ok(())
        })
        .await
    }

    async fn check(&self) -> Result<(), PortError> {
        self.ask(|station, _| {
            station.wire().map(drop).map_err(|error| PortError { port: Port::Services, ..error })
        })
        .await
    }
}

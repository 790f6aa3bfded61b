//! A probe on a thread of its own: probe-rs blocks, the engine must not.

use super::target::Target;
use async_trait::async_trait;
use brownout_core::action::{Access, Done, FlashCorruption, MemoryWord, Reset};
use brownout_core::port::{Port, PortError, Trouble};
use brownout_ports::{Debug, Observed, ProgramOrder, Watch};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot;

use crate::clock::Stopwatch;

/// How often the firmware's log is looked at while it says nothing.
const QUIET: Duration = Duration::from_millis(100);
/// How often it is looked at while it speaks.
const LIVELY: Duration = Duration::from_millis(5);
/// How often the core is looked at while a breakpoint is awaited.
const LOOK: Duration = Duration::from_millis(1);

/// Something to do with the device.
type Order = Box<dyn FnOnce(&mut Held) + Send>;

/// The device, and whether somebody wants to be attached to it: one that lost its power is attached to again when it is
/// back, until somebody detaches.
struct Held {
    target: Target,
    wanted: bool,
}

/// The debug port over probe-rs. Dropping it lets go of the device and ends the thread.
pub(crate) struct ProbeRs {
    orders: Option<Sender<Order>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl ProbeRs {
    pub(crate) fn start(target: Target, watch: Watch, clock: Arc<Stopwatch>) -> std::io::Result<Self> {
        let (orders, inbox) = channel();
        let thread = thread::Builder::new()
            .name("debug probe".to_owned())
            .spawn(move || serve(target, &inbox, &watch, &clock))?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    async fn ask<T: Send + 'static>(
        &self,
        order: impl FnOnce(&mut Held) -> Result<T, PortError> + Send + 'static,
    ) -> Result<T, PortError> {
        let (answer, reply) = oneshot::channel();
        if let Some(orders) = &self.orders {
            // If the thread is gone the reply says so; if nobody waits for the answer any more, it is dropped.
            let _ = orders.send(Box::new(move |held| drop(answer.send(order(held)))));
        }
        reply.await.unwrap_or_else(|_| {
            Err(PortError {
                port: Port::Debug,
                trouble: Trouble::Failed,
                message: "the debug probe's driver has stopped".to_owned(),
                help: Some(
                    "this is a bug in brownout or probe-rs; run again with RUST_BACKTRACE=1".to_owned(),
                ),
            })
        })
    }
}

impl Drop for ProbeRs {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // Waits for the detach: a probe left attached keeps the device from sleeping. A panic was reported by then.
            let _ = thread.join();
        }
    }
}

fn serve(target: Target, inbox: &Receiver<Order>, watch: &Watch, clock: &Stopwatch) {
    let mut held = Held { target, wanted: false };
    let mut pause = QUIET;
    loop {
        match inbox.recv_timeout(pause) {
            Ok(order) => order(&mut held),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                held.target.detach();
                return;
            }
        }
        if held.wanted && !held.target.is_attached() {
            let _ = held.target.attach();
        }
        if let Some(met) = held.target.look() {
            watch.report(clock.now(), Observed::Halted { address: met.address, pc: met.pc });
        }
        let mut spoke = false;
        held.target.read_log(&mut |message| {
            spoke = true;
            watch.report(clock.now(), Observed::Log { level: message.level, text: message.text });
        });
        pause = match (held.target.must_look(), spoke) {
            (true, _) => LOOK,
            (false, true) => LIVELY,
            (false, false) => QUIET,
        };
    }
}

#[async_trait(?Send)]
impl Debug for ProbeRs {
    async fn attach(&self) -> Result<(), PortError> {
        self.ask(|held| {
            let result = held.target.attach();
            held.wanted = result.is_ok();
            result
        })
        .await
    }

    async fn detach(&self) -> Result<(), PortError> {
        self.ask(|held| {
            held.target.detach();
            held.wanted = false;
            Ok(())
        })
        .await
    }

    async fn program(&self, order: &ProgramOrder) -> Result<Done, PortError> {
        let order = order.clone();
        self.ask(move |held| held.target.program(&order)).await
    }

    async fn reset(&self, how: Reset) -> Result<(), PortError> {
        self.ask(move |held| held.target.reset(how)).await
    }

    async fn halt(&self) -> Result<(), PortError> {
        self.ask(|held| held.target.halt()).await
    }

    async fn resume(&self) -> Result<(), PortError> {
        self.ask(|held| held.target.resume()).await
    }

    async fn read(&self, word: &MemoryWord) -> Result<Done, PortError> {
        let word = word.clone();
        self.ask(move |held| held.target.read(&word)).await
    }

    async fn flip_memory(&self, address: u32, mask: &[u8]) -> Result<Done, PortError> {
        let mask = mask.to_vec();
        self.ask(move |held| held.target.flip_memory(address, &mask)).await
    }

    async fn flip_register(&self, register: &str, mask: u32) -> Result<Done, PortError> {
        let register = register.to_owned();
        self.ask(move |held| held.target.flip_register(&register, mask)).await
    }

    async fn corrupt_flash(&self, corruption: &FlashCorruption) -> Result<Done, PortError> {
        let corruption = corruption.clone();
        self.ask(move |held| held.target.corrupt_flash(&corruption)).await
    }

    async fn break_at(&self, address: u32, nth: u64) -> Result<(), PortError> {
        self.ask(move |held| held.target.break_at(address, nth)).await
    }

    async fn watch_at(&self, word: &MemoryWord, access: Access, nth: u64) -> Result<(), PortError> {
        let word = word.clone();
        self.ask(move |held| held.target.watch_at(&word, access, nth)).await
    }

    async fn clear_breaks(&self) -> Result<(), PortError> {
        self.ask(|held| held.target.clear_breaks()).await
    }

    async fn lose(&self, halted: bool) -> Result<(), PortError> {
        self.ask(move |held| held.target.lose(halted)).await
    }
}

//! A probe on a thread of its own: probe-rs blocks, the engine must not.

use super::target::Target;
use async_trait::async_trait;
use brownout_core::action::{Done, Reset};
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

type Answer<T> = oneshot::Sender<Result<T, PortError>>;

enum Order {
    Attach(Answer<()>),
    Detach(Answer<()>),
    Program(ProgramOrder, Answer<Done>),
    Reset(Reset, Answer<()>),
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

    async fn ask<T>(&self, order: impl FnOnce(Answer<T>) -> Order) -> Result<T, PortError> {
        let (answer, reply) = oneshot::channel();
        if let Some(orders) = &self.orders {
            // If the thread is gone the reply says so.
            let _ = orders.send(order(answer));
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

fn serve(mut target: Target, inbox: &Receiver<Order>, watch: &Watch, clock: &Stopwatch) {
    let mut pause = QUIET;
    // Wanted until somebody detaches: a device that lost its power is attached to again when it is back.
    let mut wanted = false;
    loop {
        match inbox.recv_timeout(pause) {
            Ok(Order::Attach(answer)) => {
                let result = target.attach();
                wanted = result.is_ok();
                let _ = answer.send(result);
            }
            Ok(Order::Detach(answer)) => {
                target.detach();
                wanted = false;
                let _ = answer.send(Ok(()));
            }
            Ok(Order::Program(order, answer)) => {
                let _ = answer.send(target.program(&order));
            }
            Ok(Order::Reset(how, answer)) => {
                let _ = answer.send(target.reset(how));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                target.detach();
                return;
            }
        }
        if wanted && !target.is_attached() {
            let _ = target.attach();
        }
        let mut spoke = false;
        target.read_log(&mut |message| {
            spoke = true;
            watch.report(clock.now(), Observed::Log { level: message.level, text: message.text });
        });
        pause = if spoke { LIVELY } else { QUIET };
    }
}

#[async_trait(?Send)]
impl Debug for ProbeRs {
    async fn attach(&self) -> Result<(), PortError> {
        self.ask(Order::Attach).await
    }

    async fn detach(&self) -> Result<(), PortError> {
        self.ask(Order::Detach).await
    }

    async fn program(&self, order: &ProgramOrder) -> Result<Done, PortError> {
        self.ask(|answer| Order::Program(order.clone(), answer)).await
    }

    async fn reset(&self, how: Reset) -> Result<(), PortError> {
        self.ask(|answer| Order::Reset(how, answer)).await
    }
}

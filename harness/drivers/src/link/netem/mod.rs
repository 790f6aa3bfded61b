//! `netem`: an interface of this computer, impaired by the kernel's own netem, over a routing socket.
//!
//! A thread in the interface's network namespace owns the socket: it makes changes when it is asked to, and between
//! that looks at what netem has counted.

mod cable;
mod met;
mod options;
mod qdisc;

pub(crate) use cable::Cable;

use super::link_trouble as trouble;
use super::namespace::Place;
use crate::clock::Stopwatch;
use async_trait::async_trait;
use brownout_core::action::Done;
use brownout_core::network::Impairment;
use brownout_core::port::{PortError, Trouble};
use brownout_ports::{Link, Watch};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use tokio::sync::oneshot;

/// How often the counters are looked at.
const GLANCE: std::time::Duration = std::time::Duration::from_millis(20);

type Answer<T> = oneshot::Sender<Result<T, PortError>>;

enum Order {
    Connect(Answer<()>),
    Disconnect(Answer<()>),
    Impair(Impairment, Answer<()>),
    Mend(String, Answer<Done>),
    Check(Answer<()>),
}

/// The link port over kernel netem. Dropping it takes netem away and ends the thread.
pub(crate) struct Netem {
    orders: Option<Sender<Order>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Netem {
    /// Starts the thread; what is wrong with the interface is said by the port when it is asked for something.
    pub(crate) fn start(
        interface: String,
        place: Place,
        seed: u64,
        watch: Watch,
        clock: Arc<Stopwatch>,
    ) -> io::Result<Self> {
        let (orders, inbox) = channel();
        let serve = move || {
            let cable = place.enter().and_then(|()| Cable::open(&interface, seed, watch, clock));
            match cable {
                Ok(cable) => serve(cable, &inbox),
                Err(error) => refuse(&error, &inbox),
            }
        };
        let thread = thread::Builder::new().name("link".to_owned()).spawn(serve)?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    async fn ask<T>(&self, order: impl FnOnce(Answer<T>) -> Order) -> Result<T, PortError> {
        let (answer, reply) = oneshot::channel();
        if let Some(orders) = &self.orders {
            // If the thread is gone the reply says so.
            let _ = orders.send(order(answer));
        }
        let stopped = || {
            trouble(
                Trouble::Failed,
                "the driver of the link has stopped".to_owned(),
                "this is a bug in brownout",
            )
        };
        reply.await.unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for Netem {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[async_trait(?Send)]
impl Link for Netem {
    async fn connect(&self) -> Result<(), PortError> {
        self.ask(Order::Connect).await
    }

    async fn disconnect(&self) -> Result<(), PortError> {
        self.ask(Order::Disconnect).await
    }

    async fn impair(&self, impairment: &Impairment) -> Result<(), PortError> {
        let impairment = impairment.clone();
        self.ask(move |answer| Order::Impair(impairment, answer)).await
    }

    async fn mend(&self, name: &str) -> Result<Done, PortError> {
        let name = name.to_owned();
        self.ask(move |answer| Order::Mend(name, answer)).await
    }

    async fn check(&self) -> Result<(), PortError> {
        self.ask(Order::Check).await
    }
}

fn serve(mut cable: Cable, inbox: &Receiver<Order>) {
    loop {
        match inbox.recv_timeout(GLANCE) {
            Ok(Order::Connect(answer)) => {
                let _ = answer.send(cable.connect());
            }
            Ok(Order::Disconnect(answer)) => {
                let _ = answer.send(cable.disconnect());
            }
            Ok(Order::Impair(impairment, answer)) => {
                let _ = answer.send(cable.impair(impairment));
            }
            Ok(Order::Mend(name, answer)) => {
                let _ = answer.send(cable.mend(&name).map(|times| Done::Counted { times }));
            }
            Ok(Order::Check(answer)) => {
                let _ = answer.send(cable.check());
            }
            Err(RecvTimeoutError::Timeout) => cable.look(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Answers every order with what was wrong from the beginning.
fn refuse(error: &PortError, inbox: &Receiver<Order>) {
    while let Ok(order) = inbox.recv() {
        match order {
            Order::Connect(answer)
            | Order::Disconnect(answer)
            | Order::Impair(_, answer)
            | Order::Check(answer) => {
                let _ = answer.send(Err(error.clone()));
            }
            Order::Mend(_, answer) => {
                let _ = answer.send(Err(error.clone()));
            }
        }
    }
}

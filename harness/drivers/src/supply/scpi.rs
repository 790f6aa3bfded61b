//! `scpi`: a bench supply that understands SCPI over TCP, as nearly all with a network socket do (SCPI 1999.0, volume 2:
//! `[SOURce:]VOLTage` and `MEASure:VOLTage?`).

use crate::clock::Stopwatch;
use async_trait::async_trait;
use brownout_core::action::SupplyCourse;
use brownout_core::port::{Port, PortError, Trouble};
use brownout_core::quantity::Voltage;
use brownout_core::time::Duration;
use brownout_ports::{Observed, Supply, Watch};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use tokio::sync::oneshot;

brownout_core::record! {
    /// A bench supply that understands SCPI over TCP. A ramp is made of steps: how fine, its own speed decides; a dip of
    /// less than some ten milliseconds is beyond most of them, and what was measured stands on the timeline.
    ///
    /// `scpi: {address: '192.0.2.7:5025', nominal: 3V}`
    pub struct ScpiParams {
        /// Host and port; 5025 is usual.
        address: String = "address",
        /// The voltage that it is set back to.
        nominal: Voltage = "nominal",
        /// The highest voltage that it may ever be set to.
        at_most: Voltage = "at_most" or Voltage(3600),
        /// What sets a voltage; `{volts}` stands for it.
        set: String = "set" or "VOLT {volts}".to_owned(),
        /// What asks for the voltage at the device.
        measure: String = "measure" or "MEAS:VOLT?".to_owned(),
        /// How long an answer may take.
        within: Duration = "within" (Positive) or Duration::from_secs(2),
    }
}

/// How far apart the steps of a ramp are at least.
const STEP: Duration = Duration::from_millis(10);

type Answer = oneshot::Sender<Result<(), PortError>>;

enum Order {
    Course(SupplyCourse, Answer),
    Nominal(Answer),
    Check(Answer),
}

/// The supply port over SCPI. Dropping it sets the voltage back and ends the thread.
pub(crate) struct Scpi {
    orders: Option<Sender<Order>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Scpi {
    pub(crate) fn start(params: ScpiParams, watch: Watch, clock: Arc<Stopwatch>) -> std::io::Result<Self> {
        let (orders, inbox) = channel();
        let instrument = Instrument { params, watch, clock, line: None, changed: false };
        let thread =
            thread::Builder::new().name("supply".to_owned()).spawn(move || instrument.serve(&inbox))?;
        Ok(Self { orders: Some(orders), thread: Some(thread) })
    }

    async fn ask(&self, order: impl FnOnce(Answer) -> Order) -> Result<(), PortError> {
        let (answer, reply) = oneshot::channel();
        if let Some(orders) = &self.orders {
            // If the thread is gone the reply says so.
            let _ = orders.send(order(answer));
        }
        let stopped = || failed("the supply's driver has stopped".to_owned(), "this is a bug in brownout");
        reply.await.unwrap_or_else(|_| Err(stopped()))
    }
}

impl Drop for Scpi {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[async_trait(?Send)]
impl Supply for Scpi {
    async fn course(&self, course: &SupplyCourse) -> Result<(), PortError> {
        let course = course.clone();
        self.ask(move |answer| Order::Course(course, answer)).await
    }

    async fn nominal(&self) -> Result<(), PortError> {
        self.ask(Order::Nominal).await
    }

    async fn check(&self) -> Result<(), PortError> {
        self.ask(Order::Check).await
    }
}

/// The thread's side.
struct Instrument {
    params: ScpiParams,
    watch: Watch,
    clock: Arc<Stopwatch>,
    line: Option<BufReader<TcpStream>>,
    /// It stands at another voltage than the nominal one.
    changed: bool,
}

impl Instrument {
    fn serve(mut self, inbox: &Receiver<Order>) {
        let mut next = inbox.recv().ok();
        while let Some(order) = next.take() {
            match order {
                Order::Check(answer) => {
                    let _ = answer.send(self.measured().map(drop));
                }
                Order::Nominal(answer) => {
                    let _ = answer.send(self.back());
                }
                Order::Course(course, answer) => next = self.run(&course, answer, inbox),
            }
            next = next.or_else(|| inbox.recv().ok());
        }
        if self.changed {
            let _ = self.back();
        }
    }

    /// Runs a course; ends early with the order that came in between.
    fn run(&mut self, course: &SupplyCourse, answer: Answer, inbox: &Receiver<Order>) -> Option<Order> {
        let nominal = self.params.nominal.millivolts();
        let highest = course.points.iter().map(|point| point.millivolts).max().unwrap_or(0).max(nominal);
        if highest > self.params.at_most.millivolts() {
            let message = format!("{highest} mV is more than `at_most` allows ({})", self.params.at_most);
            let _ = answer.send(Err(failed(message, "lower the voltage in the scenario")));
            return None;
        }
        let begun = self.measured();
        let mut from = *begun.as_ref().unwrap_or(&nominal);
        let sound = begun.is_ok();
        let _ = answer.send(begun.map(drop));
        if !sound {
            return None;
        }
        self.changed = true;
        let back = course.back.map(|over| (over, nominal));
        let legs = course.points.iter().map(|point| (point.over, point.millivolts)).chain(back);
        for (over, to) in legs {
            let began = self.clock.now();
            let until = began + over;
            loop {
                let now = self.clock.now();
                let done =
                    if over == Duration::ZERO { 1.0 } else { now.since(began).0 as f64 / over.0 as f64 };
                let level = f64::from(from) + (f64::from(to) - f64::from(from)) * done.min(1.0);
                if from != to && self.set(level as u32).is_err() {
                    return None;
                }
                let left = until.since(self.clock.now());
                if left == Duration::ZERO {
                    break;
                }
                match inbox.recv_timeout(left.min(if from == to { left } else { STEP }).std()) {
                    Ok(order) => return Some(order),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return None,
                }
            }
            from = to;
            self.report();
        }
        self.changed = course.back.is_none();
        None
    }

    fn back(&mut self) -> Result<(), PortError> {
        self.set(self.params.nominal.millivolts())?;
        self.changed = false;
        self.report();
        Ok(())
    }

    /// What the instrument measures goes on record; one that cannot measure is no reason to stop in the middle.
    fn report(&mut self) {
        if let Ok(millivolts) = self.measured() {
            self.watch.report(self.clock.now(), Observed::Voltage { millivolts });
        }
    }

    fn set(&mut self, millivolts: u32) -> Result<(), PortError> {
        let volts = format!("{}.{:03}", millivolts / 1000, millivolts % 1000);
        let line = self.params.set.replace("{volts}", &volts);
        self.say(&line)
    }

    fn measured(&mut self) -> Result<u32, PortError> {
        let question = self.params.measure.clone();
        self.say(&question)?;
        let mut answer = String::new();
        let read = match &mut self.line {
            Some(line) => std::io::Read::take(line, 256).read_line(&mut answer),
            None => Ok(0),
        };
        if let Err(error) = read {
            return Err(self.broken(&error.to_string()));
        }
        let volts: Option<f64> =
            answer.trim().parse().ok().filter(|volts: &f64| (0.0..1000.0).contains(volts));
        match volts {
            Some(volts) => Ok((volts * 1000.0).round() as u32),
            None => {
                Err(self.broken(&format!("`{question}` was answered with {answer:?}, which is no voltage")))
            }
        }
    }

    fn say(&mut self, text: &str) -> Result<(), PortError> {
        let said = self.line().and_then(|line| {
            line.get_mut().write_all(format!("{text}\n").as_bytes()).map_err(|error| error.to_string())
        });
        said.map_err(|why| self.broken(&why))
    }

    fn line(&mut self) -> Result<&mut BufReader<TcpStream>, String> {
        if self.line.is_none() {
            let address = &self.params.address;
            let mut addresses = address.to_socket_addrs().map_err(|error| error.to_string())?;
            let first = addresses.next().ok_or_else(|| "it has no address".to_owned())?;
            let within = self.params.within.std();
            let stream = TcpStream::connect_timeout(&first, within).map_err(|error| error.to_string())?;
            let bounded = stream
                .set_read_timeout(Some(within))
                .and_then(|()| stream.set_write_timeout(Some(within)))
                .and_then(|()| stream.set_nodelay(true));
            bounded.map_err(|error| error.to_string())?;
            self.line = Some(BufReader::new(stream));
        }
        self.line.as_mut().ok_or_else(|| "it is not open".to_owned())
    }

    fn broken(&mut self, why: &str) -> PortError {
        self.line = None;
        failed(
            format!("the supply at {}: {why}", self.params.address),
            "is it on, and is `address` in the rig file right?",
        )
    }
}

fn failed(message: String, help: &str) -> PortError {
    PortError { port: Port::Supply, trouble: Trouble::Failed, message, help: Some(help.to_owned()) }
}

//! The whole world round one device: its cable, the link, the gateway and the services, put together.

use crate::gateway::{Gateway, GatewayOut};
use crate::link::{Link, LinkOut, Way};
use crate::pcapng::{Capture, LARGEST};
use crate::service::{Seen, StreamOut};
use crate::services::{Services, ServicesOut};
use crate::time::Epoch;
use brownout_core::network::{Impairment, Misbehaviour, Publication, Traffic};
use brownout_core::time::{Duration, Instant};
use std::collections::VecDeque;

/// What decides a world.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Feeds everything random.
    pub seed: u64,
    /// What time it is in it.
    pub epoch: Epoch,
    /// The device's name: its identity towards the services.
    pub device: String,
}

/// What comes out of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorldOut {
    /// A frame for the device.
    Frame(Vec<u8>),
    /// The device's cable is plugged, or pulled.
    Cable(bool),
    /// A piece of the link's capture, in pcapng.
    Capture(Vec<u8>),
    /// Something became visible.
    Seen(Seen),
}

/// The world round a device.
pub struct World {
    setup: Setup,
    link: Link,
    gateway: Gateway,
    /// Present from start to stop.
    services: Option<Services>,
    out: VecDeque<WorldOut>,
    due: Option<Instant>,
}

impl World {
    /// A world with the cable out and no services.
    pub fn new(setup: Setup) -> Self {
        let (mut link, gateway) = (Link::new(setup.seed), Gateway::new(setup.seed));
        link.plug(Instant::ZERO, false);
        while link.output().is_some() {}
        Self { setup, link, gateway, services: None, out: VecDeque::new(), due: None }
    }

    /// Starts the services anew.
    ///
    /// # Errors
    /// No certificates could be made for a device of that name.
    pub fn start(&mut self, now: Instant) -> Result<(), String> {
        self.services = Some(Services::new(&self.setup, now)?);
        self.gateway = Gateway::new(self.setup.seed);
        self.settle(now);
        Ok(())
    }

    /// Stops the services: their connections end without a word.
    pub fn stop(&mut self, now: Instant) {
        self.services = None;
        self.gateway = Gateway::new(self.setup.seed);
        self.settle(now);
    }

    /// What the device is to be provisioned with; holds its private key.
    pub fn provision(&self) -> Option<Vec<u8>> {
        self.services.as_ref().map(Services::provision)
    }

    /// Plugs the cable.
    pub fn connect(&mut self, now: Instant) {
        let began = Duration(u64::try_from(self.setup.epoch.unix_nanos_at_zero).unwrap_or(0));
        self.link.record(Capture::new("link", began, LARGEST));
        self.link.plug(now, true);
        self.settle(now);
    }

    /// Takes back every impairment, tells what was counted, and pulls the cable.
    pub fn disconnect(&mut self, now: Instant) {
        self.link.clear(now);
        self.link.plug(now, false);
        self.settle(now);
    }

    /// Impairs the link.
    pub fn impair(&mut self, now: Instant, impairment: &Impairment) {
        self.link.impair(now, impairment);
        self.settle(now);
    }

    /// Takes an impairment back: how often it was met.
    pub fn mend(&mut self, now: Instant, name: &str) -> u64 {
        let times = self.link.mend(now, name).unwrap_or(0);
        self.settle(now);
        times
    }

    /// Lets a service misbehave. Nothing happens while the services are stopped.
    ///
    /// # Errors
    /// The certificates that it takes could not be made.
    pub fn misbehave(&mut self, now: Instant, misbehaviour: &Misbehaviour) -> Result<(), String> {
        let done = self.services.as_mut().map_or(Ok(()), |services| services.misbehave(now, misbehaviour));
        self.settle(now);
        done
    }

    /// Takes a misbehaviour back: how often it was met.
    pub fn behave(&mut self, now: Instant, name: &str) -> u64 {
        let times = self.services.as_mut().and_then(|services| services.behave(now, name)).unwrap_or(0);
        self.settle(now);
        times
    }

    /// Publishes a message.
    pub fn publish(&mut self, now: Instant, message: &Publication) {
        if let Some(services) = &mut self.services {
            services.publish(now, message);
        }
        self.settle(now);
    }

    /// The device sent a frame.
    pub fn frame(&mut self, now: Instant, frame: &[u8]) {
        self.link.carry(now, Way::Up, frame.to_vec());
        self.settle(now);
    }

    /// Does what is due.
    pub fn poll(&mut self, now: Instant) {
        self.link.poll(now);
        self.gateway.poll(now);
        if let Some(services) = &mut self.services {
            services.poll(now);
        }
        self.settle(now);
    }

    /// When it wants [`Self::poll`], if nothing happens before.
    pub const fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// What comes out, in order.
    pub fn output(&mut self) -> Option<WorldOut> {
        self.out.pop_front()
    }

    /// Carries everything as far as it goes without time passing.
    fn settle(&mut self, now: Instant) {
        loop {
            let mut moved = false;
            while let Some(out) = self.link.output() {
                moved = true;
                match out {
                    LinkOut::Deliver { way: Way::Up, frame } => self.gateway.frame(now, &frame),
                    LinkOut::Deliver { frame, .. } => self.out.push_back(WorldOut::Frame(frame)),
                    LinkOut::Cable(plugged) => self.out.push_back(WorldOut::Cable(plugged)),
                    LinkOut::Seen(seen) => self.out.push_back(WorldOut::Seen(seen)),
                }
            }
            while let Some(out) = self.gateway.output() {
                moved = true;
                self.take_gateway(now, out);
            }
            while let Some(out) = self.services.as_mut().and_then(Services::output) {
                moved = true;
                self.take_services(now, out);
            }
            if !moved {
                break;
            }
        }
        let recorded = self.link.recorded().map(Capture::take).filter(|bytes| !bytes.is_empty());
        self.out.extend(recorded.map(WorldOut::Capture));
        let services = self.services.as_ref().and_then(Services::deadline);
        let due = [self.link.deadline(), self.gateway.deadline(now), services];
        self.due = due.into_iter().flatten().min();
    }

    fn take_gateway(&mut self, now: Instant, out: GatewayOut) {
        if let GatewayOut::Frame(frame) = out {
            self.link.carry(now, Way::Down, frame);
            return;
        }
        if let GatewayOut::Seen(seen) = out {
            self.tell(seen);
            return;
        }
        let Some(services) = &mut self.services else { return };
        match out {
            GatewayOut::Opened { conn, to, peer } => services.opened(now, conn, to, peer),
            GatewayOut::Received { conn, bytes } => services.received(now, conn, &bytes),
            GatewayOut::Ended { conn, end } => services.ended(now, conn, end),
            GatewayOut::Datagram { from, to, bytes } => services.datagram(now, from, to, &bytes),
            GatewayOut::Missed(service) => services.missed(service),
            GatewayOut::Frame(_) | GatewayOut::Seen(_) => {}
        }
    }

    fn take_services(&mut self, now: Instant, out: ServicesOut) {
        match out {
            ServicesOut::Stream(StreamOut::Send { conn, bytes }) => self.gateway.send(now, conn, &bytes),
            ServicesOut::Stream(StreamOut::Close { conn }) => self.gateway.close(now, conn),
            ServicesOut::Stream(StreamOut::Reset { conn }) => self.gateway.reset(now, conn),
            ServicesOut::Stream(StreamOut::Deaf { conn, deaf }) => self.gateway.deafen(now, conn, deaf),
            ServicesOut::Stream(StreamOut::Seen(seen)) | ServicesOut::Seen(seen) => {
                self.out.push_back(WorldOut::Seen(seen));
            }
            ServicesOut::Datagram { from, to, bytes } => self.gateway.datagram(from, to, &bytes),
            ServicesOut::Absent { service, how } => self.gateway.absent(now, service, how),
        }
    }

    fn tell(&mut self, seen: Traffic) {
        self.out.push_back(WorldOut::Seen(Seen::Traffic(seen)));
    }
}

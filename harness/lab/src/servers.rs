//! The servers behind the services, one of each, and which of them a connection or a datagram goes to.

use crate::dhcp::{Dhcp, Leases};
use crate::ntp::Ntp;
use crate::plan::{self, service_at};
use crate::service::{DatagramOut, DatagramService};
use crate::services::ServicesOut;
use crate::world::Setup;
use brownout_core::network::{Conn, End, Misbehave, Publication, Service};
use brownout_core::time::Instant;
use core::net::SocketAddrV4;
use std::collections::VecDeque;

/// The servers of one world.
pub(crate) struct Servers {
    dhcp: Dhcp,
    ntp: Ntp,
    out: VecDeque<ServicesOut>,
}

impl Servers {
    pub(crate) fn new(setup: &Setup, _: Instant) -> Self {
        Self { dhcp: Dhcp::new(Leases::default()), ntp: Ntp::new(setup.epoch), out: VecDeque::new() }
    }

    /// The page of a device's flash that this world provisions it with.
    pub(crate) fn provision(&self) -> Vec<u8> {
        Vec::new()
    }

    pub(crate) fn misbehave(&mut self, now: Instant, name: &str, how: &Misbehave) {
        match how {
            Misbehave::Dhcp(fault) => self.dhcp.misbehave(name, fault.clone()),
            Misbehave::Ntp(fault) => self.ntp.misbehave(name, fault.clone()),
            _ => {}
        }
        let _ = now;
    }

    pub(crate) fn behave(&mut self, _: Instant, name: &str) -> Option<u64> {
        self.dhcp.behave(name).or_else(|| self.ntp.behave(name))
    }

    /// Services lose their memory.
    pub(crate) fn forget(&mut self, _: Instant, services: &[Service]) {
        if services.contains(&Service::Dhcp) {
            self.dhcp.forget();
        }
    }

    pub(crate) fn publish(&mut self, _: Instant, _: &Publication) {}

    pub(crate) fn opened(&mut self, _: Instant, _: Conn, _: SocketAddrV4, _: SocketAddrV4) {}

    pub(crate) fn received(&mut self, _: Instant, _: Conn, _: &[u8]) {}

    pub(crate) fn ended(&mut self, _: Instant, _: Conn, _: End) {}

    pub(crate) fn datagram(&mut self, now: Instant, from: SocketAddrV4, to: SocketAddrV4, bytes: &[u8]) {
        match service_at(*to.ip(), to.port()) {
            Some(Service::Dhcp) => self.dhcp.received(now, from, bytes),
            Some(Service::Ntp) => self.ntp.received(now, from, bytes),
            _ => {}
        }
    }

    pub(crate) fn poll(&mut self, now: Instant) {
        self.dhcp.poll(now);
        self.ntp.poll(now);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        [self.dhcp.deadline(), self.ntp.deadline()].into_iter().flatten().min()
    }

    pub(crate) fn output(&mut self) -> Option<ServicesOut> {
        let (dhcp, ntp) = (
            SocketAddrV4::new(plan::GATEWAY, plan::DHCP_SERVER_PORT),
            SocketAddrV4::new(plan::address(Service::Ntp), plan::NTP_PORT),
        );
        while let Some(out) = self.dhcp.output() {
            self.out.push_back(datagram(dhcp, out));
        }
        while let Some(out) = self.ntp.output() {
            self.out.push_back(datagram(ntp, out));
        }
        self.out.pop_front()
    }
}

fn datagram(from: SocketAddrV4, out: DatagramOut) -> ServicesOut {
    match out {
        DatagramOut::Send { to, bytes } => ServicesOut::Datagram { from, to, bytes },
        DatagramOut::Seen(seen) => ServicesOut::Seen(seen),
    }
}

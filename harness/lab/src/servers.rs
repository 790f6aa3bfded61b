//! The servers behind the services, one of each, and which of them a connection or a datagram goes to.

use crate::dhcp::{Dhcp, Leases};
use crate::dns::Dns;
use crate::mqtt::Broker;
use crate::ntp::Ntp;
use crate::pki::{Entropy, Pki};
use crate::plan::{self, service_at};
use crate::provision::Provision;
use crate::service::{DatagramOut, DatagramService, StreamService};
use crate::services::ServicesOut;
use crate::tls::{Settings, Tls};
use crate::world::Setup;
use brownout_core::network::{Conn, End, Misbehave, Publication, Service};
use brownout_core::time::Instant;
use core::net::SocketAddrV4;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The servers of one world.
pub(crate) struct Servers {
    dhcp: Dhcp,
    dns: Dns,
    ntp: Ntp,
    broker: Tls<Broker>,
    /// Which server has each connection.
    homes: BTreeMap<Conn, Service>,
    page: Vec<u8>,
}

impl Servers {
    /// # Errors
    /// No certificates could be made for a device of that name.
    pub(crate) fn new(setup: &Setup, now: Instant) -> Result<Self, String> {
        let hosts: Vec<&str> = plan::NAMES.iter().map(|(host, ..)| *host).collect();
        let unix = setup.epoch.unix(now);
        let pki = Pki::new(setup.seed, unix, &setup.device, &hosts).map_err(|error| error.to_string())?;
        let page = Provision::new(&setup.device, false).page(&pki).map_err(|error| error.to_string())?;
        let (pki, entropy) = (Arc::new(pki), Entropy::new(setup.seed, "services"));
        let began = setup.epoch.unix(Instant::ZERO);
        let required = Settings { client_required: true, tickets: false };
        let broker = Tls::new(Broker::new(setup.seed), pki, required, &entropy.child("broker"), began)
            .map_err(|error| error.to_string())?;
        Ok(Self {
            dhcp: Dhcp::new(Leases::default()),
            dns: Dns::new(),
            ntp: Ntp::new(setup.epoch),
            broker,
            homes: BTreeMap::new(),
            page,
        })
    }

    /// The page of a device's flash that this world provisions it with.
    pub(crate) fn provision(&self) -> Vec<u8> {
        self.page.clone()
    }

    pub(crate) fn misbehave(&mut self, now: Instant, name: &str, how: &Misbehave) {
        match how {
            Misbehave::Dhcp(fault) => self.dhcp.misbehave(name, fault.clone()),
            Misbehave::Dns(fault) => self.dns.misbehave(name, fault.clone()),
            Misbehave::Ntp(fault) => self.ntp.misbehave(name, fault.clone()),
            Misbehave::Mqtt(fault) => self.broker.inner_mut().misbehave(now, name, fault.clone()),
            Misbehave::Tls { .. } | Misbehave::Http { .. } => {}
            // Not the business of one server.
            Misbehave::Down { .. } | Misbehave::Slow { .. } | Misbehave::Restart { .. } => {}
        }
    }

    pub(crate) fn behave(&mut self, now: Instant, name: &str) -> Option<u64> {
        self.dhcp
            .behave(name)
            .or_else(|| self.dns.behave(name))
            .or_else(|| self.ntp.behave(name))
            .or_else(|| self.broker.inner_mut().behave(now, name))
    }

    /// Services are started anew; those that forget lose their memory.
    pub(crate) fn restart(&mut self, now: Instant, services: &[Service], forgets: bool) {
        for service in services {
            match service {
                Service::Dhcp if forgets => self.dhcp.forget(),
                Service::Broker => self.broker.inner_mut().restart(now, forgets),
                _ => {}
            }
        }
    }

    pub(crate) fn publish(&mut self, now: Instant, message: &Publication) {
        self.broker.inner_mut().publish(now, message);
    }

    pub(crate) fn opened(&mut self, now: Instant, conn: Conn, to: SocketAddrV4, peer: SocketAddrV4) {
        let Some(service) = service_at(*to.ip(), to.port()) else { return };
        self.homes.insert(conn, service);
        if let Service::Broker = service
            && to.port() == plan::MQTT_PORT
        {
            self.broker.opened_plain(now, conn, peer);
        } else if let Some(server) = self.server(service) {
            server.opened(now, conn, peer);
        }
    }

    pub(crate) fn received(&mut self, now: Instant, conn: Conn, bytes: &[u8]) {
        if let Some(server) = self.home(conn) {
            server.received(now, conn, bytes);
        }
    }

    pub(crate) fn ended(&mut self, now: Instant, conn: Conn, end: End) {
        if let Some(server) = self.home(conn) {
            server.ended(now, conn, end);
        }
        if end != End::ByDevice {
            self.homes.remove(&conn);
        }
    }

    fn home(&mut self, conn: Conn) -> Option<&mut dyn StreamService> {
        let service = *self.homes.get(&conn)?;
        self.server(service)
    }

    fn server(&mut self, service: Service) -> Option<&mut dyn StreamService> {
        match service {
            Service::Dns => Some(&mut self.dns),
            Service::Broker => Some(&mut self.broker),
            Service::Api | Service::Identity | Service::Dhcp | Service::Ntp => None,
        }
    }

    /// All servers over TCP.
    fn streams(&mut self) -> [&mut dyn StreamService; 2] {
        [&mut self.dns, &mut self.broker]
    }

    /// All servers over UDP, with the addresses that they send from.
    fn datagrams(&mut self) -> [(SocketAddrV4, &mut dyn DatagramService); 3] {
        let at = |service, port| SocketAddrV4::new(plan::address(service), port);
        [
            (at(Service::Dhcp, plan::DHCP_SERVER_PORT), &mut self.dhcp),
            (at(Service::Dns, plan::DNS_PORT), &mut self.dns),
            (at(Service::Ntp, plan::NTP_PORT), &mut self.ntp),
        ]
    }

    pub(crate) fn datagram(&mut self, now: Instant, from: SocketAddrV4, to: SocketAddrV4, bytes: &[u8]) {
        match service_at(*to.ip(), to.port()) {
            Some(Service::Dhcp) => self.dhcp.received(now, from, bytes),
            Some(Service::Dns) => DatagramService::received(&mut self.dns, now, from, bytes),
            Some(Service::Ntp) => self.ntp.received(now, from, bytes),
            _ => {}
        }
    }

    pub(crate) fn poll(&mut self, now: Instant) {
        for (_, server) in self.datagrams() {
            server.poll(now);
        }
        for server in self.streams() {
            server.poll(now);
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let all = [
            self.dhcp.deadline(),
            DatagramService::deadline(&self.dns),
            StreamService::deadline(&self.dns),
            self.ntp.deadline(),
            self.broker.deadline(),
        ];
        all.into_iter().flatten().min()
    }

    pub(crate) fn output(&mut self) -> Option<ServicesOut> {
        for (from, server) in self.datagrams() {
            if let Some(out) = server.output() {
                return Some(match out {
                    DatagramOut::Send { to, bytes } => ServicesOut::Datagram { from, to, bytes },
                    DatagramOut::Seen(seen) => ServicesOut::Seen(seen),
                });
            }
        }
        self.streams().into_iter().find_map(|server| server.output()).map(ServicesOut::Stream)
    }
}

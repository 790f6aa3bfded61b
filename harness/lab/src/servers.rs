//! The servers behind the services, one of each, and which of them a connection or a datagram goes to.

use crate::dhcp::{Dhcp, Leases};
use crate::dns::Dns;
use crate::http::{Http, Site, Tokens};
use crate::mqtt::{Broker, Credentials};
use crate::ntp::Ntp;
use crate::pki::{Entropy, Pki};
use crate::plan::{self, service_at};
use crate::provision::Provision;
use crate::service::{DatagramOut, DatagramService, StreamService};
use crate::services::ServicesOut;
use crate::tls::{Settings, Tls};
use crate::world::Setup;
use brownout_core::network::{Conn, End, Misbehave, Publication, Service};
use brownout_core::time::{Duration, Instant};
use core::net::SocketAddrV4;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How long a token of the identity provider is good.
const TOKEN: Duration = Duration::from_secs(3600);

/// The servers of one world.
pub(crate) struct Servers {
    dhcp: Dhcp,
    dns: Dns,
    ntp: Ntp,
    broker: Tls<Broker>,
    api: Tls<Http>,
    identity: Tls<Http>,
    /// Which server has each connection.
    homes: BTreeMap<Conn, Service>,
    page: Vec<u8>,
}

/// Those are let in who show a token of their own that is good, or none: their certificate speaks for them.
fn holders_of(tokens: Tokens) -> Credentials {
    const NOT_AUTHORIZED: u8 = 0x87;
    Credentials::Checked(Arc::new(move |now, login| {
        let Some(password) = login.password.filter(|password| !password.is_empty()) else { return Ok(()) };
        let subject = tokens.verify(now, password).map_err(|_| NOT_AUTHORIZED)?;
        if login.user.is_none_or(|user| user == subject) { Ok(()) } else { Err(NOT_AUTHORIZED) }
    }))
}

impl Servers {
    /// # Errors
    /// No certificates could be made for a device of that name.
    pub(crate) fn new(setup: &Setup, now: Instant) -> Result<Self, String> {
        let hosts: Vec<&str> = plan::NAMES.iter().map(|(host, ..)| *host).collect();
        let unix = setup.epoch.unix(now);
        let pki = Pki::new(setup.seed, unix, &setup.device, &hosts).map_err(|error| error.to_string())?;
        let page = Provision::new(&setup.device, true).page(&pki).map_err(|error| error.to_string())?;
        let (pki, entropy) = (Arc::new(pki), Entropy::new(setup.seed, "services"));
        let began = setup.epoch.unix(Instant::ZERO);
        let required = Settings { client_required: true, tickets: false };
        let text = |error: rustls::Error| error.to_string();
        let (api, tokens) = (Site::default(), Tokens::new(setup.seed, setup.epoch, TOKEN));
        let mut broker = Broker::new(setup.seed);
        broker.admit(holders_of(tokens.clone()));
        let broker = Tls::new(broker, Arc::clone(&pki), required, &entropy.child("broker"), began);
        let api = Http::api(api, setup.epoch);
        let api = Tls::new(api, Arc::clone(&pki), Settings::default(), &entropy.child("api"), began);
        let identity = Http::identity(tokens, setup.epoch);
        let identity = Tls::new(identity, pki, required, &entropy.child("identity"), began);
        Ok(Self {
            dhcp: Dhcp::new(Leases::default()),
            dns: Dns::new(),
            ntp: Ntp::new(setup.epoch),
            broker: broker.map_err(text)?,
            api: api.map_err(text)?,
            identity: identity.map_err(text)?,
            homes: BTreeMap::new(),
            page,
        })
    }

    /// The page of a device's flash that this world provisions it with.
    pub(crate) fn provision(&self) -> Vec<u8> {
        self.page.clone()
    }

    /// # Errors
    /// The certificates that it takes could not be made.
    pub(crate) fn misbehave(&mut self, now: Instant, name: &str, how: &Misbehave) -> Result<(), String> {
        match how {
            Misbehave::Dhcp(fault) => self.dhcp.misbehave(name, fault.clone()),
            Misbehave::Dns(fault) => self.dns.misbehave(name, fault.clone()),
            Misbehave::Ntp(fault) => self.ntp.misbehave(name, fault.clone()),
            Misbehave::Mqtt(fault) => self.broker.inner_mut().misbehave(now, name, fault.clone()),
            Misbehave::Tls { service, fault } => {
                let wrong = match service {
                    Service::Api => self.api.misbehave(now, name, fault.clone()),
                    Service::Identity => self.identity.misbehave(now, name, fault.clone()),
                    _ => self.broker.misbehave(now, name, fault.clone()),
                };
                return wrong.map_err(|error| error.to_string());
            }
            Misbehave::Http { service: Service::Identity, fault } => {
                self.identity.inner_mut().misbehave(name, fault.clone());
            }
            Misbehave::Http { fault, .. } => self.api.inner_mut().misbehave(name, fault.clone()),
            // Not the business of one server.
            Misbehave::Down { .. } | Misbehave::Slow { .. } | Misbehave::Restart { .. } => {}
        }
        Ok(())
    }

    pub(crate) fn behave(&mut self, now: Instant, name: &str) -> Option<u64> {
        self.dhcp
            .behave(name)
            .or_else(|| self.dns.behave(name))
            .or_else(|| self.ntp.behave(name))
            .or_else(|| self.broker.inner_mut().behave(now, name))
            .or_else(|| self.broker.behave(name))
            .or_else(|| self.api.inner_mut().behave(name))
            .or_else(|| self.api.behave(name))
            .or_else(|| self.identity.inner_mut().behave(name))
            .or_else(|| self.identity.behave(name))
    }

    /// Services are started anew; those that forget lose their memory.
    pub(crate) fn restart(&mut self, now: Instant, services: &[Service], forgets: bool) {
        for service in services {
            match service {
                Service::Dhcp if forgets => self.dhcp.forget(),
                Service::Broker => self.broker.inner_mut().restart(now, forgets),
                Service::Api => self.api.inner_mut().restart(),
                Service::Identity => self.identity.inner_mut().restart(),
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
        } else if to.port() == plan::HTTP_PORT {
            match service {
                Service::Identity => self.identity.opened_plain(now, conn, peer),
                _ => self.api.opened_plain(now, conn, peer),
            }
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
            Service::Api => Some(&mut self.api),
            Service::Identity => Some(&mut self.identity),
            Service::Dhcp | Service::Ntp => None,
        }
    }

    /// All servers over TCP.
    fn streams(&mut self) -> [&mut dyn StreamService; 4] {
        [&mut self.dns, &mut self.broker, &mut self.api, &mut self.identity]
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
            self.api.deadline(),
            self.identity.deadline(),
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

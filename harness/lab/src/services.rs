//! The services of a world, behind one door: which of them a connection or a datagram is for, which of them is away or
//! slow, and what each does wrong.

use crate::faults::told;
use crate::plan::service_at;
use crate::servers::Servers;
use crate::service::{Seen, StreamOut};
use crate::world::Setup;
use brownout_core::network::{Absence, Conn, End, Misbehave, Misbehaviour, Publication, Service};
use brownout_core::time::{Duration, Instant};
use core::net::SocketAddrV4;
use std::collections::{BTreeMap, VecDeque};

/// What the services want done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServicesOut {
    /// On a connection.
    Stream(StreamOut),
    /// A datagram.
    Datagram {
        /// The service's end.
        from: SocketAddrV4,
        /// The device's end.
        to: SocketAddrV4,
        /// Its payload.
        bytes: Vec<u8>,
    },
    /// A service goes away, or comes back.
    Absent {
        /// Which.
        service: Service,
        /// How; `None` if it is back.
        how: Option<Absence>,
    },
    /// Something became visible.
    Seen(Seen),
}

/// A misbehaviour that is no protocol's own.
#[derive(Clone, Debug)]
enum General {
    Down { services: Vec<Service>, how: Absence },
    Slow { services: Vec<Service>, by: Duration },
    Restart { services: Vec<Service>, until: Option<Instant> },
}

impl General {
    fn services(&self) -> &[Service] {
        match self {
            Self::Down { services, .. } | Self::Slow { services, .. } | Self::Restart { services, .. } => {
                services
            }
        }
    }

    /// How it keeps a service away, if it does.
    fn absence(&self, service: Service) -> Option<Absence> {
        match self {
            Self::Down { services, how } if services.contains(&service) => Some(*how),
            Self::Restart { services, until: Some(_) } if services.contains(&service) => {
                Some(Absence::Refuses)
            }
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
struct Named {
    name: String,
    how: General,
    times: u64,
}

/// The services of one world.
pub struct Services {
    servers: Servers,
    /// Which service each connection is to.
    homes: BTreeMap<Conn, Service>,
    general: Vec<Named>,
    /// What a slow service has said and is not heard of yet, by when it will be.
    held: BTreeMap<(Instant, u64), (Option<Service>, ServicesOut)>,
    said: u64,
    out: VecDeque<ServicesOut>,
}

impl Services {
    /// Services with nothing in their memory, and certificates of their own.
    ///
    /// # Errors
    /// No certificates could be made for a device of that name.
    pub fn new(setup: &Setup, now: Instant) -> Result<Self, String> {
        Ok(Self {
            servers: Servers::new(setup, now)?,
            homes: BTreeMap::new(),
            general: Vec::new(),
            held: BTreeMap::new(),
            said: 0,
            out: VecDeque::new(),
        })
    }

    /// What the device is to be provisioned with; holds its private key.
    pub fn provision(&self) -> Vec<u8> {
        self.servers.provision()
    }

    /// Lets a service misbehave. The same name again replaces what it named.
    ///
    /// # Errors
    /// The certificates that it takes could not be made.
    pub fn misbehave(&mut self, now: Instant, misbehaviour: &Misbehaviour) -> Result<(), String> {
        self.behave(now, &misbehaviour.name);
        let name = misbehaviour.name.clone();
        match &misbehaviour.how {
            Misbehave::Down { services, how } => {
                let how = General::Down { services: services.clone(), how: *how };
                self.set(name, how);
            }
            Misbehave::Slow { services, by } => {
                let how = General::Slow { services: services.clone(), by: *by };
                self.set(name, how);
            }
            Misbehave::Restart { services, away, forgets } => {
                let how = General::Restart { services: services.clone(), until: Some(now + *away) };
                let stood = self.homes.values().filter(|service| services.contains(service)).count();
                self.set(name, how);
                for _ in 0..stood {
                    self.meet(|general| matches!(general, General::Restart { .. }));
                }
                self.servers.restart(now, services, *forgets);
            }
            own => self.servers.misbehave(now, &name, own)?,
        }
        self.gather(now);
        Ok(())
    }

    fn set(&mut self, name: String, how: General) {
        let services = how.services().to_vec();
        self.general.push(Named { name, how, times: 0 });
        self.announce(&services);
    }

    /// Says how each of these services is away now, if it is.
    fn announce(&mut self, services: &[Service]) {
        for service in services {
            let how = self.general.iter().find_map(|named| named.how.absence(*service));
            self.out.push_back(ServicesOut::Absent { service: *service, how });
        }
    }

    /// Takes a misbehaviour back: how often it was met; `None` if it is not in force.
    pub fn behave(&mut self, now: Instant, name: &str) -> Option<u64> {
        let times = match self.general.iter().position(|named| named.name == name) {
            Some(at) => {
                let named = self.general.remove(at);
                self.announce(named.how.services());
                Some(named.times)
            }
            None => self.servers.behave(now, name),
        };
        self.gather(now);
        times
    }

    /// Publishes a message.
    pub fn publish(&mut self, now: Instant, message: &Publication) {
        self.servers.publish(now, message);
        self.gather(now);
    }

    /// The device wanted something of a service that is away.
    pub fn missed(&mut self, service: Service) {
        self.meet(|general| general.absence(service).is_some());
    }

    fn meet(&mut self, which: impl Fn(&General) -> bool) {
        if let Some(named) = self.general.iter_mut().find(|named| which(&named.how)) {
            named.times += 1;
            self.out.extend(told(&named.name, named.times).map(ServicesOut::Seen));
        }
    }

    /// A connection was opened.
    pub fn opened(&mut self, now: Instant, conn: Conn, to: SocketAddrV4, peer: SocketAddrV4) {
        let Some(service) = service_at(*to.ip(), to.port()) else { return };
        self.homes.insert(conn, service);
        self.servers.opened(now, conn, to, peer);
        self.gather(now);
    }

    /// The device sent bytes.
    pub fn received(&mut self, now: Instant, conn: Conn, bytes: &[u8]) {
        self.servers.received(now, conn, bytes);
        self.gather(now);
    }

    /// A connection ended, or the device closed its side.
    pub fn ended(&mut self, now: Instant, conn: Conn, end: End) {
        self.servers.ended(now, conn, end);
        self.gather(now);
        if end != End::ByDevice {
            self.homes.remove(&conn);
        }
    }

    /// The device sent a datagram.
    pub fn datagram(&mut self, now: Instant, from: SocketAddrV4, to: SocketAddrV4, bytes: &[u8]) {
        self.servers.datagram(now, from, to, bytes);
        self.gather(now);
    }

    /// Does what is due.
    pub fn poll(&mut self, now: Instant) {
        let back: Vec<Service> = self
            .general
            .iter_mut()
            .filter_map(|named| match &mut named.how {
                General::Restart { services, until } if until.is_some_and(|until| until <= now) => {
                    *until = None;
                    Some(services.clone())
                }
                _ => None,
            })
            .flatten()
            .collect();
        self.announce(&back);
        self.servers.poll(now);
        self.gather(now);
        while let Some(entry) = self.held.first_entry().filter(|entry| entry.key().0 <= now) {
            let (_, out) = entry.remove();
            self.out.push_back(out);
        }
    }

    /// When it wants [`Self::poll`], if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        let back = self.general.iter().filter_map(|named| match &named.how {
            General::Restart { until, .. } => *until,
            _ => None,
        });
        let held = self.held.first_key_value().map(|((at, _), _)| *at);
        back.chain(held).chain(self.servers.deadline()).min()
    }

    /// What they want done, in order.
    pub fn output(&mut self) -> Option<ServicesOut> {
        self.out.pop_front()
    }

    /// Takes what the servers said, and holds back what a slow one said.
    fn gather(&mut self, now: Instant) {
        while let Some(out) = self.servers.output() {
            let service = match &out {
                ServicesOut::Stream(
                    StreamOut::Send { conn, .. } | StreamOut::Close { conn } | StreamOut::Reset { conn },
                ) => self.homes.get(conn).copied(),
                ServicesOut::Datagram { from, .. } => service_at(*from.ip(), from.port()),
                _ => None,
            };
            // What is no service's is not slow, and what was seen was seen now.
            if service.is_none() {
                self.out.push_back(out);
                continue;
            }
            if let ServicesOut::Stream(StreamOut::Close { conn } | StreamOut::Reset { conn }) = &out {
                self.homes.remove(conn);
            }
            let slow = |named: &Named| match &named.how {
                General::Slow { services, by } => {
                    service.is_some_and(|service| services.contains(&service)).then_some(*by)
                }
                _ => None,
            };
            let by = self.general.iter().find_map(slow);
            // What it says after it became quick again does not overtake what it said before.
            let behind = self.held.iter().rev().find(|(_, (of, _))| *of == service).map(|((at, _), _)| *at);
            let at = by.map(|by| now + by).into_iter().chain(behind).max();
            match at {
                Some(at) => {
                    self.said += 1;
                    self.held.insert((at, self.said), (service, out));
                }
                None => self.out.push_back(out),
            }
            if by.is_some() {
                self.meet(|general| {
                    matches!(general, General::Slow { services, .. }
                        if service.is_some_and(|service| services.contains(&service)))
                });
            }
        }
    }
}

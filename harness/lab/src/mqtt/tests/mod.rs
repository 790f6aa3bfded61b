//! The broker against clients of `mqtt-protocol-core`, which are strict about what they receive.

mod client;
mod faults;
mod garbage;
mod sessions;

use super::Broker;
use crate::service::{Seen, StreamOut, StreamService};
use brownout_core::network::{Conn, End, MqttFault, MqttSeen, Traffic};
use brownout_core::time::{Duration, Instant};
use client::Client;
use core::net::{Ipv4Addr, SocketAddrV4};
use std::collections::BTreeMap;

/// A broker, its clients, and the wires between them, on which bytes need no time.
struct World {
    broker: Broker,
    now: Instant,
    clients: BTreeMap<Conn, Client>,
    seen: Vec<MqttSeen>,
    met: BTreeMap<String, u64>,
    next: u32,
}

impl World {
    fn new() -> Self {
        Self::with(Broker::new(7))
    }

    fn with(broker: Broker) -> Self {
        Self {
            broker,
            now: Instant::ZERO,
            clients: BTreeMap::new(),
            seen: Vec::new(),
            met: BTreeMap::new(),
            next: 1,
        }
    }

    /// Opens a connection; what its client wants to say is said by [`Self::settle`].
    fn open(&mut self, client: Client) -> Conn {
        let conn = Conn(self.next);
        self.next += 1;
        self.broker.opened(self.now, conn, SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1000));
        self.clients.insert(conn, client);
        self.settle();
        conn
    }

    fn client(&mut self, conn: Conn) -> &mut Client {
        self.clients.get_mut(&conn).unwrap()
    }

    fn say(&mut self, conn: Conn, what: impl FnOnce(&mut Client)) {
        what(self.client(conn));
        self.settle();
    }

    /// Carries bytes to and fro until nobody has more to say.
    fn settle(&mut self) {
        for _ in 0..10_000 {
            let mut quiet = true;
            for (conn, client) in &mut self.clients {
                let bytes = std::mem::take(&mut client.out);
                if !bytes.is_empty() && client.ended.is_none() {
                    quiet = false;
                    self.broker.received(self.now, *conn, &bytes);
                }
            }
            while let Some(out) = self.broker.output() {
                quiet = false;
                match out {
                    StreamOut::Send { conn, bytes } => self.clients.get_mut(&conn).unwrap().receive(&bytes),
                    StreamOut::Close { conn } => self.ended(conn, End::ByService),
                    StreamOut::Reset { conn } => self.ended(conn, End::ResetByService),
                    StreamOut::Deaf { .. } => {}
                    StreamOut::Seen(Seen::Traffic(Traffic::Mqtt(seen))) => self.seen.push(seen),
                    StreamOut::Seen(Seen::Traffic(other)) => panic!("{other:?}"),
                    StreamOut::Seen(Seen::Met { name, times }) => {
                        self.met.insert(name, times);
                    }
                }
            }
            if quiet {
                return;
            }
        }
        panic!("they never stop talking");
    }

    fn ended(&mut self, conn: Conn, end: End) {
        if let Some(client) = self.clients.get_mut(&conn) {
            client.ended.get_or_insert(end);
        }
    }

    /// Cuts a connection, as when the device loses its power.
    fn cut(&mut self, conn: Conn) {
        self.client(conn).ended = Some(End::TimedOut);
        self.broker.ended(self.now, conn, End::TimedOut);
        self.settle();
    }

    /// Lets time pass.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(deadline) = self.broker.deadline()
            && deadline <= until
        {
            self.now = deadline.max(self.now);
            self.broker.poll(self.now);
            self.settle();
            assert!(self.broker.deadline() != Some(deadline), "nothing was done at {deadline}");
        }
        self.now = until;
        self.broker.poll(self.now);
        self.settle();
    }

    fn misbehave(&mut self, fault: MqttFault) {
        self.broker.misbehave(self.now, "fault", fault);
        self.settle();
    }

    fn times_met(&self) -> u64 {
        self.met.get("fault").copied().unwrap_or(0)
    }
}

const SECOND: Duration = Duration::from_secs(1);

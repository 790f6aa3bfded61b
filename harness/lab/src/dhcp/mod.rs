//! The DHCP server (RFC 2131, options of RFC 2132), at [`plan::GATEWAY`].
//!
//! It is the only server of its subnet, and so refuses what it does not know: a client that wants to go on with a lease
//! of which there is no record is told to begin anew. Only to one that comes back after a reboot (INIT-REBOOT) it says
//! nothing then, as RFC 2131 section 4.3.2 demands. Messages of relays are ignored; there is one subnet.

mod leases;
#[cfg(test)]
mod tests;

pub use leases::{Leases, POOL};

use crate::faults::Faults;
use crate::plan;
use crate::service::{DatagramOut, DatagramService, Seen};
use brownout_core::network::{DhcpFault, DhcpSeen, Service, Traffic};
use brownout_core::time::{Duration, Instant};
use core::net::{Ipv4Addr, SocketAddrV4};
use dhcproto::Encodable;
use dhcproto::v4::{DhcpOption, Flags, HType, Message, MessageType, Opcode, OptionCode, borrowed};
use leases::Client;
use std::collections::{BTreeMap, VecDeque};

/// How long a lease lasts.
pub const LEASE: Duration = Duration::from_secs(3600);

/// The shortest message that every client and relay takes (RFC 1542 section 2.1).
const SHORTEST: usize = 300;

/// The DHCP server.
#[derive(Clone, Debug, Default)]
pub struct Dhcp {
    leases: Leases,
    faults: Faults<DhcpFault>,
    /// A change of addresses was asked for, and waits for the next message to know the time.
    moves: bool,
    out: VecDeque<DatagramOut>,
}

/// What a client says.
struct Ask {
    kind: MessageType,
    xid: u32,
    flags: Flags,
    /// The type of its hardware, and its address there.
    hardware: (HType, Vec<u8>),
    /// The address that it has and uses (ciaddr).
    current: Option<Ipv4Addr>,
    client: Client,
    /// As it names itself (option 61).
    id: Option<Vec<u8>>,
    /// The address that it wants (option 50).
    requested: Option<Ipv4Addr>,
    /// The server that it means (option 54).
    server: Option<Ipv4Addr>,
}

impl Dhcp {
    /// A server that has given out these leases.
    pub fn new(leases: Leases) -> Self {
        Self { leases, ..Self::default() }
    }

    /// The lease table: its durable state.
    pub fn leases(&self) -> &Leases {
        &self.leases
    }

    /// It loses its lease table.
    pub fn forget(&mut self) {
        self.leases = Leases::default();
    }

    /// Begins to do something wrong, under a name.
    pub fn misbehave(&mut self, name: &str, fault: DhcpFault) {
        self.moves |= fault == DhcpFault::NewAddress;
        self.faults.set(name, fault);
    }

    /// Stops it: how often the device met it, `None` if it was not in force.
    pub fn behave(&mut self, name: &str) -> Option<u64> {
        let times = self.faults.take_back(name)?;
        if self.faults.find(|fault| (*fault == DhcpFault::NewAddress).then_some(())).is_none() {
            self.moves = false;
            self.leases.settle();
        }
        Some(times)
    }

    fn meet<R>(&mut self, which: impl FnMut(&DhcpFault) -> Option<R>) -> Option<R> {
        let (found, seen) = self.faults.meet(which)?;
        self.out.extend(seen.map(DatagramOut::Seen));
        Some(found)
    }

    fn meets(&mut self, which: &DhcpFault) -> bool {
        self.meet(|fault| (fault == which).then_some(())).is_some()
    }

    fn seen(&mut self, seen: DhcpSeen) {
        self.out.push_back(DatagramOut::Seen(Seen::Traffic(Traffic::Dhcp(seen))));
    }

    fn discover(&mut self, now: Instant, ask: &Ask) {
        if let Some(address) = self.leases.offer(now, &ask.client, ask.requested) {
            self.grant(now, ask, MessageType::Offer, address);
        }
    }

    /// The four situations of a request are told apart as in RFC 2131 section 4.3.2.
    fn request(&mut self, now: Instant, ask: &Ask) {
        let Some(wanted) = ask.requested.or(ask.current) else { return };
        let after_reboot = ask.server.is_none() && ask.current.is_none();
        if self.meets(&DhcpFault::Nak) {
            self.refuse(ask);
            return;
        }
        match self.leases.address_of(&ask.client) {
            Some(address) if address == wanted => {
                self.grant(now, ask, MessageType::Ack, address);
            }
            None if after_reboot && on_subnet(wanted) => {}
            _ => {
                if self.leases.is_moved(&ask.client) {
                    self.meets(&DhcpFault::NewAddress);
                }
                self.refuse(ask);
            }
        }
    }

    fn inform(&mut self, ask: &Ask) {
        if ask.current.is_some_and(on_subnet) {
            let mut answer = answer(ask, MessageType::Ack);
            self.parameters(&mut answer);
            self.send(ask, answer, None);
        }
    }

    /// Offers an address or leases it.
    fn grant(&mut self, now: Instant, ask: &Ask, kind: MessageType, address: Ipv4Addr) {
        if self.leases.is_moved(&ask.client) {
            self.meets(&DhcpFault::NewAddress);
        }
        let short = self.meet(|fault| match fault {
            DhcpFault::ShortLease(lease) => Some(*lease),
            _ => None,
        });
        let seconds = u32::try_from(short.unwrap_or(LEASE).0 / 1_000_000_000).unwrap_or(u32::MAX).max(1);
        if kind == MessageType::Ack {
            self.leases.bind(now, &ask.client, Duration::from_secs(seconds.into()));
        }
        let mut answer = answer(ask, kind);
        answer.set_yiaddr(address);
        let options = answer.opts_mut();
        options.insert(DhcpOption::AddressLeaseTime(seconds));
        // The usual shares (RFC 2131 section 4.4.5).
        options.insert(DhcpOption::Renewal(seconds / 2));
        options.insert(DhcpOption::Rebinding((u64::from(seconds) * 7 / 8) as u32));
        self.parameters(&mut answer);
        self.send(ask, answer, Some((address, Duration::from_secs(seconds.into()))));
    }

    /// What a client has to know of its network.
    fn parameters(&mut self, answer: &mut Message) {
        let no_router = self.meets(&DhcpFault::NoRouter);
        let options = answer.opts_mut();
        let mask = u32::MAX << (32 - plan::PREFIX);
        options.insert(DhcpOption::SubnetMask(Ipv4Addr::from(mask)));
        options.insert(DhcpOption::BroadcastAddr(Ipv4Addr::from(u32::from(plan::GATEWAY) | !mask)));
        if !no_router {
            options.insert(DhcpOption::Router(vec![plan::GATEWAY]));
        }
        options.insert(DhcpOption::DomainNameServer(vec![plan::GATEWAY]));
        options.insert(DhcpOption::NtpServers(vec![plan::address(Service::Ntp)]));
    }

    fn refuse(&mut self, ask: &Ask) {
        self.send(ask, answer(ask, MessageType::Nak), None);
    }

    fn send(&mut self, ask: &Ask, answer: Message, granted: Option<(Ipv4Addr, Duration)>) {
        let Some(kind) = answer.opts().msg_type() else { return };
        let Ok(mut bytes) = answer.to_vec() else { return };
        bytes.resize(bytes.len().max(SHORTEST), 0);
        // A refusal goes to everybody, because the client's address may not be its own (RFC 2131 section 4.1).
        let to = ask.current.filter(|_| kind != MessageType::Nak).unwrap_or(Ipv4Addr::BROADCAST);
        self.seen(DhcpSeen::Answered {
            message: name(kind).to_owned(),
            address: granted.map(|(address, _)| address.to_string()),
            lease: granted.map(|(_, lease)| lease),
        });
        self.out.push_back(DatagramOut::Send { to: SocketAddrV4::new(to, plan::DHCP_CLIENT_PORT), bytes });
    }
}

impl DatagramService for Dhcp {
    fn received(&mut self, now: Instant, _: SocketAddrV4, bytes: &[u8]) {
        let Some(ask) = Ask::read(bytes) else { return };
        if core::mem::take(&mut self.moves) {
            self.leases.move_all(now);
        }
        self.seen(DhcpSeen::Asked { message: name(ask.kind).to_owned() });
        if ask.server.is_some_and(|server| server != plan::GATEWAY) {
            if ask.kind == MessageType::Request {
                self.leases.withdraw(&ask.client);
            }
            return;
        }
        let wants_answer =
            matches!(ask.kind, MessageType::Discover | MessageType::Request | MessageType::Inform);
        if wants_answer && self.meets(&DhcpFault::Silent) {
            return;
        }
        match ask.kind {
            MessageType::Discover => self.discover(now, &ask),
            MessageType::Request => self.request(now, &ask),
            MessageType::Inform => self.inform(&ask),
            MessageType::Release => {
                if let Some(address) = ask.current {
                    self.leases.release(now, &ask.client, address);
                }
            }
            MessageType::Decline => {
                if let Some(address) = ask.requested {
                    self.leases.decline(now, &ask.client, address);
                }
            }
            _ => {}
        }
    }

    fn poll(&mut self, _: Instant) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn output(&mut self) -> Option<DatagramOut> {
        self.out.pop_front()
    }
}

impl Ask {
    /// What a client on this subnet says; `None` for anything else.
    ///
    /// Options are read from their bytes: dhcproto's own reading of them asserts that each has the length it should.
    fn read(bytes: &[u8]) -> Option<Self> {
        let message = borrowed::Message::new(bytes).ok()?;
        let from_client = message.opcode() == Opcode::BootRequest && message.giaddr().is_unspecified();
        // The length counts within a field of 16 bytes; dhcproto takes its word for it.
        if !from_client || message.hlen() > 16 {
            return None;
        }
        let mut options: BTreeMap<OptionCode, Vec<u8>> = BTreeMap::new();
        for option in message.opts() {
            options.entry(option.code()).or_insert_with(|| option.data().to_vec());
        }
        let address = |code| Some(Ipv4Addr::from(<[u8; 4]>::try_from(options.get(&code)?.as_slice()).ok()?));
        let kind = match options.get(&OptionCode::MessageType)?.as_slice() {
            [kind] => Some(MessageType::from(*kind)).filter(|kind| said_by_clients(*kind))?,
            _ => return None,
        };
        // One that was put together of several options (RFC 3396) is nobody's name.
        let id = options.get(&OptionCode::ClientIdentifier);
        let id = id.filter(|id| (1..=255).contains(&id.len())).cloned();
        let hardware = [&[u8::from(message.htype())], message.chaddr()].concat();
        Some(Self {
            kind,
            xid: message.xid(),
            flags: message.flags(),
            hardware: (message.htype(), message.chaddr().to_vec()),
            current: Some(message.ciaddr()).filter(|address| !address.is_unspecified()),
            client: Client(id.clone().unwrap_or(hardware)),
            id,
            requested: address(OptionCode::RequestedIpAddress),
            server: address(OptionCode::ServerIdentifier),
        })
    }
}

/// The beginning of an answer: what RFC 2131 table 3 has copied from the question, and who answers.
fn answer(ask: &Ask, kind: MessageType) -> Message {
    let none = Ipv4Addr::UNSPECIFIED;
    let current = ask.current.filter(|_| kind == MessageType::Ack).unwrap_or(none);
    let (hardware, address) = &ask.hardware;
    let mut answer = Message::new_with_id(ask.xid, current, none, none, none, address);
    answer.set_opcode(Opcode::BootReply).set_htype(*hardware).set_flags(ask.flags);
    let options = answer.opts_mut();
    options.insert(DhcpOption::MessageType(kind));
    options.insert(DhcpOption::ServerIdentifier(plan::GATEWAY));
    // A client that names itself wants to see that it is meant (RFC 6842).
    if let Some(id) = &ask.id {
        options.insert(DhcpOption::ClientIdentifier(id.clone()));
    }
    answer
}

fn on_subnet(address: Ipv4Addr) -> bool {
    let mask = u32::MAX << (32 - plan::PREFIX);
    u32::from(address) & mask == u32::from(plan::GATEWAY) & mask
}

fn said_by_clients(kind: MessageType) -> bool {
    use MessageType::{Decline, Discover, Inform, Release, Request};
    matches!(kind, Discover | Request | Decline | Release | Inform)
}

/// As the timeline calls it.
fn name(kind: MessageType) -> &'static str {
    match kind {
        MessageType::Discover => "discover",
        MessageType::Offer => "offer",
        MessageType::Request => "request",
        MessageType::Decline => "decline",
        MessageType::Ack => "ack",
        MessageType::Nak => "nak",
        MessageType::Release => "release",
        MessageType::Inform => "inform",
        _ => "other",
    }
}

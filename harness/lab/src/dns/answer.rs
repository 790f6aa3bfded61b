//! What is answered to which question.

use crate::plan;
use brownout_core::network::{Rcode, Service};
use core::net::Ipv4Addr;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, SOA};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

/// How long an answer lives, in seconds; that nothing is there, too (RFC 2308 section 5).
pub const TTL: u32 = 60;

/// The zone of the plan's names. Of others there are none.
const ZONE: &str = "brownout.test";

/// The label before a name that is its alias.
const ALIAS: &str = "alias";

/// What this server takes over UDP, in bytes: a size that passes everywhere in one piece (RFC 9715 section 3.1).
const PAYLOAD: u16 = 1232;

/// The length of a message's header (RFC 1035 section 4.1.1).
const HEADER: usize = 12;

/// A question that can be answered.
#[derive(Clone, Debug)]
pub(super) struct Question {
    message: Message,
    query: Query,
    /// The name as text, without the last dot, escaped.
    pub(super) name: String,
    /// Whose name it is, if it is one of the plan.
    pub(super) host: Option<(Service, Ipv4Addr)>,
}

/// What a client sent.
pub(super) enum Asked {
    /// A question.
    Question(Box<Question>),
    /// Something that is answered with an error.
    Error(Message),
    /// Something that is not answered.
    Nothing,
}

impl Asked {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let Some(header) = bytes.first_chunk::<HEADER>() else { return Self::Nothing };
        let [high, low, flags, ..] = *header;
        if flags & 0x80 != 0 {
            return Self::Nothing;
        }
        let error = |code| {
            let op_code = OpCode::from_u8(flags >> 3 & 0xf);
            Self::Error(Message::error_msg(u16::from_be_bytes([high, low]), op_code, code))
        };
        let Ok(message) = Message::from_vec(bytes) else { return error(ResponseCode::FormErr) };
        if message.metadata.op_code != OpCode::Query {
            return error(ResponseCode::NotImp);
        }
        if message.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
            // It is told which version this is (RFC 6891 section 6.1.3).
            let mut answer = Message::error_msg(message.metadata.id, OpCode::Query, ResponseCode::BADVERS);
            answer.set_edns(edns());
            return Self::Error(answer);
        }
        let [query] = message.queries.as_slice() else { return error(ResponseCode::FormErr) };
        let query = query.clone();
        if !matches!(query.query_class(), DNSClass::IN | DNSClass::ANY) {
            return error(ResponseCode::Refused);
        }
        let name = query.name().to_ascii();
        let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
        let named = name.strip_prefix(ALIAS).and_then(|rest| rest.strip_prefix('.')).unwrap_or(&name);
        let known = plan::NAMES.iter().find(|(known, ..)| known.eq_ignore_ascii_case(named));
        let host = known.map(|(_, address, service)| (*service, *address));
        Self::Question(Box::new(Question { message, query, name, host }))
    }
}

impl Question {
    /// The type that is asked for: `A`, `AAAA`, ….
    pub(super) fn kind(&self) -> RecordType {
        self.query.query_type()
    }

    /// Whether it wants the address of a name that there is.
    pub(super) fn address(&self) -> Option<Ipv4Addr> {
        let wants = matches!(self.kind(), RecordType::A | RecordType::ANY);
        self.host.filter(|_| wants && !self.is_alias()).map(|(_, address)| address)
    }

    /// Aliases are there only while names run in circles.
    fn is_alias(&self) -> bool {
        self.name.strip_prefix(ALIAS).is_some_and(|rest| rest.starts_with('.'))
    }

    /// The beginning of every answer.
    fn answer(&self, code: ResponseCode) -> Message {
        let of = &self.message.metadata;
        let mut answer = Message::new(of.id, MessageType::Response, of.op_code);
        answer.add_query(self.query.clone());
        answer.metadata.recursion_desired = of.recursion_desired;
        answer.metadata.recursion_available = true;
        answer.metadata.authoritative = matches!(code, ResponseCode::NoError | ResponseCode::NXDomain);
        answer.metadata.response_code = code;
        if self.message.edns.is_some() {
            answer.set_edns(edns());
        }
        answer
    }

    /// What is true.
    pub(super) fn truth(&self) -> Message {
        match self.address() {
            Some(address) => self.at(address),
            None if self.is_name() => self.nothing(ResponseCode::NoError),
            None => self.nothing(ResponseCode::NXDomain),
        }
    }

    /// The address of the name.
    pub(super) fn at(&self, address: Ipv4Addr) -> Message {
        let mut answer = self.answer(ResponseCode::NoError);
        answer.add_answer(Record::from_rdata(self.query.name().clone(), TTL, RData::A(A(address))));
        answer
    }

    /// An error.
    pub(super) fn error(&self, code: Rcode) -> Message {
        match code {
            Rcode::NxDomain => self.nothing(ResponseCode::NXDomain),
            Rcode::ServFail => self.answer(ResponseCode::ServFail),
            Rcode::Refused => self.answer(ResponseCode::Refused),
        }
    }

    /// Nothing in an answer over UDP but that there is more over TCP.
    pub(super) fn cut_short(&self) -> Message {
        let mut answer = self.answer(ResponseCode::NoError);
        answer.metadata.truncation = true;
        answer
    }

    /// The name is an alias, and that of the name.
    pub(super) fn circle(&self) -> Message {
        let name = self.query.name().clone();
        let other = if self.is_alias() { name.base_name() } else { alias_of(&name) };
        let mut answer = self.answer(ResponseCode::NoError);
        for (from, to) in [(name.clone(), other.clone()), (other, name)] {
            answer.add_answer(Record::from_rdata(from, TTL, RData::CNAME(CNAME(to))));
        }
        answer
    }

    /// Whether there is such a name, with an address or without.
    fn is_name(&self) -> bool {
        let named = self.host.is_some() && !self.is_alias();
        named || self.name.is_empty() || ZONE.eq_ignore_ascii_case(&self.name)
            // "test" has something below it, so it is there (RFC 8020).
            || ZONE.split_once('.').is_some_and(|(_, above)| above.eq_ignore_ascii_case(&self.name))
    }

    /// That nothing is there, for so long (RFC 2308 section 3).
    fn nothing(&self, code: ResponseCode) -> Message {
        let mut answer = self.answer(code);
        let zone =
            Some(name_of(ZONE)).filter(|zone| zone.zone_of(self.query.name())).unwrap_or_else(Name::root);
        let hour = 3600;
        let soa = SOA::new(zone.clone(), zone.clone(), 1, hour, hour, hour, TTL);
        answer.add_authority(Record::from_rdata(zone, TTL, RData::SOA(soa)));
        answer
    }
}

fn edns() -> Edns {
    let mut edns = Edns::new();
    edns.set_max_payload(PAYLOAD);
    edns
}

fn name_of(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap_or_else(|_| Name::root());
    name.set_fqdn(true);
    name
}

/// Its alias; the name itself if there is no room for a longer one.
fn alias_of(name: &Name) -> Name {
    name.prepend_label(ALIAS).unwrap_or_else(|_| name.clone())
}

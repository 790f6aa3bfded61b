//! What a client says, whatever its version of the protocol: MQTT 3.1.1 and 5.0 in one type.

use mqtt_protocol_core::mqtt::Arc;
use mqtt_protocol_core::mqtt::packet::{Property, RetainHandling, SubEntry, v3_1_1, v5_0};
use mqtt_protocol_core::mqtt::result_code::MqttError;

/// A version of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// 3.1.1.
    V3,
    /// 5.0.
    V5,
}

/// The most bytes of a packet that are taken from a client, header included.
pub(super) const MAXIMUM_PACKET: usize = 256 * 1024;

/// A packet of a client.
#[derive(Clone, Debug)]
pub(super) enum Packet {
    Connect(Box<Connect>),
    Publish(Publish),
    Puback { id: u16, code: u8 },
    Pubrec { id: u16, code: u8 },
    Pubrel { id: u16 },
    Pubcomp { id: u16 },
    Subscribe { id: u16, filters: Vec<Filter>, identifier: Option<u32> },
    Unsubscribe { id: u16, filters: Vec<String> },
    Pingreq,
    Disconnect { code: u8, session_expiry: Option<u32> },
    Auth,
}

#[derive(Clone, Debug)]
pub(super) struct Connect {
    pub(super) version: Version,
    pub(super) client: String,
    pub(super) clean: bool,
    pub(super) keep_alive: u16,
    pub(super) user: Option<String>,
    pub(super) password: Option<Vec<u8>>,
    pub(super) will: Option<Will>,
    /// In seconds; `u32::MAX` is for ever.
    pub(super) session_expiry: u32,
    /// How many unacknowledged messages it takes at a time.
    pub(super) receive_maximum: u16,
    /// In bytes.
    pub(super) maximum_packet: Option<u32>,
    pub(super) topic_aliases: u16,
    pub(super) extended_authentication: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Will {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
    pub(super) qos: u8,
    pub(super) retain: bool,
    /// In seconds.
    pub(super) delay: u32,
    pub(super) properties: Vec<Property>,
}

#[derive(Clone, Debug)]
pub(super) struct Publish {
    pub(super) topic: String,
    pub(super) alias: Option<u16>,
    pub(super) payload: Vec<u8>,
    pub(super) qos: u8,
    pub(super) dup: bool,
    pub(super) retain: bool,
    /// Of QoS 1 and 2.
    pub(super) id: Option<u16>,
    pub(super) properties: Vec<Property>,
}

#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) filter: String,
    pub(super) qos: u8,
    pub(super) no_local: bool,
    pub(super) retain_as_published: bool,
    pub(super) retained: RetainHandling,
}

/// What a client sent is against the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// The reason code for it.
    pub(super) code: u8,
    /// In words.
    pub(super) why: String,
}

impl Broken {
    pub(super) fn new(code: u8, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }

    fn of(packet: &str, error: MqttError) -> Self {
        // The codes of the library above 255 are its own.
        let code = u8::try_from(error as u16).unwrap_or(MALFORMED);
        Self { code, why: format!("{packet}: {error}") }
    }
}

/// Reason code of a malformed packet.
pub(super) const MALFORMED: u8 = 0x81;
/// Reason code of a protocol error.
pub(super) const PROTOCOL_ERROR: u8 = 0x82;
/// Reason code of a packet that is larger than the broker takes.
pub(super) const PACKET_TOO_LARGE: u8 = 0x95;

/// Types of packets by number, as the standard writes them (MQTT 5.0 table 2-1).
pub(super) const NAMES: [&str; 16] = [
    "RESERVED",
    "CONNECT",
    "CONNACK",
    "PUBLISH",
    "PUBACK",
    "PUBREC",
    "PUBREL",
    "PUBCOMP",
    "SUBSCRIBE",
    "SUBACK",
    "UNSUBSCRIBE",
    "UNSUBACK",
    "PINGREQ",
    "PINGRESP",
    "DISCONNECT",
    "AUTH",
];

/// A packet as it was received.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    pub(super) first: u8,
    pub(super) body: &'a [u8],
    /// How many bytes it is, with its header.
    pub(super) length: usize,
}

/// The first packet of what was received. `None` if it is not whole yet.
pub(super) fn split(received: &[u8]) -> Result<Option<Raw<'_>>, Broken> {
    let Some((first, rest)) = received.split_first() else { return Ok(None) };
    let mut length = 0_usize;
    for (at, byte) in rest.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 != 0 {
            continue;
        }
        let begin = 2 + at;
        if begin + length > MAXIMUM_PACKET {
            return Err(Broken::new(PACKET_TOO_LARGE, format!("a packet of {} bytes", begin + length)));
        }
        let body = received.get(begin..begin + length);
        return Ok(body.map(|body| Raw { first: *first, body, length: begin + length }));
    }
    if rest.len() < 4 {
        Ok(None)
    } else {
        Err(Broken::new(MALFORMED, "the remaining length has more than four bytes"))
    }
}

/// The version that a CONNECT asks for, as it stands there; `None` if the body is no CONNECT at all.
pub(super) fn version_asked(body: &[u8]) -> Option<u8> {
    body.strip_prefix(b"\0\x04MQTT")?.first().copied()
}

/// Reads a packet, given the version that its connection agreed upon; `None` before that.
pub(super) fn read(version: Option<Version>, first: u8, body: &[u8]) -> Result<Packet, Broken> {
    let kind = first >> 4;
    let flags = first & 0x0f;
    let name = NAMES.get(usize::from(kind)).copied().unwrap_or_default();
    let wanted = match kind {
        3 => flags,
        6 | 8 | 10 => 0b0010,
        _ => 0,
    };
    if flags != wanted {
        return Err(Broken::new(MALFORMED, format!("{name} with flags {flags:04b}")));
    }
    let Some(version) = version else {
        return match (kind, version_asked(body)) {
            (1, Some(4)) => connect_v3(body),
            (1, Some(5)) => connect_v5(body),
            (1, Some(other)) => Err(Broken::new(0x84, format!("version {other} of the protocol"))),
            (1, None) => Err(Broken::new(PROTOCOL_ERROR, "CONNECT of another protocol")),
            _ => Err(Broken::new(PROTOCOL_ERROR, format!("{name} before CONNECT"))),
        };
    };
    match version {
        Version::V3 => read_v3(kind, flags, name, body),
        Version::V5 => read_v5(kind, flags, name, body),
    }
}

/// The whole of a body is the packet.
fn whole<T>(name: &str, body: &[u8], parsed: Result<(T, usize), MqttError>) -> Result<T, Broken> {
    match parsed {
        Ok((packet, consumed)) if consumed == body.len() => Ok(packet),
        Ok((_, consumed)) => Err(Broken::new(
            MALFORMED,
            format!("{name} with {} bytes too many", body.len().saturating_sub(consumed)),
        )),
        Err(error) => Err(Broken::of(name, error)),
    }
}

fn empty(name: &str, body: &[u8]) -> Result<(), Broken> {
    if body.is_empty() { Ok(()) } else { Err(Broken::new(MALFORMED, format!("{name} with a body"))) }
}

fn identified(name: &str, id: u16) -> Result<u16, Broken> {
    if id == 0 {
        Err(Broken::new(PROTOCOL_ERROR, format!("{name} with packet identifier 0")))
    } else {
        Ok(id)
    }
}

/// The reserved flag of a CONNECT, and a will's flags without a will.
fn connect_flags(body: &[u8]) -> Result<(), Broken> {
    let flags = body.get(7).copied().unwrap_or(0);
    let will = flags & 0x04 != 0;
    if flags & 0x01 != 0 {
        Err(Broken::new(MALFORMED, "CONNECT with its reserved flag set"))
    } else if flags & 0x18 == 0x18 || (!will && flags & 0x38 != 0) {
        Err(Broken::new(MALFORMED, "CONNECT with flags of a will that make no sense"))
    } else {
        Ok(())
    }
}

fn connect_v3(body: &[u8]) -> Result<Packet, Broken> {
    connect_flags(body)?;
    let packet = whole("CONNECT", body, v3_1_1::Connect::parse(body))?;
    let will = packet.will_topic().map(|topic| Will {
        topic: topic.to_owned(),
        payload: packet.will_payload().unwrap_or_default().to_vec(),
        qos: packet.will_qos() as u8,
        retain: packet.will_retain(),
        delay: 0,
        properties: Vec::new(),
    });
    Ok(Packet::Connect(Box::new(Connect {
        version: Version::V3,
        client: packet.client_id().to_owned(),
        clean: packet.clean_session(),
        keep_alive: packet.keep_alive(),
        user: packet.user_name().map(str::to_owned),
        password: packet.password().map(<[u8]>::to_vec),
        will,
        session_expiry: if packet.clean_session() { 0 } else { u32::MAX },
        receive_maximum: u16::MAX,
        maximum_packet: None,
        topic_aliases: 0,
        extended_authentication: false,
    })))
}

fn connect_v5(body: &[u8]) -> Result<Packet, Broken> {
    connect_flags(body)?;
    let packet = whole("CONNECT", body, v5_0::Connect::parse(body))?;
    let will = packet.will_topic().map(|topic| {
        let delay = packet.will_props().iter().find_map(|property| match property {
            Property::WillDelayInterval(seconds) => Some(seconds.val()),
            _ => None,
        });
        Will {
            topic: topic.to_owned(),
            payload: packet.will_payload().unwrap_or_default().to_vec(),
            qos: packet.will_qos() as u8,
            retain: packet.will_retain(),
            delay: delay.unwrap_or(0),
            properties: forwarded(packet.will_props()),
        }
    });
    let mut connect = Connect {
        version: Version::V5,
        client: packet.client_id().to_owned(),
        clean: packet.clean_start(),
        keep_alive: packet.keep_alive(),
        user: packet.user_name().map(str::to_owned),
        password: packet.password().map(<[u8]>::to_vec),
        will,
        session_expiry: 0,
        receive_maximum: u16::MAX,
        maximum_packet: None,
        topic_aliases: 0,
        extended_authentication: false,
    };
    for property in packet.props() {
        match property {
            Property::SessionExpiryInterval(seconds) => connect.session_expiry = seconds.val(),
            Property::ReceiveMaximum(most) => connect.receive_maximum = most.val().max(1),
            Property::MaximumPacketSize(most) => connect.maximum_packet = Some(most.val()),
            Property::TopicAliasMaximum(most) => connect.topic_aliases = most.val(),
            Property::AuthenticationMethod(_) => connect.extended_authentication = true,
            _ => {}
        }
    }
    Ok(Packet::Connect(Box::new(connect)))
}

fn read_v3(kind: u8, flags: u8, name: &str, body: &[u8]) -> Result<Packet, Broken> {
    Ok(match kind {
        1 => return Err(Broken::new(PROTOCOL_ERROR, "CONNECT for a second time")),
        3 => {
            let packet = whole(name, body, v3_1_1::Publish::parse(flags, Arc::from(body)))?;
            Packet::Publish(Publish {
                topic: packet.topic_name().to_owned(),
                alias: None,
                payload: packet.payload().as_slice().to_vec(),
                qos: packet.qos() as u8,
                dup: packet.dup(),
                retain: packet.retain(),
                id: packet.packet_id().map(|id| identified(name, id)).transpose()?,
                properties: Vec::new(),
            })
        }
        4 => Packet::Puback { id: whole(name, body, v3_1_1::Puback::parse(body))?.packet_id(), code: 0 },
        5 => Packet::Pubrec { id: whole(name, body, v3_1_1::Pubrec::parse(body))?.packet_id(), code: 0 },
        6 => Packet::Pubrel { id: whole(name, body, v3_1_1::Pubrel::parse(body))?.packet_id() },
        7 => Packet::Pubcomp { id: whole(name, body, v3_1_1::Pubcomp::parse(body))?.packet_id() },
        8 => {
            let packet = whole(name, body, v3_1_1::Subscribe::parse(body))?;
            Packet::Subscribe {
                id: identified(name, packet.packet_id())?,
                filters: filters(packet.entries(), Version::V3)?,
                identifier: None,
            }
        }
        10 => {
            let packet = whole(name, body, v3_1_1::Unsubscribe::parse(body))?;
            Packet::Unsubscribe {
                id: identified(name, packet.packet_id())?,
                filters: packet.entries().iter().map(|filter| filter.as_str().to_owned()).collect(),
            }
        }
        12 => empty(name, body).map(|()| Packet::Pingreq)?,
        14 => empty(name, body).map(|()| Packet::Disconnect { code: 0, session_expiry: None })?,
        _ => return Err(Broken::new(PROTOCOL_ERROR, format!("{name} from a client"))),
    })
}

fn read_v5(kind: u8, flags: u8, name: &str, body: &[u8]) -> Result<Packet, Broken> {
    Ok(match kind {
        1 => return Err(Broken::new(PROTOCOL_ERROR, "CONNECT for a second time")),
        3 => {
            let packet = whole(name, body, v5_0::Publish::parse(flags, Arc::from(body)))?;
            let alias = packet.props().iter().find_map(|property| match property {
                Property::TopicAlias(alias) => Some(alias.val()),
                _ => None,
            });
            if packet.props().iter().any(|property| matches!(property, Property::SubscriptionIdentifier(_))) {
                return Err(Broken::new(
                    PROTOCOL_ERROR,
                    "PUBLISH of a client with a subscription identifier",
                ));
            }
            Packet::Publish(Publish {
                topic: packet.topic_name().to_owned(),
                alias,
                payload: packet.payload().as_slice().to_vec(),
                qos: packet.qos() as u8,
                dup: packet.dup(),
                retain: packet.retain(),
                id: packet.packet_id().map(|id| identified(name, id)).transpose()?,
                properties: forwarded(packet.props()),
            })
        }
        4 => {
            let packet = whole(name, body, v5_0::Puback::parse(body))?;
            Packet::Puback { id: packet.packet_id(), code: packet.reason_code().map_or(0, |code| code as u8) }
        }
        5 => {
            let packet = whole(name, body, v5_0::Pubrec::parse(body))?;
            Packet::Pubrec { id: packet.packet_id(), code: packet.reason_code().map_or(0, |code| code as u8) }
        }
        6 => Packet::Pubrel { id: whole(name, body, v5_0::Pubrel::parse(body))?.packet_id() },
        7 => Packet::Pubcomp { id: whole(name, body, v5_0::Pubcomp::parse(body))?.packet_id() },
        8 => {
            let packet = whole(name, body, v5_0::Subscribe::parse(body))?;
            let identifier = packet.props().iter().find_map(|property| match property {
                Property::SubscriptionIdentifier(identifier) => Some(identifier.val()),
                _ => None,
            });
            Packet::Subscribe {
                id: identified(name, packet.packet_id())?,
                filters: filters(packet.entries(), Version::V5)?,
                identifier,
            }
        }
        10 => {
            let packet = whole(name, body, v5_0::Unsubscribe::parse(body))?;
            Packet::Unsubscribe {
                id: identified(name, packet.packet_id())?,
                filters: packet.entries().iter().map(|filter| filter.as_str().to_owned()).collect(),
            }
        }
        12 => empty(name, body).map(|()| Packet::Pingreq)?,
        14 => {
            let packet = whole(name, body, v5_0::Disconnect::parse(body))?;
            let session_expiry = packet.props().as_ref().and_then(|properties| {
                properties.iter().find_map(|property| match property {
                    Property::SessionExpiryInterval(seconds) => Some(seconds.val()),
                    _ => None,
                })
            });
            Packet::Disconnect { code: packet.reason_code().map_or(0, |code| code as u8), session_expiry }
        }
        15 => whole(name, body, v5_0::Auth::parse(body)).map(|_| Packet::Auth)?,
        _ => return Err(Broken::new(PROTOCOL_ERROR, format!("{name} from a client"))),
    })
}

fn filters(entries: &[SubEntry], version: Version) -> Result<Vec<Filter>, Broken> {
    if entries.is_empty() {
        return Err(Broken::new(PROTOCOL_ERROR, "SUBSCRIBE to nothing"));
    }
    let read = |entry: &SubEntry| {
        let options = entry.sub_opts();
        let five = version == Version::V5;
        Filter {
            filter: entry.topic_filter().to_owned(),
            qos: options.qos() as u8,
            no_local: five && options.nl(),
            retain_as_published: five && options.rap(),
            retained: if five { options.rh() } else { RetainHandling::SendRetained },
        }
    };
    Ok(entries.iter().map(read).collect())
}

/// The properties of a message that go on with it to those who get it.
fn forwarded(properties: &[Property]) -> Vec<Property> {
    let goes_on = |property: &&Property| {
        matches!(
            property,
            Property::PayloadFormatIndicator(_)
                | Property::MessageExpiryInterval(_)
                | Property::ContentType(_)
                | Property::ResponseTopic(_)
                | Property::CorrelationData(_)
                | Property::UserProperty(_)
        )
    };
    properties.iter().filter(goes_on).cloned().collect()
}

//! What the headers of a frame say, as far as rules ask for it. Frames are hostile: what cannot be read is absent.

use brownout_core::network::{Protocol, TcpFlag};
use core::net::Ipv4Addr;

const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const VLAN: u16 = 0x8100;
const IPV6: u16 = 0x86dd;

/// Headers of a frame: Ethernet II, with VLAN tags if need be, and what is inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Headers {
    pub(super) protocol: Option<Protocol>,
    /// Length of the IP packet, its header included, as that says.
    pub(super) ip_length: Option<u32>,
    source: Option<(Ipv4Addr, u16)>,
    destination: Option<(Ipv4Addr, u16)>,
    flags: u8,
    /// Bytes above TCP or UDP.
    pub(super) payload: Option<u32>,
}

impl Headers {
    pub(super) fn read(frame: &[u8]) -> Self {
        Self::ethernet(frame).unwrap_or_default()
    }

    fn ethernet(frame: &[u8]) -> Option<Self> {
        let mut rest = frame.get(12..)?;
        let mut kind = word(rest, 0)?;
        while kind == VLAN {
            rest = rest.get(4..)?;
            kind = word(rest, 0)?;
        }
        let packet = rest.get(2..)?;
        match kind {
            ARP => Some(Self { protocol: Some(Protocol::Arp), ..Self::default() }),
            IPV4 => Self::ipv4(packet),
            IPV6 => Some(Self { ip_length: Some(u32::from(word(packet, 4)?) + 40), ..Self::default() }),
            _ => None,
        }
    }

    fn ipv4(packet: &[u8]) -> Option<Self> {
        let first = *packet.first()?;
        let header = usize::from(first & 0xf) * 4;
        if first >> 4 != 4 || header < 20 {
            return None;
        }
        let length = word(packet, 2)?;
        let (source, destination) = (address(packet, 12)?, address(packet, 16)?);
        let protocol = match *packet.get(9)? {
            1 => Some(Protocol::Icmp),
            6 => Some(Protocol::Tcp),
            17 => Some(Protocol::Udp),
            _ => None,
        };
        let mut headers = Self { protocol, ip_length: Some(u32::from(length)), ..Self::default() };
        // Only the first fragment has the header of what is inside.
        let fragment = word(packet, 6)? & 0x1fff;
        if fragment == 0 && matches!(protocol, Some(Protocol::Tcp | Protocol::Udp)) {
            headers.inside(packet.get(header..).unwrap_or_default(), (source, destination), {
                u32::from(length).saturating_sub(header as u32)
            });
        }
        Some(headers)
    }

    /// Ports, flags and payload of a segment or datagram of so many bytes.
    fn inside(&mut self, segment: &[u8], (source, destination): (Ipv4Addr, Ipv4Addr), length: u32) {
        let (Some(from), Some(to)) = (word(segment, 0), word(segment, 2)) else { return };
        (self.source, self.destination) = (Some((source, from)), Some((destination, to)));
        let own = if self.protocol == Some(Protocol::Tcp) {
            let (Some(offset), Some(flags)) = (segment.get(12), segment.get(13)) else { return };
            self.flags = *flags;
            u32::from(offset >> 4) * 4
        } else {
            8
        };
        self.payload = Some(length.saturating_sub(own));
    }

    /// Where it comes from and where it goes, of TCP and UDP.
    pub(super) const fn ends(&self) -> [Option<(Ipv4Addr, u16)>; 2] {
        [self.source, self.destination]
    }

    /// The ports of these.
    pub(super) fn ports(&self) -> [Option<u16>; 2] {
        self.ends().map(|end| end.map(|(_, port)| port))
    }

    /// Whether a segment has a flag set.
    pub(super) const fn has(&self, flag: TcpFlag) -> bool {
        let bit = match flag {
            TcpFlag::Fin => 0x01,
            TcpFlag::Syn => 0x02,
            TcpFlag::Rst => 0x04,
            TcpFlag::Psh => 0x08,
            TcpFlag::Ack => 0x10,
        };
        self.flags & bit != 0
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

fn address(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(bytes.get(at..at + 4)?).ok().map(Ipv4Addr::from)
}

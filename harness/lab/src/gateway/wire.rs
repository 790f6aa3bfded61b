//! Frames as the gateway reads and writes them.

use core::net::{Ipv4Addr, SocketAddrV4};
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::time::Instant;
use smoltcp::wire::{
    ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, Icmpv4DstUnreachable,
    Icmpv4Packet, Icmpv4Repr, IpAddress, IpProtocol, Ipv4Packet, Ipv4Repr, TcpPacket, UdpPacket, UdpRepr,
};
use std::collections::VecDeque;

/// Frames between the wire and the stack.
#[derive(Debug, Default)]
pub(super) struct Queues {
    /// For the stack.
    pub(super) inward: VecDeque<Vec<u8>>,
    /// For the device.
    pub(super) outward: VecDeque<Vec<u8>>,
}

pub(super) struct Inward(Vec<u8>);

impl RxToken for Inward {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

pub(super) struct Outward<'a>(&'a mut VecDeque<Vec<u8>>);

impl TxToken for Outward<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = vec![0; length];
        let result = write(&mut frame);
        self.0.push_back(frame);
        result
    }
}

/// More frames than this are not made at a time; the stack tries again.
const MOST_OUTWARD: usize = 512;

impl Device for Queues {
    type RxToken<'a> = Inward;
    type TxToken<'a> = Outward<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Inward, Outward<'_>)> {
        if self.outward.len() >= MOST_OUTWARD {
            return None;
        }
        self.inward.pop_front().map(|frame| (Inward(frame), Outward(&mut self.outward)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Outward<'_>> {
        (self.outward.len() < MOST_OUTWARD).then_some(Outward(&mut self.outward))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1514;
        capabilities
    }
}

/// What a frame of the device is, as far as the gateway cares.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A question for the hardware address of somebody.
    Arp {
        /// Of whom.
        target: Ipv4Addr,
    },
    /// A TCP segment.
    Tcp { from: SocketAddrV4, to: SocketAddrV4, syn: bool, ack: bool, rst: bool },
    /// A UDP datagram.
    Udp { from: SocketAddrV4, to: SocketAddrV4, payload: Vec<u8> },
    /// Any other IPv4 packet.
    Other { to: Ipv4Addr, protocol: String },
    /// Nothing that the gateway speaks, or not well formed.
    Foreign,
}

/// Reads a frame, and who sent it. Hostile bytes.
pub(super) fn read(frame: &[u8]) -> (Option<EthernetAddress>, Frame) {
    let Ok(ethernet) = EthernetFrame::new_checked(frame) else { return (None, Frame::Foreign) };
    let from = ethernet.src_addr();
    let read = match ethernet.ethertype() {
        EthernetProtocol::Arp => arp(ethernet.payload()),
        EthernetProtocol::Ipv4 => ipv4(ethernet.payload()),
        _ => None,
    };
    (from.is_unicast().then_some(from), read.unwrap_or(Frame::Foreign))
}

fn arp(payload: &[u8]) -> Option<Frame> {
    let packet = ArpPacket::new_checked(payload).ok()?;
    match ArpRepr::parse(&packet).ok()? {
        ArpRepr::EthernetIpv4 { target_protocol_addr, .. } => {
            Some(Frame::Arp { target: target_protocol_addr })
        }
        _ => None,
    }
}

fn ipv4(payload: &[u8]) -> Option<Frame> {
    let packet = Ipv4Packet::new_checked(payload).ok()?;
    if !packet.verify_checksum() || packet.frag_offset() != 0 || packet.more_frags() {
        return None;
    }
    let (from, to) = (packet.src_addr(), packet.dst_addr());
    let addresses = (IpAddress::Ipv4(from), IpAddress::Ipv4(to));
    match packet.next_header() {
        IpProtocol::Tcp => {
            let segment = TcpPacket::new_checked(packet.payload()).ok()?;
            let whole = segment.verify_checksum(&addresses.0, &addresses.1);
            whole.then(|| Frame::Tcp {
                from: SocketAddrV4::new(from, segment.src_port()),
                to: SocketAddrV4::new(to, segment.dst_port()),
                syn: segment.syn(),
                ack: segment.ack(),
                rst: segment.rst(),
            })
        }
        IpProtocol::Udp => {
            let datagram = UdpPacket::new_checked(packet.payload()).ok()?;
            let whole = datagram.verify_checksum(&addresses.0, &addresses.1);
            whole.then(|| Frame::Udp {
                from: SocketAddrV4::new(from, datagram.src_port()),
                to: SocketAddrV4::new(to, datagram.dst_port()),
                payload: datagram.payload().to_vec(),
            })
        }
        IpProtocol::Icmp => Some(Frame::Other { to, protocol: "icmp".to_owned() }),
        other => Some(Frame::Other { to, protocol: u8::from(other).to_string() }),
    }
}

/// Makes a frame that carries a datagram.
pub(super) fn datagram(
    ours: EthernetAddress,
    theirs: EthernetAddress,
    from: SocketAddrV4,
    to: SocketAddrV4,
    payload: &[u8],
) -> Vec<u8> {
    let checksums = ChecksumCapabilities::default();
    let udp = UdpRepr { src_port: from.port(), dst_port: to.port() };
    let length = udp.header_len() + payload.len();
    packet(ours, theirs, *from.ip(), *to.ip(), IpProtocol::Udp, length, |body| {
        udp.emit(
            &mut UdpPacket::new_unchecked(body),
            &IpAddress::Ipv4(*from.ip()),
            &IpAddress::Ipv4(*to.ip()),
            payload.len(),
            |space| space.copy_from_slice(payload),
            &checksums,
        );
    })
}

/// Makes a frame that says that nobody listens where `rejected`, an Ethernet frame of the device, wanted to go
/// (RFC 792, RFC 1122 section 3.2.2.1). Nothing if that frame is not one that may be answered so.
pub(super) fn port_unreachable(ours: EthernetAddress, rejected: &[u8]) -> Option<Vec<u8>> {
    let ethernet = EthernetFrame::new_checked(rejected).ok()?;
    let inner = Ipv4Packet::new_checked(ethernet.payload()).ok()?;
    let header = Ipv4Repr::parse(&inner, &ChecksumCapabilities::default()).ok()?;
    // The header and the first eight bytes behind it are enough for the sender to know what is meant.
    let data = inner.payload().get(..8)?;
    let icmp = Icmpv4Repr::DstUnreachable { reason: Icmpv4DstUnreachable::PortUnreachable, header, data };
    let (from, to) = (inner.dst_addr(), inner.src_addr());
    let length = icmp.buffer_len();
    Some(packet(ours, ethernet.src_addr(), from, to, IpProtocol::Icmp, length, |body| {
        icmp.emit(&mut Icmpv4Packet::new_unchecked(body), &ChecksumCapabilities::default());
    }))
}

fn packet(
    ours: EthernetAddress,
    theirs: EthernetAddress,
    from: Ipv4Addr,
    to: Ipv4Addr,
    protocol: IpProtocol,
    length: usize,
    fill: impl FnOnce(&mut [u8]),
) -> Vec<u8> {
    let ip =
        Ipv4Repr { src_addr: from, dst_addr: to, next_header: protocol, payload_len: length, hop_limit: 64 };
    let header = EthernetRepr { src_addr: ours, dst_addr: theirs, ethertype: EthernetProtocol::Ipv4 };
    let mut frame = vec![0; header.buffer_len() + ip.buffer_len() + length];
    let mut ethernet = EthernetFrame::new_unchecked(&mut frame);
    header.emit(&mut ethernet);
    let mut packet = Ipv4Packet::new_unchecked(ethernet.payload_mut());
    ip.emit(&mut packet, &ChecksumCapabilities::default());
    fill(packet.payload_mut());
    frame
}

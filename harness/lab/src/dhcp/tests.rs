use super::*;
use dhcproto::Decodable;
use proptest::prelude::*;

const NOW: Instant = Instant(5_000_000_000);
const MAC: [u8; 6] = [0x02, 0, 0, 0x12, 0x34, 0x56];
const FIRST: Ipv4Addr = plan::FIRST_LEASE;
const NONE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

/// What a client has in its next message.
#[derive(Clone, Copy, Default)]
struct Said {
    current: Option<Ipv4Addr>,
    requested: Option<Ipv4Addr>,
    server: Option<Ipv4Addr>,
}

fn say(kind: MessageType, said: Said) -> Vec<u8> {
    let mut message = Message::new_with_id(0x1234_5678, said.current.unwrap_or(NONE), NONE, NONE, NONE, &MAC);
    message.opts_mut().insert(DhcpOption::MessageType(kind));
    if let Some(address) = said.requested {
        message.opts_mut().insert(DhcpOption::RequestedIpAddress(address));
    }
    if let Some(address) = said.server {
        message.opts_mut().insert(DhcpOption::ServerIdentifier(address));
    }
    message.to_vec().unwrap()
}

fn ask(dhcp: &mut Dhcp, now: Instant, kind: MessageType, said: Said) -> (Option<(Ipv4Addr, Message)>, u32) {
    dhcp.received(now, SocketAddrV4::new(NONE, plan::DHCP_CLIENT_PORT), &say(kind, said));
    let (mut answer, mut met) = (None, 0);
    while let Some(out) = dhcp.output() {
        match out {
            DatagramOut::Send { to, bytes } => {
                assert_eq!(to.port(), plan::DHCP_CLIENT_PORT);
                assert!(bytes.len() >= SHORTEST);
                assert!(answer.is_none(), "one question, one answer");
                answer = Some((*to.ip(), Message::from_bytes(&bytes).unwrap()));
            }
            DatagramOut::Seen(Seen::Met { .. }) => met += 1,
            DatagramOut::Seen(Seen::Traffic(_)) => {}
        }
    }
    (answer, met)
}

fn kind(answer: &Message) -> MessageType {
    answer.opts().msg_type().unwrap()
}

fn seconds(answer: &Message) -> [u32; 3] {
    let number = |code| match answer.opts().get(code) {
        Some(
            DhcpOption::AddressLeaseTime(number)
            | DhcpOption::Renewal(number)
            | DhcpOption::Rebinding(number),
        ) => *number,
        _ => 0,
    };
    [OptionCode::Renewal, OptionCode::Rebinding, OptionCode::AddressLeaseTime].map(number)
}

/// Goes through the whole of it: discover, offer, request, ack.
fn lease(dhcp: &mut Dhcp, now: Instant) -> Option<Message> {
    let (_, offer) = ask(dhcp, now, MessageType::Discover, Said::default()).0?;
    assert_eq!(kind(&offer), MessageType::Offer);
    let said = Said { requested: Some(offer.yiaddr()), server: Some(plan::GATEWAY), ..Said::default() };
    let (_, ack) = ask(dhcp, now, MessageType::Request, said).0?;
    (kind(&ack) == MessageType::Ack).then_some(ack)
}

#[test]
fn a_client_gets_an_address_and_all_it_needs() {
    let mut dhcp = Dhcp::default();
    let ack = lease(&mut dhcp, NOW).unwrap();
    assert_eq!(ack.yiaddr(), FIRST);
    assert_eq!(ack.xid(), 0x1234_5678);
    assert_eq!(ack.chaddr(), MAC);
    assert_eq!(seconds(&ack), [1800, 3150, 3600]);
    let options = ack.opts();
    assert_eq!(options.get(OptionCode::Router), Some(&DhcpOption::Router(vec![plan::GATEWAY])));
    assert_eq!(
        options.get(OptionCode::SubnetMask),
        Some(&DhcpOption::SubnetMask(Ipv4Addr::new(255, 255, 255, 0)))
    );
    assert_eq!(
        options.get(OptionCode::BroadcastAddr),
        Some(&DhcpOption::BroadcastAddr(Ipv4Addr::new(10, 77, 0, 255)))
    );
    assert_eq!(
        options.get(OptionCode::DomainNameServer),
        Some(&DhcpOption::DomainNameServer(vec![plan::GATEWAY]))
    );
    assert_eq!(
        options.get(OptionCode::NtpServers),
        Some(&DhcpOption::NtpServers(vec![Ipv4Addr::new(198, 18, 0, 20)]))
    );
}

/// The message of RFC 2131 figure 1, byte by byte, and the answer read at the same places.
#[test]
fn the_bytes_are_those_of_the_rfc() {
    let mut discover = vec![1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 0, 3, 0x80, 0];
    discover.extend([0; 16]);
    discover.extend([0x02, 0, 0, 0xaa, 0xbb, 0xcc, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    discover.extend([0; 192]);
    discover.extend([99, 130, 83, 99, 53, 1, 1, 61, 7, 1, 0x02, 0, 0, 0xaa, 0xbb, 0xcc, 55, 2, 1, 3, 255]);
    let mut dhcp = Dhcp::default();
    dhcp.received(NOW, SocketAddrV4::new(NONE, 68), &discover);
    let answer = std::iter::from_fn(|| dhcp.output()).find_map(|out| match out {
        DatagramOut::Send { to, bytes } => Some((to, bytes)),
        DatagramOut::Seen(_) => None,
    });
    let (to, bytes) = answer.unwrap();
    assert_eq!(to, SocketAddrV4::new(Ipv4Addr::BROADCAST, 68));
    assert_eq!(bytes[..4], [2, 1, 6, 0], "op, htype, hlen, hops");
    assert_eq!(bytes[4..8], [0xde, 0xad, 0xbe, 0xef], "xid");
    assert_eq!(bytes[10..12], [0x80, 0], "flags");
    assert_eq!(bytes[12..16], [0; 4], "ciaddr");
    assert_eq!(bytes[16..20], FIRST.octets(), "yiaddr");
    assert_eq!(bytes[28..34], [0x02, 0, 0, 0xaa, 0xbb, 0xcc], "chaddr");
    assert_eq!(bytes[236..240], [99, 130, 83, 99]);
    let has = |option: &[u8]| bytes[240..].windows(option.len()).any(|window| window == option);
    assert!(has(&[53, 1, 2]), "an offer");
    assert!(has(&[54, 4, 10, 77, 0, 1]), "of this server");
    assert!(has(&[61, 7, 1, 0x02, 0, 0, 0xaa, 0xbb, 0xcc]), "to this client");
    assert!(has(&[51, 4, 0, 0, 0x0e, 0x10]), "for an hour");
}

#[test]
fn a_lease_is_renewed_by_unicast_and_rebound_by_broadcast() {
    let mut dhcp = Dhcp::default();
    lease(&mut dhcp, NOW).unwrap();
    let later = NOW + Duration::from_secs(1800);
    let said = Said { current: Some(FIRST), ..Said::default() };
    let (to, ack) = ask(&mut dhcp, later, MessageType::Request, said).0.unwrap();
    assert_eq!((to, kind(&ack), ack.yiaddr(), ack.ciaddr()), (FIRST, MessageType::Ack, FIRST, FIRST));
    dhcp.forget();
    let (to, nak) = ask(&mut dhcp, later, MessageType::Request, said).0.unwrap();
    assert_eq!((to, kind(&nak), nak.yiaddr()), (Ipv4Addr::BROADCAST, MessageType::Nak, NONE));
}

#[test]
fn after_a_reboot_a_client_goes_on_with_its_address_if_there_is_a_record_of_it() {
    let mut dhcp = Dhcp::default();
    lease(&mut dhcp, NOW).unwrap();
    let again = |dhcp: &mut Dhcp, address| {
        let said = Said { requested: Some(address), ..Said::default() };
        ask(dhcp, NOW, MessageType::Request, said).0.map(|(_, answer)| kind(&answer))
    };
    assert_eq!(again(&mut dhcp, FIRST), Some(MessageType::Ack));
    assert_eq!(again(&mut dhcp, Ipv4Addr::new(10, 77, 0, 101)), Some(MessageType::Nak), "not its own");
    let mut restarted = Dhcp::new(dhcp.leases().clone());
    assert_eq!(again(&mut restarted, FIRST), Some(MessageType::Ack), "leases outlive the server");
    dhcp.forget();
    assert_eq!(again(&mut dhcp, FIRST), None, "unknown: silence");
    assert_eq!(again(&mut dhcp, Ipv4Addr::new(192, 168, 1, 7)), Some(MessageType::Nak), "another network");
}

#[test]
fn another_servers_business_is_left_alone() {
    let mut dhcp = Dhcp::default();
    ask(&mut dhcp, NOW, MessageType::Discover, Said::default()).0.unwrap();
    let other = Said { requested: Some(FIRST), server: Some(Ipv4Addr::new(10, 77, 0, 2)), ..Said::default() };
    assert!(ask(&mut dhcp, NOW, MessageType::Request, other).0.is_none());
    assert_eq!(*dhcp.leases(), Leases::default(), "the offer is withdrawn");
}

#[test]
fn one_that_is_declined_is_not_offered_again_and_one_that_is_released_is() {
    let mut dhcp = Dhcp::default();
    lease(&mut dhcp, NOW).unwrap();
    let release = Said { current: Some(FIRST), server: Some(plan::GATEWAY), ..Said::default() };
    assert!(ask(&mut dhcp, NOW, MessageType::Release, release).0.is_none());
    assert_eq!(lease(&mut dhcp, NOW).unwrap().yiaddr(), FIRST);
    let decline = Said { requested: Some(FIRST), server: Some(plan::GATEWAY), ..Said::default() };
    assert!(ask(&mut dhcp, NOW, MessageType::Decline, decline).0.is_none());
    assert_ne!(lease(&mut dhcp, NOW).unwrap().yiaddr(), FIRST);
}

#[test]
fn who_has_an_address_is_told_of_its_network_without_a_lease() {
    let mut dhcp = Dhcp::default();
    let here = Said { current: Some(Ipv4Addr::new(10, 77, 0, 5)), ..Said::default() };
    let (to, ack) = ask(&mut dhcp, NOW, MessageType::Inform, here).0.unwrap();
    assert_eq!((to, kind(&ack), ack.yiaddr()), (Ipv4Addr::new(10, 77, 0, 5), MessageType::Ack, NONE));
    assert_eq!(seconds(&ack), [0; 3]);
    assert!(ack.opts().contains(OptionCode::Router));
    let elsewhere = Said { current: Some(Ipv4Addr::new(8, 8, 8, 8)), ..Said::default() };
    assert!(ask(&mut dhcp, NOW, MessageType::Inform, elsewhere).0.is_none());
}

#[test]
fn silence_and_refusal_last_until_they_are_taken_back() {
    let mut dhcp = Dhcp::default();
    dhcp.misbehave("dhcp_silence", DhcpFault::Silent);
    assert!(matches!(ask(&mut dhcp, NOW, MessageType::Discover, Said::default()), (None, 1)));
    assert_eq!(dhcp.behave("dhcp_silence"), Some(1));
    assert_eq!(dhcp.behave("dhcp_silence"), None);
    dhcp.misbehave("dhcp_nak", DhcpFault::Nak);
    assert!(lease(&mut dhcp, NOW).is_none());
    assert_eq!(dhcp.behave("dhcp_nak"), Some(1));
    assert!(lease(&mut dhcp, NOW).is_some());
}

#[test]
fn a_short_lease_is_short_in_all_its_times() {
    let mut dhcp = Dhcp::default();
    dhcp.misbehave("dhcp_short_lease", DhcpFault::ShortLease(Duration::from_secs(20)));
    assert_eq!(seconds(&lease(&mut dhcp, NOW).unwrap()), [10, 17, 20]);
    assert_eq!(dhcp.behave("dhcp_short_lease"), Some(2), "offered and leased");
    assert_eq!(seconds(&lease(&mut dhcp, NOW).unwrap()), [1800, 3150, 3600]);
}

#[test]
fn a_new_address_takes_the_old_one_away_once() {
    let mut dhcp = Dhcp::default();
    lease(&mut dhcp, NOW).unwrap();
    dhcp.misbehave("dhcp_new_address", DhcpFault::NewAddress);
    let renew = Said { current: Some(FIRST), ..Said::default() };
    let (answer, met) = ask(&mut dhcp, NOW, MessageType::Request, renew);
    assert_eq!((kind(&answer.unwrap().1), met), (MessageType::Nak, 1));
    let other = lease(&mut dhcp, NOW).unwrap().yiaddr();
    assert_ne!(other, FIRST);
    assert_eq!(lease(&mut dhcp, NOW).unwrap().yiaddr(), other, "and stays with that");
    assert_eq!(dhcp.behave("dhcp_new_address"), Some(5));
    assert_eq!(lease(&mut dhcp, NOW).unwrap().yiaddr(), other);
    assert!(!dhcp.leases().is_moved(&Client([&[1], &MAC[..]].concat())));
}

#[test]
fn a_client_that_had_no_address_does_not_meet_a_change_of_it() {
    let mut dhcp = Dhcp::default();
    dhcp.misbehave("dhcp_new_address", DhcpFault::NewAddress);
    assert_eq!(lease(&mut dhcp, NOW).unwrap().yiaddr(), FIRST);
    assert_eq!(dhcp.behave("dhcp_new_address"), Some(0));
}

#[test]
fn without_a_router_all_else_is_there() {
    let mut dhcp = Dhcp::default();
    dhcp.misbehave("dhcp_no_router", DhcpFault::NoRouter);
    let ack = lease(&mut dhcp, NOW).unwrap();
    assert!(!ack.opts().contains(OptionCode::Router));
    assert!(ack.opts().contains(OptionCode::DomainNameServer));
    assert_eq!(dhcp.behave("dhcp_no_router"), Some(2));
    assert!(lease(&mut dhcp, NOW).unwrap().opts().contains(OptionCode::Router));
}

/// Something like a message: a good one with bytes of it changed, or anything.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    let bent = (0..9_u8, any::<bool>(), changes).prop_map(|(kind, has, changes)| {
        let said =
            Said { current: has.then_some(FIRST), requested: Some(FIRST), server: Some(plan::GATEWAY) };
        let mut bytes = say(MessageType::from(kind), said);
        for (at, to) in changes {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        bytes
    });
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..600), bent]
}

proptest! {
    #[test]
    fn anything_is_answered_or_ignored(messages in proptest::collection::vec(hostile(), 1..20)) {
        let mut dhcp = Dhcp::default();
        for (n, bytes) in messages.iter().enumerate() {
            dhcp.received(NOW + Duration::from_secs(n as u64), SocketAddrV4::new(NONE, 68), bytes);
            let answers = std::iter::from_fn(|| dhcp.output())
                .filter(|out| matches!(out, DatagramOut::Send { .. }))
                .count();
            prop_assert!(answers <= 1);
        }
    }
}

use super::*;
use crate::plan;
use brownout_core::network::{Host, Rcode, Service};
use hickory_proto::op::{Edns, OpCode, Query};
use hickory_proto::rr::{DNSClass, Name, RecordType};
use proptest::prelude::*;

const NOW: Instant = Instant(7_000_000_000);
const DEVICE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 100), 49_152);
const CONN: Conn = Conn(3);
const BROKER: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 10);

fn query(name: &str, kind: RecordType) -> Message {
    let mut message = Message::new(0x2a17, hickory_proto::op::MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message
}

fn question(name: &str) -> Vec<u8> {
    query(name, RecordType::A).to_vec().unwrap()
}

fn datagrams(dns: &mut Dns) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| DatagramService::output(dns))
        .filter_map(|out| match out {
            DatagramOut::Send { bytes, .. } => Some(bytes),
            DatagramOut::Seen(_) => None,
        })
        .collect()
}

fn udp(dns: &mut Dns, question: &[u8]) -> Option<Message> {
    DatagramService::received(dns, NOW, DEVICE, question);
    let answers = datagrams(dns);
    assert!(answers.len() <= 1);
    answers.first().map(|bytes| Message::from_vec(bytes).unwrap())
}

fn framed(question: &[u8]) -> Vec<u8> {
    [&(question.len() as u16).to_be_bytes()[..], question].concat()
}

fn stream(dns: &mut Dns) -> Vec<StreamOut> {
    std::iter::from_fn(|| StreamService::output(dns))
        .filter(|out| !matches!(out, StreamOut::Seen(_)))
        .collect()
}

fn tcp(dns: &mut Dns, question: &[u8]) -> Option<Message> {
    StreamService::opened(dns, NOW, CONN, DEVICE);
    StreamService::received(dns, NOW, CONN, &framed(question));
    match stream(dns).as_slice() {
        [StreamOut::Send { bytes, .. }] => {
            let (length, rest) = bytes.split_first_chunk().unwrap();
            assert_eq!(usize::from(u16::from_be_bytes(*length)), rest.len());
            Some(Message::from_vec(rest).unwrap())
        }
        _ => None,
    }
}

fn addresses(answer: &Message) -> Vec<Ipv4Addr> {
    let address = |data: &RData| match data {
        RData::A(address) => Some(Ipv4Addr::from(*address)),
        _ => None,
    };
    answer.answers.iter().filter_map(|record| address(&record.data)).collect()
}

fn with(how: DnsMisbehaviour, of: Option<Host>) -> Dns {
    let mut dns = Dns::new();
    dns.misbehave("fault", DnsFault { of, how });
    dns
}

#[test]
fn every_name_of_the_plan_has_its_address_over_both_transports() {
    let mut dns = Dns::new();
    for (name, address, _) in plan::NAMES {
        for answer in [udp(&mut dns, &question(name)), tcp(&mut dns, &question(name))] {
            let answer = answer.unwrap();
            assert_eq!(addresses(&answer), [*address]);
            assert_eq!(answer.answers[0].ttl, TTL);
            assert_eq!(answer.metadata.id, 0x2a17);
            assert!(answer.metadata.recursion_desired && answer.metadata.recursion_available);
        }
    }
}

/// A question and its answer, byte by byte (RFC 1035 section 4.1).
#[test]
fn the_bytes_are_those_of_the_rfc() {
    let mut dns = Dns::new();
    let mut asked = vec![0xbe, 0xef, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    asked.extend(b"\x04MqTt\x08brownout\x04test\0\0\x01\0\x01");
    DatagramService::received(&mut dns, NOW, DEVICE, &asked);
    let mut expected = asked.clone();
    expected[2..8].copy_from_slice(&[0x85, 0x80, 0, 1, 0, 1]);
    expected.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 18, 0, 10]);
    assert_eq!(datagrams(&mut dns), [expected], "letters stay as they were asked");
}

#[test]
fn what_is_not_there_is_told_apart() {
    let mut dns = Dns::new();
    let mut asked = |name, kind| udp(&mut dns, &query(name, kind).to_vec().unwrap()).unwrap();
    let code = |answer: &Message| answer.metadata.response_code;
    let other_kind = asked("mqtt.brownout.test", RecordType::AAAA);
    assert_eq!((code(&other_kind), other_kind.answers.len()), (ResponseCode::NoError, 0));
    assert_eq!(other_kind.authorities[0].name.to_ascii(), "brownout.test.");
    assert_eq!(code(&asked("brownout.test", RecordType::A)), ResponseCode::NoError);
    let no_name = asked("mqtt2.brownout.test", RecordType::A);
    assert_eq!(code(&no_name), ResponseCode::NXDomain);
    assert_eq!(no_name.authorities[0].name.to_ascii(), "brownout.test.");
    let elsewhere = asked("xbrownout.test", RecordType::A);
    assert_eq!(code(&elsewhere), ResponseCode::NXDomain);
    assert_eq!(elsewhere.authorities[0].name.to_ascii(), ".");
    assert_eq!(code(&asked("alias.mqtt.brownout.test", RecordType::A)), ResponseCode::NXDomain);
}

#[test]
fn what_cannot_be_answered_is_refused_by_the_book() {
    let mut dns = Dns::new();
    let mut code = |message: &Message| {
        udp(&mut dns, &message.to_vec().unwrap()).map(|answer| answer.metadata.response_code)
    };
    let plain = query("mqtt.brownout.test", RecordType::A);
    let mut notify = plain.clone();
    notify.metadata.op_code = OpCode::Notify;
    assert_eq!(code(&notify), Some(ResponseCode::NotImp));
    let mut two = plain.clone();
    two.add_query(Query::query(Name::root(), RecordType::A));
    assert_eq!(code(&two), Some(ResponseCode::FormErr));
    let mut chaos = plain.clone();
    chaos.queries[0].set_query_class(DNSClass::CH);
    assert_eq!(code(&chaos), Some(ResponseCode::Refused));
    let mut later = plain.clone();
    let mut edns = Edns::new();
    edns.set_version(1);
    later.set_edns(edns);
    assert_eq!(code(&later).map(u16::from), Some(16), "BADVERS, which shares its number with BADSIG");
    let mut answer = plain.clone();
    answer.metadata.message_type = hickory_proto::op::MessageType::Response;
    assert_eq!(code(&answer), None, "answers are not answered");
    let cut = &plain.to_vec().unwrap()[..20];
    let error = udp(&mut dns, cut).unwrap().metadata;
    assert_eq!((error.id, error.response_code), (0x2a17, ResponseCode::FormErr));
}

#[test]
fn edns_is_answered_with_edns() {
    let mut message = query("mqtt.brownout.test", RecordType::A);
    assert!(udp(&mut Dns::new(), &message.to_vec().unwrap()).unwrap().edns.is_none());
    message.set_edns(Edns::new());
    let answer = udp(&mut Dns::new(), &message.to_vec().unwrap()).unwrap();
    assert_eq!(answer.edns.unwrap().max_payload(), 1232);
}

#[test]
fn errors_are_met_over_both_transports() {
    for (rcode, code) in [
        (Rcode::NxDomain, ResponseCode::NXDomain),
        (Rcode::ServFail, ResponseCode::ServFail),
        (Rcode::Refused, ResponseCode::Refused),
    ] {
        let mut dns = with(DnsMisbehaviour::Error(rcode), None);
        for answer in
            [udp(&mut dns, &question("mqtt.brownout.test")), tcp(&mut dns, &question("mqtt.brownout.test"))]
        {
            let answer = answer.unwrap();
            assert_eq!((answer.metadata.response_code, answer.answers.len()), (code, 0));
        }
        assert_eq!(dns.behave("fault"), Some(2));
        assert_eq!(addresses(&udp(&mut dns, &question("mqtt.brownout.test")).unwrap()), [BROKER]);
    }
}

#[test]
fn a_fault_of_one_host_leaves_the_others_alone() {
    let mut dns = with(DnsMisbehaviour::Silent, Some(Host::Broker));
    assert!(udp(&mut dns, &question("time.brownout.test")).is_some());
    assert!(udp(&mut dns, &question("nobody.test")).is_some());
    assert!(udp(&mut dns, &question("MQTT.brownout.test")).is_none());
    assert!(tcp(&mut dns, &question("mqtt.brownout.test")).is_none());
    assert_eq!(dns.behave("fault"), Some(2));
    for host in [Host::Broker, Host::Ntp, Host::Api, Host::Identity] {
        assert!(plan::host(host.service()).is_some(), "every host has a name");
    }
}

#[test]
fn a_wrong_address_is_given_for_names_that_there_are() {
    let mut dns = with(DnsMisbehaviour::WrongAddress(plan::NOBODY), None);
    assert_eq!(addresses(&udp(&mut dns, &question("mqtt.brownout.test")).unwrap()), [plan::NOBODY]);
    let none = udp(&mut dns, &question("mqtt2.brownout.test")).unwrap();
    assert_eq!(none.metadata.response_code, ResponseCode::NXDomain);
    assert_eq!(dns.behave("fault"), Some(1));
}

#[test]
fn an_answer_that_is_cut_short_is_whole_over_tcp() {
    let mut dns = with(DnsMisbehaviour::Truncated, None);
    let short = udp(&mut dns, &question("mqtt.brownout.test")).unwrap();
    assert!(short.metadata.truncation && short.answers.is_empty());
    let whole = tcp(&mut dns, &question("mqtt.brownout.test")).unwrap();
    assert_eq!((addresses(&whole), whole.metadata.truncation), (vec![BROKER], false));
    assert_eq!(dns.behave("fault"), Some(1));
}

#[test]
fn answers_live_as_long_as_they_are_told() {
    for (ttl, seconds) in
        [(Duration::ZERO, 0), (Duration::from_secs(604_800), 604_800), (Duration(u64::MAX), i32::MAX as u32)]
    {
        let mut dns = with(DnsMisbehaviour::Ttl(ttl), None);
        assert_eq!(udp(&mut dns, &question("mqtt.brownout.test")).unwrap().answers[0].ttl, seconds);
        assert_eq!(udp(&mut dns, &question("nobody.test")).unwrap().authorities[0].ttl, TTL);
        assert_eq!(dns.behave("fault"), Some(1), "an answer without records has no time to live");
    }
}

#[test]
fn a_wrong_id_is_wrong() {
    let mut dns = with(DnsMisbehaviour::WrongId, None);
    let answer = udp(&mut dns, &question("mqtt.brownout.test")).unwrap();
    assert_eq!((answer.metadata.id, addresses(&answer)), (0x2a18, vec![BROKER]));
}

#[test]
fn names_run_in_circles() {
    let mut dns = with(DnsMisbehaviour::CnameLoop, Some(Host::Broker));
    for asked in ["mqtt.brownout.test", "alias.mqtt.brownout.test"] {
        let answer = udp(&mut dns, &question(asked)).unwrap();
        let steps: Vec<(String, String)> = answer
            .answers
            .iter()
            .map(|record| match &record.data {
                RData::CNAME(name) => (record.name.to_ascii(), name.to_ascii()),
                other => panic!("{other} is no alias"),
            })
            .collect();
        let [(a, b), (c, d)] = steps.as_slice() else { panic!("two aliases") };
        assert_eq!((a, b), (d, c));
        assert_ne!(a, b);
    }
    assert!(!addresses(&udp(&mut dns, &question("api.brownout.test")).unwrap()).is_empty());
}

#[test]
fn a_late_answer_comes_when_it_is_due() {
    let mut dns = with(DnsMisbehaviour::Slow(Duration::from_secs(3)), None);
    let due = NOW + Duration::from_secs(3);
    assert!(udp(&mut dns, &question("mqtt.brownout.test")).is_none());
    assert_eq!(DatagramService::deadline(&dns), Some(due));
    DatagramService::poll(&mut dns, Instant(due.0 - 1));
    assert!(datagrams(&mut dns).is_empty());
    DatagramService::poll(&mut dns, due);
    assert_eq!(datagrams(&mut dns).len(), 1);
    assert_eq!(DatagramService::deadline(&dns), None);
    assert!(tcp(&mut dns, &question("mqtt.brownout.test")).is_none());
    StreamService::ended(&mut dns, NOW, CONN, End::ByDevice);
    assert_eq!(stream(&mut dns), [], "an answer is still owed");
    StreamService::poll(&mut dns, due);
    assert!(matches!(stream(&mut dns)[..], [StreamOut::Send { .. }, StreamOut::Close { conn: CONN }]));
}

#[test]
fn questions_over_tcp_come_in_pieces_or_many_at_once() {
    let mut dns = Dns::new();
    StreamService::opened(&mut dns, NOW, CONN, DEVICE);
    let two = [framed(&question("mqtt.brownout.test")), framed(&question("time.brownout.test"))].concat();
    for byte in &two {
        StreamService::received(&mut dns, NOW, CONN, &[*byte]);
    }
    assert_eq!(stream(&mut dns).len(), 2);
    StreamService::received(&mut dns, NOW, CONN, &two);
    assert_eq!(stream(&mut dns).len(), 2);
}

#[test]
fn a_connection_ends_when_it_is_idle_or_done() {
    let mut dns = Dns::new();
    assert!(tcp(&mut dns, &question("mqtt.brownout.test")).is_some());
    assert_eq!(StreamService::deadline(&dns), Some(NOW + IDLE));
    StreamService::poll(&mut dns, NOW + IDLE);
    assert_eq!(stream(&mut dns), [StreamOut::Close { conn: CONN }]);
    assert_eq!(StreamService::deadline(&dns), None);
    assert!(tcp(&mut dns, &question("mqtt.brownout.test")).is_some());
    StreamService::ended(&mut dns, NOW, CONN, End::ByDevice);
    assert_eq!(stream(&mut dns), [StreamOut::Close { conn: CONN }]);
    StreamService::opened(&mut dns, NOW, CONN, DEVICE);
    StreamService::received(&mut dns, NOW, CONN, &[0xff; 3]);
    assert_eq!(stream(&mut dns), [StreamOut::Close { conn: CONN }], "no question is that long");
}

#[test]
fn what_is_seen_names_question_and_answer() {
    let mut dns = with(DnsMisbehaviour::Error(Rcode::ServFail), Some(Host::Broker));
    DatagramService::received(&mut dns, NOW, DEVICE, &question("mqtt.brownout.test"));
    let told: Vec<Seen> = std::iter::from_fn(|| DatagramService::output(&mut dns))
        .filter_map(|out| match out {
            DatagramOut::Seen(seen) => Some(seen),
            DatagramOut::Send { .. } => None,
        })
        .collect();
    let name = "mqtt.brownout.test".to_owned();
    assert_eq!(
        told,
        [
            Seen::Traffic(Traffic::Dns(DnsSeen::Asked {
                name: name.clone(),
                kind: "A".to_owned(),
                tcp: false
            })),
            Seen::Met { name: "fault".to_owned(), times: 1 },
            Seen::Traffic(Traffic::Dns(DnsSeen::Answered {
                name,
                code: "servfail".to_owned(),
                addresses: Vec::new(),
                ttl: None
            })),
        ]
    );
    assert_eq!(plan::service_at(plan::GATEWAY, plan::DNS_PORT), Some(Service::Dns));
}

fn misbehaviour() -> impl Strategy<Value = DnsMisbehaviour> {
    prop_oneof![
        Just(DnsMisbehaviour::Error(Rcode::NxDomain)),
        Just(DnsMisbehaviour::Silent),
        Just(DnsMisbehaviour::WrongAddress(plan::NOBODY)),
        Just(DnsMisbehaviour::Truncated),
        Just(DnsMisbehaviour::WrongId),
        Just(DnsMisbehaviour::CnameLoop),
        any::<u64>().prop_map(|by| DnsMisbehaviour::Slow(Duration(by))),
        any::<u64>().prop_map(|ttl| DnsMisbehaviour::Ttl(Duration(ttl))),
    ]
}

/// Something like a question: a good one with bytes of it changed, or anything.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let names = prop_oneof![
        Just("mqtt.brownout.test".to_owned()),
        "[a-z.]{0,40}",
        // As long as a name may be.
        Just(format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(59))),
    ];
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let bent = (names, changes).prop_map(|(name, changes)| {
        let name = Name::from_ascii(&name).unwrap_or_else(|_| Name::root());
        let mut bytes = query("test", RecordType::A);
        bytes.queries[0].set_name(name);
        let mut bytes = bytes.to_vec().unwrap();
        for (at, to) in changes {
            let at = at.index(bytes.len());
            bytes[at] = to;
        }
        bytes
    });
    prop_oneof![proptest::collection::vec(any::<u8>(), 0..200), bent]
}

proptest! {
    #[test]
    fn anything_is_answered_or_ignored(
        fault in misbehaviour(),
        messages in proptest::collection::vec(hostile(), 1..8),
        cut in 1..64_usize,
    ) {
        let mut dns = with(fault, None);
        for message in &messages {
            DatagramService::received(&mut dns, NOW, DEVICE, message);
            prop_assert!(datagrams(&mut dns).len() <= 1);
        }
        StreamService::opened(&mut dns, NOW, CONN, DEVICE);
        for message in &messages {
            for piece in framed(message).chunks(cut) {
                StreamService::received(&mut dns, NOW, CONN, piece);
            }
        }
        for message in &messages {
            StreamService::received(&mut dns, NOW, CONN, message);
        }
        stream(&mut dns);
        prop_assert!(dns.connections.values().all(|connection| connection.received.len() < LONGEST + 2));
    }

    #[test]
    fn only_so_many_answers_are_held(count in 1..600_usize) {
        let mut dns = with(DnsMisbehaviour::Slow(Duration::from_secs(9)), None);
        for _ in 0..count {
            DatagramService::received(&mut dns, NOW, DEVICE, &question("mqtt.brownout.test"));
        }
        DatagramService::poll(&mut dns, NOW + Duration::from_secs(9));
        prop_assert_eq!(datagrams(&mut dns).len(), count.min(256));
    }
}

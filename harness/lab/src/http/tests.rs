use super::*;
use brownout_core::network::StatusCode;
use brownout_core::quantity::{BitRate, Size};
use core::net::Ipv4Addr;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: Instant = Instant(9_000_000_000);
const DEVICE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 100), 49_152);
const CONN: Conn = Conn(5);
const EPOCH: Epoch = Epoch::from_unix(1_795_248_000);

fn file() -> Vec<u8> {
    (0..1000_u32).map(|n| (n % 251) as u8).collect()
}

fn api() -> Http {
    let mut site = Site::default();
    site.put("app.bin", b"the old one");
    site.put("app.bin", &file());
    Http::api(site, EPOCH)
}

fn identity() -> Http {
    Http::identity(Tokens::new(7, EPOCH, Duration::from_secs(3600)), EPOCH)
}

/// What came back on one connection.
#[derive(Debug, Default, PartialEq, Eq)]
struct Back {
    bytes: Vec<u8>,
    closed: bool,
    reset: bool,
    met: u64,
    answered: Vec<(u16, u64)>,
}

fn back(http: &mut Http) -> Back {
    let mut back = Back::default();
    while let Some(out) = http.output() {
        match out {
            StreamOut::Send { bytes, .. } => {
                assert!(!back.closed && !back.reset, "sent behind the end");
                back.bytes.extend(bytes);
            }
            StreamOut::Close { .. } => back.closed = true,
            StreamOut::Reset { .. } => back.reset = true,
            StreamOut::Seen(Seen::Met { .. }) => back.met += 1,
            StreamOut::Seen(Seen::Traffic(Traffic::Http(HttpSeen::Answered { status, bytes, .. }))) => {
                back.answered.push((status, bytes));
            }
            other => assert!(matches!(other, StreamOut::Seen(_))),
        }
    }
    back
}

/// An answer, taken apart.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
    back: Back,
}

impl Answer {
    fn field(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.map(str::trim_end)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn ask(http: &mut Http, request: &str) -> Answer {
    http.opened(NOW, CONN, DEVICE);
    http.received(NOW, CONN, request.as_bytes());
    taken(back(http))
}

fn taken(mut back: Back) -> Answer {
    let at = back.bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let body = back.bytes.split_off(at);
    let head = String::from_utf8(core::mem::take(&mut back.bytes)).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head, body, back }
}

fn get(http: &mut Http, path: &str, more: &str) -> Answer {
    ask(http, &format!("GET {path} HTTP/1.1\r\nHost: api.brownout.test\r\n{more}\r\n"))
}

fn post(http: &mut Http, body: &str) -> Answer {
    let length = body.len();
    ask(http, &format!("POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}"))
}

fn with(mut http: Http, fault: HttpFault) -> Http {
    http.misbehave("fault", fault);
    http
}

#[test]
fn the_bytes_are_those_of_the_rfc() {
    let mut http = api();
    http.opened(NOW, CONN, DEVICE);
    http.received(NOW, CONN, b"GET /v1/config HTTP/1.1\r\nHost: api.brownout.test\r\n\r\n");
    let tag = &http.site().unwrap().config().current.tag.clone();
    let expected = format!(
        "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 08:00:09 GMT\r\nContent-Length: 44\r\nETag: {tag}\r\n\
         Accept-Ranges: bytes\r\nContent-Type: application/json\r\n\r\n\
         {{\"version\":2,\"target\":21.0,\"interval\":10}}"
    );
    let got = String::from_utf8(back(&mut http).bytes).unwrap();
    assert_eq!(got, expected.replace("44", &got.split("\r\n\r\n").nth(1).unwrap().len().to_string()));
}

#[test]
fn a_file_comes_whole_or_in_parts() {
    let mut http = api();
    let whole = get(&mut http, "/files/app.bin", "");
    assert_eq!((whole.status, whole.body == file()), (200, true));
    assert_eq!(whole.field("Content-Type"), Some("application/octet-stream"));
    let part = get(&mut http, "/files/app.bin", "Range: bytes=100-199\r\n");
    assert_eq!((part.status, part.body.as_slice()), (206, &file()[100..200]));
    assert_eq!(part.field("Content-Range"), Some("bytes 100-199/1000"));
    assert_eq!(part.field("Content-Length"), Some("100"));
    let beyond = get(&mut http, "/files/app.bin", "Range: bytes=1000-\r\n");
    assert_eq!((beyond.status, beyond.field("Content-Range")), (416, Some("bytes */1000")));
    let several = get(&mut http, "/files/app.bin", "Range: bytes=0-1,5-6\r\n");
    assert_eq!((several.status, several.body.len()), (200, 1000));
}

#[test]
fn who_has_it_already_is_told_so() {
    let mut http = api();
    let tag = get(&mut http, "/files/app.bin", "").field("ETag").unwrap().to_owned();
    let same = get(&mut http, "/files/app.bin", &format!("If-None-Match: \"x\", W/{tag}\r\n"));
    assert_eq!((same.status, same.body.len(), same.field("Content-Length")), (304, 0, None));
    let resumed = get(&mut http, "/files/app.bin", &format!("Range: bytes=990-\r\nIf-Range: {tag}\r\n"));
    assert_eq!((resumed.status, resumed.body.len()), (206, 10));
    let other = get(&mut http, "/files/app.bin", "Range: bytes=990-\r\nIf-Range: \"x\"\r\n");
    assert_eq!((other.status, other.body.len()), (200, 1000));
}

#[test]
fn what_is_not_there_or_not_allowed_has_its_status() {
    let mut http = api();
    assert_eq!(get(&mut http, "/files/other", "").status, 404);
    assert_eq!(get(&mut http, "/files/../v1/config", "").status, 404);
    let post = ask(&mut http, "POST /v1/config HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((post.status, post.field("Allow")), (405, Some("GET, HEAD")));
    let head = ask(&mut http, "HEAD /files/app.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!((head.status, head.field("Content-Length"), head.body.len()), (200, Some("1000"), 0));
    let garbage = ask(&mut http, "\u{16}\u{3}\u{1}\r\n\r\n");
    assert!((garbage.status, garbage.back.closed) == (400, true));
}

#[test]
fn the_identity_provider_gives_tokens_that_the_broker_takes() {
    let mut http = identity();
    let judge = http.tokens().unwrap().clone();
    let answer = post(&mut http, r#"{"id":"thermostat-1"}"#);
    assert_eq!((answer.status, answer.field("Cache-Control")), (200, Some("no-store")));
    let answer = answer.json();
    assert_eq!(answer["expires_in"], json!(3600));
    let token = answer["token"].as_str().unwrap();
    assert_eq!(judge.verify(NOW, token.as_bytes()).as_deref(), Ok("thermostat-1"));
    for bad in ["", "{}", "[]", r#"{"id":7}"#, r#"{"id":""}"#, r#"{"id":"a b"}"#, &"[".repeat(5000)] {
        assert_eq!(post(&mut http, bad).status, 400, "{bad}");
    }
    assert_eq!(get(&mut http, "/token", "").status, 405);
    assert_eq!(get(&mut http, "/v1/config", "").status, 404);
}

#[test]
fn requests_come_in_pieces_or_many_at_once_and_the_connection_stays() {
    let mut http = api();
    http.opened(NOW, CONN, DEVICE);
    let one = "GET /v1/config HTTP/1.1\r\nHost: a\r\n\r\n";
    for byte in one.bytes() {
        http.received(NOW, CONN, &[byte]);
    }
    http.received(NOW, CONN, one.repeat(3).as_bytes());
    let got = back(&mut http);
    assert_eq!((got.answered.len(), got.closed), (4, false));
    let last = one.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    http.received(NOW, CONN, last.as_bytes());
    let got = taken(back(&mut http));
    assert_eq!((got.back.closed, got.field("Connection")), (true, Some("close")));
}

#[test]
fn an_idle_connection_is_closed_and_one_that_ended_too() {
    let mut http = api();
    http.opened(NOW, CONN, DEVICE);
    assert_eq!(http.deadline(), Some(NOW + IDLE));
    http.poll(NOW + IDLE);
    assert!(back(&mut http).closed);
    http.opened(NOW, CONN, DEVICE);
    http.received(NOW, CONN, b"GET /v1/con");
    http.ended(NOW, CONN, End::ByDevice);
    assert!(back(&mut http).closed);
    assert_eq!(http.deadline(), None);
}

#[test]
fn a_client_that_waits_is_told_to_go_on_once() {
    let mut http = identity();
    http.opened(NOW, CONN, DEVICE);
    http.received(
        NOW,
        CONN,
        b"POST /token HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
    );
    http.received(NOW, CONN, br#"{"id""#);
    assert_eq!(back(&mut http).bytes, b"HTTP/1.1 100 Continue\r\n\r\n");
    http.received(NOW, CONN, br#":"d"}"#);
    assert_eq!(taken(back(&mut http)).status, 200);
}

#[test]
fn a_status_is_what_it_says() {
    let code = StatusCode::try_from(429).unwrap();
    let retry_after = Some(Duration::from_secs(30));
    let mut http = with(api(), HttpFault::Status { code, retry_after });
    let answer = get(&mut http, "/v1/config", "");
    assert_eq!((answer.status, answer.field("Retry-After"), answer.back.met), (429, Some("30"), 1));
    assert_eq!(http.behave("fault"), Some(1));
    assert_eq!(get(&mut http, "/v1/config", "").status, 200);
}

#[test]
fn a_body_ends_early_in_three_ways() {
    let at = Size(300);
    let mut http = with(api(), HttpFault::Truncated { at });
    let cut = get(&mut http, "/files/app.bin", "");
    assert_eq!((cut.field("Content-Length"), cut.body.len()), (Some("1000"), 300));
    assert!(cut.back.closed);
    assert_eq!(cut.back.answered, [(200, 300)]);
    let short = get(&mut http, "/v1/config", "");
    assert_eq!((short.back.met, short.back.closed), (0, false), "there is not so much of it");

    let reset = get(&mut with(api(), HttpFault::Reset { at }), "/files/app.bin", "");
    assert_eq!((reset.body.len(), reset.back.reset, reset.back.closed), (300, true, false));

    let mut http = with(api(), HttpFault::Stall { at });
    let stalled = get(&mut http, "/files/app.bin", "");
    assert_eq!((stalled.body.len(), stalled.back.reset, stalled.back.closed), (300, false, false));
    http.poll(NOW + Duration::from_secs(3600));
    http.received(NOW, CONN, b"GET / HTTP/1.1\r\n");
    assert_eq!(back(&mut http), Back::default(), "and stays so");
    http.ended(NOW, CONN, End::ByDevice);
    assert!(back(&mut http).closed);
}

#[test]
fn a_slow_body_comes_at_its_rate() {
    let mut http = with(api(), HttpFault::Slow { rate: BitRate(8000) });
    let first = get(&mut http, "/files/app.bin", "");
    assert_eq!((first.body.len(), first.back.met), (0, 1));
    let (mut got, mut pieces, mut now) = (Vec::new(), 0, NOW);
    loop {
        let next = http.deadline().unwrap();
        assert!(next > now);
        now = next;
        http.poll(now);
        let piece = back(&mut http);
        got.extend(piece.bytes);
        pieces += 1;
        if !piece.answered.is_empty() {
            assert_eq!(piece.answered, [(200, 1000)]);
            break;
        }
    }
    assert_eq!((now - NOW, got == file(), pieces), (Duration::from_secs(1), true, 10));
    assert_eq!(http.deadline(), Some(now + IDLE), "and the connection stays");
}

#[test]
fn a_wrong_length_is_longer_or_shorter() {
    let by = Size(16);
    let more =
        get(&mut with(api(), HttpFault::WrongLength { says: MoreOrLess::More, by }), "/files/app.bin", "");
    assert_eq!((more.field("Content-Length"), more.body.len()), (Some("1016"), 1000));
    assert!(more.back.closed);
    let less =
        get(&mut with(api(), HttpFault::WrongLength { says: MoreOrLess::Less, by }), "/files/app.bin", "");
    assert_eq!((less.field("Content-Length"), less.body.len()), (Some("984"), 1000));
    assert!(!less.back.closed);
}

#[test]
fn a_range_is_ignored_or_another() {
    let mut http = with(api(), HttpFault::RangeIgnored);
    let whole = get(&mut http, "/files/app.bin", "Range: bytes=100-199\r\n");
    assert_eq!((whole.status, whole.body.len(), whole.back.met), (200, 1000, 1));
    assert_eq!(get(&mut http, "/files/app.bin", "").back.met, 0, "none was asked for");

    let mut http = with(api(), HttpFault::WrongRange { by: Size(50) });
    let other = get(&mut http, "/files/app.bin", "Range: bytes=100-199\r\n");
    assert_eq!((other.status, other.body.as_slice()), (206, &file()[50..150]));
    assert_eq!(other.field("Content-Range"), Some("bytes 50-149/1000"));
}

#[test]
fn redirections_go_to_and_fro() {
    let mut http = with(api(), HttpFault::RedirectLoop);
    let there = get(&mut http, "/v1/config", "");
    assert_eq!((there.status, there.field("Location")), (307, Some("/moved/v1/config")));
    let back = get(&mut http, "/moved/v1/config", "");
    assert_eq!((back.status, back.field("Location")), (307, Some("/v1/config")));
}

#[test]
fn a_stale_answer_is_what_was_there_before() {
    let mut http = with(api(), HttpFault::Stale);
    let stale = get(&mut http, "/files/app.bin", "");
    assert_eq!((stale.status, stale.body.as_slice(), stale.back.met), (200, &b"the old one"[..], 1));
    let config = get(&mut http, "/v1/config", "");
    assert_eq!(config.json()["version"], json!(1));
    http.site_mut().unwrap().configure(r#"{"version":3}"#);
    assert_eq!(get(&mut http, "/v1/config", "").json()["version"], json!(2));
    assert_eq!(http.behave("fault"), Some(3));
    let fresh = get(&mut http, "/v1/config", "");
    assert_eq!(fresh.json()["version"], json!(3));
    assert_ne!(fresh.field("ETag"), config.field("ETag"));
}

#[test]
fn the_interface_drifts() {
    let config = get(&mut with(api(), HttpFault::VersionDrift), "/v1/config", "");
    let data = json!({"version": "2", "target": "21.0", "interval": "10"});
    assert_eq!(config.json(), json!({"apiVersion": "v2", "data": data}));
    let token = post(&mut with(identity(), HttpFault::VersionDrift), r#"{"id":"d"}"#);
    let token = token.json();
    assert_eq!(token["expires_at"], json!("Sat, 21 Nov 2026 09:00:09 GMT"));
    assert!(token.get("token").is_none() && token["access_token"].is_string());
}

#[test]
fn a_request_and_its_answer_are_seen() {
    let mut http = api();
    http.opened(NOW, CONN, DEVICE);
    http.received(NOW, CONN, b"GET /files/app.bin?v=2 HTTP/1.1\r\nHost: a\r\nRange: bytes=-7\r\n\r\n");
    let seen: Vec<HttpSeen> = std::iter::from_fn(|| http.output())
        .filter_map(|out| match out {
            StreamOut::Seen(Seen::Traffic(Traffic::Http(seen))) => Some(seen),
            _ => None,
        })
        .collect();
    let asked = HttpSeen::Asked {
        conn: CONN,
        method: "GET".to_owned(),
        path: "/files/app.bin".to_owned(),
        range: Some("bytes=-7".to_owned()),
    };
    assert_eq!(seen, [asked, HttpSeen::Answered { conn: CONN, status: 206, bytes: 7 }]);
}

#[test]
fn only_so_many_connections_stand() {
    let mut http = api();
    for conn in 0..100 {
        http.opened(NOW, Conn(conn), DEVICE);
    }
    assert_eq!(http.connections.len(), CONNECTIONS);
    assert!(back(&mut http).reset);
}

fn fault() -> impl Strategy<Value = HttpFault> {
    let size = (0..2000_i64).prop_map(Size);
    prop_oneof![
        size.clone().prop_map(|at| HttpFault::Truncated { at }),
        size.clone().prop_map(|at| HttpFault::Reset { at }),
        size.clone().prop_map(|at| HttpFault::Stall { at }),
        size.clone().prop_map(|by| HttpFault::WrongLength { says: MoreOrLess::Less, by }),
        size.prop_map(|by| HttpFault::WrongRange { by }),
        (0..1_000_000_i64).prop_map(|rate| HttpFault::Slow { rate: BitRate(rate) }),
        Just(HttpFault::RangeIgnored),
        Just(HttpFault::RedirectLoop),
        Just(HttpFault::VersionDrift),
    ]
}

/// Requests, good and bent, and anything else.
fn hostile() -> impl Strategy<Value = Vec<u8>> {
    let path = prop_oneof![Just("/v1/config".to_owned()), Just("/files/app.bin".to_owned()), "/\\PC{0,20}"];
    let field = prop_oneof![
        Just("Host: a".to_owned()),
        Just("Connection: close".to_owned()),
        "Range: bytes=[0-9]{0,4}-[0-9]{0,4}",
        "Content-Length: [0-9]{1,5}",
        "[A-Za-z-]{1,8}: \\PC{0,12}",
    ];
    let request = ("(GET|HEAD|POST)", path, proptest::collection::vec(field, 0..4)).prop_map(
        |(method, path, fields)| {
            format!("{method} {path} HTTP/1.1\r\nHost: b\r\n{}\r\n\r\n", fields.join("\r\n")).into_bytes()
        },
    );
    prop_oneof![request, proptest::collection::vec(any::<u8>(), 0..300)]
}

proptest! {
    #[test]
    fn anything_is_answered_or_refused(
        fault in fault(),
        messages in proptest::collection::vec(hostile(), 1..6),
        cut in 1..200_usize,
    ) {
        for mut http in [api(), identity()] {
            http.misbehave("fault", fault.clone());
            http.opened(NOW, CONN, DEVICE);
            let mut now = NOW;
            for message in &messages {
                for piece in message.chunks(cut) {
                    http.received(now, CONN, piece);
                    if let Some(next) = http.deadline().filter(|next| *next < NOW + IDLE) {
                        prop_assert!(next > now, "it asks for the past");
                        now = next;
                        http.poll(now);
                    }
                    back(&mut http);
                }
            }
            prop_assert!(http.connections.values().all(|connection| connection.received.len() <= MOST));
        }
    }
}

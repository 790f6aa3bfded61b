//! The driver against the lab's broker on a socket, and against mosquitto where that is installed.

use super::{Broker, BrokerParams};
use crate::clock::Stopwatch;
use brownout_core::language::{Decode, Diagnostics, parse};
use brownout_core::names::Dut;
use brownout_core::network::{Conn, End, MqttFault, MqttSeen, Payload, Publication, Traffic};
use brownout_core::port::Trouble;
use brownout_core::time::Instant;
use brownout_lab::service::{StreamOut, StreamService};
use brownout_ports::{Observed, Reports, Services, Watch};
use std::future::Future;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

fn params(text: &str) -> BrokerParams {
    let mut out = Diagnostics::new();
    let read = BrokerParams::decode(&parse(text).unwrap(), &mut out);
    read.unwrap_or_else(|| panic!("{:?}", out.into_sorted()))
}

fn start(text: &str) -> (Broker, Reports) {
    let (sender, reports) = Watch::channel();
    let dut = Dut::from("device");
    (Broker::start(params(text), Watch::on(dut, sender), Stopwatch::start()).unwrap(), reports)
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

async fn next(reports: &mut Reports) -> Observed {
    tokio::time::timeout(Duration::from_secs(10), reports.recv()).await.unwrap().unwrap().what
}

fn hello(topic: &str) -> Publication {
    Publication { topic: topic.to_owned(), payload: Payload::from("hello"), qos: 1, retain: false }
}

async fn hears_itself(broker: &Broker, reports: &mut Reports) {
    broker.publish(&hello("devices/7/telemetry")).await.unwrap();
    match next(reports).await {
        Observed::Traffic(Traffic::Mqtt(MqttSeen::Publish { conn, topic, payload, .. })) => {
            assert_eq!(
                (conn, topic.as_str(), payload),
                (Conn(0), "devices/7/telemetry", Payload::from("hello"))
            );
        }
        other => panic!("{other:?}"),
    }
}

/// The lab's broker on a socket, for one connection after the other; with a fault on the second second of each if there is
/// one.
fn serve(fault: Option<MqttFault>) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = one(stream.unwrap(), fault.as_ref());
        }
    });
    port
}

fn one(mut stream: TcpStream, fault: Option<&MqttFault>) -> std::io::Result<()> {
    let began = std::time::Instant::now();
    let now = || Instant(u64::try_from(began.elapsed().as_nanos()).unwrap());
    let mut broker = brownout_lab::mqtt::Broker::new(1);
    if let Some(fault) = fault {
        broker.misbehave(now(), "fault", fault.clone());
    }
    broker.opened(now(), Conn(1), SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));
    stream.set_read_timeout(Some(Duration::from_millis(10)))?;
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => broker.received(now(), Conn(1), &buffer[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => {
                broker.ended(now(), Conn(1), End::ResetByDevice);
                return Err(error);
            }
        }
        broker.poll(now());
        while let Some(out) = broker.output() {
            match out {
                StreamOut::Send { bytes, .. } => stream.write_all(&bytes)?,
                StreamOut::Close { .. } | StreamOut::Reset { .. } => return Ok(()),
                StreamOut::Deaf { .. } | StreamOut::Seen(_) => {}
            }
        }
    }
}

#[test]
fn it_listens_and_speaks() {
    let port = serve(None);
    let (broker, mut reports) = start(&format!("{{url: 'mqtt://127.0.0.1:{port}', within: 20s}}"));
    block(async {
        assert_eq!(
            broker.publish(&hello("a")).await.unwrap_err().trouble,
            Trouble::Silent,
            "before the start"
        );
        broker.start().await.unwrap();
        hears_itself(&broker, &mut reports).await;
        assert!(broker.provision().is_none());
        broker.stop().await.unwrap();
        broker.check().await.unwrap();
    });
}

#[test]
fn it_says_what_is_wrong_with_the_broker() {
    let refuses = serve(Some(MqttFault::Refuse { code: 0x87 }));
    let busy = serve(Some(MqttFault::Refuse { code: 0x89 }));
    let silent = serve(Some(MqttFault::Withhold { packet: brownout_core::network::BrokerPacket::Connack }));
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    for (port, trouble, word) in [
        (refuses, Trouble::Denied, "NotAuthorized"),
        (busy, Trouble::Busy, "ServerBusy"),
        (silent, Trouble::Silent, "does not answer"),
        (nobody, Trouble::Absent, "cannot be reached"),
    ] {
        let within = if port == silent { "1s" } else { "20s" };
        let (broker, _reports) = start(&format!("{{url: 'mqtt://127.0.0.1:{port}', within: {within}}}"));
        let error = block(broker.check()).unwrap_err();
        assert_eq!(error.trouble, trouble, "{error}");
        assert!(error.message.contains(word) && error.help.is_some(), "{error}");
    }
}

#[test]
fn a_connection_that_is_lost_is_told() {
    let kick = MqttFault::Kick { after: brownout_core::time::Duration::from_millis(300), code: Some(0x98) };
    let port = serve(Some(kick));
    let (broker, mut reports) = start(&format!("{{url: 'mqtt://127.0.0.1:{port}', within: 20s}}"));
    block(async {
        broker.start().await.unwrap();
        assert!(matches!(next(&mut reports).await, Observed::Lost(_)));
        assert!(broker.publish(&hello("a")).await.is_err());
    });
}

#[test]
fn files_and_secrets_that_are_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let der = folder.path().join("ca.der");
    std::fs::write(&der, [0x30, 0x82]).unwrap();
    let der = der.display();
    for (more, word) in [
        ("ca: /nowhere/ca.pem".to_owned(), "cannot be read"),
        (format!("ca: '{der}'"), "nothing in PEM"),
        (format!("cert: '{der}'"), "only one"),
        ("user: me, password_env: BROWNOUT_NO_SUCH_VARIABLE".to_owned(), "BROWNOUT_NO_SUCH_VARIABLE"),
        ("user: me, password_file: /nowhere/password".to_owned(), "cannot be read"),
        ("password_env: A, password_file: B".to_owned(), "both"),
    ] {
        let (broker, _reports) = start(&format!("{{url: 'mqtts://127.0.0.1', {more}}}"));
        let error = block(broker.check()).unwrap_err();
        assert!(error.message.contains(word), "{more}: {error}");
    }
}

#[test]
fn what_it_cannot_do_it_refuses() {
    let (broker, _reports) = start("{url: 'mqtt://127.0.0.1:1'}");
    let wrong = brownout_core::network::Misbehaviour {
        name: "mqtt_half_open".to_owned(),
        how: brownout_core::network::Misbehave::Mqtt(MqttFault::HalfOpen),
    };
    let error = block(broker.misbehave(&wrong)).unwrap_err();
    assert_eq!(error.trouble, Trouble::Mismatch);
    assert!(error.message.contains("mqtt_half_open"), "{error}");
}

/// Ends mosquitto when it is dropped.
struct Mosquitto(Child);

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn mosquitto(folder: &Path, more: &str) -> (Mosquitto, u16) {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let conf = folder.join("mosquitto.conf");
    // It gives up root for a user who may not read the folder.
    std::fs::write(&conf, format!("user root\nlistener {port} 127.0.0.1\n{more}\n")).unwrap();
    let child = Command::new("mosquitto").arg("-c").arg(&conf).stderr(Stdio::null()).spawn().unwrap();
    let guard = Mosquitto(child);
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(std::time::Instant::now() < until, "mosquitto does not listen");
        thread::yield_now();
    }
    (guard, port)
}

fn run(folder: &Path, program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).current_dir(folder).stderr(Stdio::null()).status();
    assert!(status.unwrap().success(), "{program} {arguments:?}");
}

#[test]
#[ignore = "needs mosquitto and openssl"]
fn mosquitto_is_listened_to_and_spoken_to() {
    let folder = tempfile::tempdir().unwrap();
    let (_mosquitto, port) = mosquitto(folder.path(), "allow_anonymous true");
    let (broker, mut reports) = start(&format!("{{url: 'mqtt://localhost:{port}', within: 20s}}"));
    block(async {
        broker.check().await.unwrap();
        broker.start().await.unwrap();
        hears_itself(&broker, &mut reports).await;
        broker.stop().await.unwrap();
    });
}

#[test]
#[ignore = "needs mosquitto and openssl"]
fn mosquitto_wants_credentials() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), "mosquitto_passwd", &["-c", "-b", "users", "bench", "right"]);
    let users = folder.path().join("users");
    let (_mosquitto, port) = mosquitto(folder.path(), &format!("password_file {}", users.display()));
    let secret = folder.path().join("secret");
    for (password, trouble) in [("right\n", None), ("wrong", Some(Trouble::Denied))] {
        std::fs::write(&secret, password).unwrap();
        let text =
            format!("{{url: 'mqtt://localhost:{port}', user: bench, password_file: '{}'}}", secret.display());
        let (broker, _reports) = start(&text);
        let error = block(broker.check()).err();
        assert_eq!(error.as_ref().map(|error| error.trouble), trouble, "{error:?}");
        assert!(error.is_none_or(|error| !error.message.contains("wrong")));
    }
}

#[test]
#[ignore = "needs mosquitto and openssl"]
fn mosquitto_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    let ca =
        [&["req", "-x509", "-subj", "/CN=test CA", "-keyout", "ca.key", "-out", "ca.pem"][..], &ec].concat();
    run(here, "openssl", &ca);
    run(
        here,
        "openssl",
        &[&["req", "-x509", "-subj", "/CN=other CA", "-keyout", "o.key", "-out", "o.pem"][..], &ec].concat(),
    );
    let leaf = ["req", "-x509", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    let leaf = [
        &leaf[..],
        &["-addext", "basicConstraints=critical,CA:FALSE"],
        &["-CA", "ca.pem", "-CAkey", "ca.key"],
    ]
    .concat();
    run(here, "openssl", &[&leaf[..], &["-keyout", "b.key", "-out", "b.pem"], &ec].concat());
    let file = |name: &str| here.join(name).display().to_string();
    let more = format!("allow_anonymous true\ncertfile {}\nkeyfile {}", file("b.pem"), file("b.key"));
    let (_mosquitto, port) = mosquitto(here, &more);
    let url = |host: &str, ca: &str| format!("{{url: 'mqtts://{host}:{port}', ca: '{}'}}", file(ca));

    let (broker, mut reports) = start(&url("localhost", "ca.pem"));
    block(async {
        broker.start().await.unwrap();
        hears_itself(&broker, &mut reports).await;
    });
    for (host, ca) in [("localhost", "o.pem"), ("127.0.0.1", "ca.pem")] {
        let (broker, _reports) = start(&url(host, ca));
        let error = block(broker.check()).unwrap_err();
        assert!(error.message.contains("certificate"), "{host} {ca}: {error}");
    }
}

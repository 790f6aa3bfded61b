//! OpenSSL as the device: it has to agree on what each faulty server serves, and we on what it says of that.
//!
//! These tests want `openssl` (Debian: the package of that name) and are ignored without being asked for.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]
#![allow(clippy::disallowed_methods, reason = "this is the world that the library does without")]

use brownout_core::network::{AlertDescription, BadCertificate, Conn, End, HandshakeState, TlsFault};
use brownout_core::time::Instant;
use brownout_lab::pki::{Entropy, Pki};
use brownout_lab::service::{StreamOut, StreamService};
use brownout_lab::tls::{Settings, Tls};
use core::net::SocketAddrV4;
use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOST: &str = "mqtt.brownout.test";

/// Greets who has sent a line, and closes.
#[derive(Debug, Default)]
struct Greeter(VecDeque<StreamOut>);

impl StreamService for Greeter {
    fn opened(&mut self, _: Instant, _: Conn, _: SocketAddrV4) {}

    fn received(&mut self, _: Instant, conn: Conn, bytes: &[u8]) {
        if bytes.ends_with(b"\n") {
            self.0.push_back(StreamOut::Send { conn, bytes: b"well met\n".to_vec() });
            self.0.push_back(StreamOut::Close { conn });
        }
    }

    fn ended(&mut self, _: Instant, _: Conn, _: End) {}

    fn poll(&mut self, _: Instant) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn output(&mut self) -> Option<StreamOut> {
        self.0.pop_front()
    }
}

/// A folder with what OpenSSL reads, and the server's certificates.
struct Bench {
    folder: PathBuf,
    pki: Arc<Pki>,
    epoch: i64,
}

/// What both ends said.
#[derive(Debug)]
struct Said {
    openssl: String,
    server: String,
}

impl Bench {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        let pki = Arc::new(Pki::new(1, epoch, "thermostat-1", &[HOST]).unwrap());
        let bench = Self { folder, pki, epoch };
        bench.pem(&["x509"], "root", &bench.pki.root());
        bench.pem(&["x509"], "device", &bench.pki.device().chain[0]);
        // ECPrivateKey (RFC 5915): version 1, the scalar, prime256v1.
        let mut key = vec![0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20];
        key.extend(bench.pki.device().key.scalar());
        key.extend([0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
        bench.pem(&["ec"], "key", &key);
        bench
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    fn pem(&self, command: &[&str], name: &str, der: &[u8]) {
        let from = self.path(&format!("{name}.der"));
        std::fs::write(&from, der).unwrap();
        let to = self.path(&format!("{name}.pem"));
        let arguments = ["-inform", "DER", "-in", &from, "-out", &to];
        let done = Command::new("openssl").args(command).args(arguments).output().unwrap();
        assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// OpenSSL connects to a server with a fault.
    fn meet(&self, fault: Option<TlsFault>, version: &str) -> Said {
        let mut server = Tls::new(
            Greeter::default(),
            self.pki.clone(),
            Settings::default(),
            &Entropy::new(1, "test"),
            self.epoch,
        )
        .unwrap();
        if let Some(fault) = fault {
            server.misbehave(Instant::ZERO, "fault", fault).unwrap();
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let mut openssl = Command::new("openssl")
            .args(["s_client", version, "-brief", "-verify_return_error", "-CAfile", &self.path("root.pem")])
            .args(["-connect", &listener.local_addr().unwrap().to_string()])
            .args(["-servername", HOST, "-verify_hostname", HOST])
            .args(["-cert", &self.path("device.pem"), "-key", &self.path("key.pem")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        openssl.stdin.as_mut().unwrap().write_all(b"hello\n").unwrap();
        let began = std::time::Instant::now();
        let stream = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    assert!(began.elapsed() < Duration::from_secs(20), "openssl does not connect");
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(error) => panic!("{error}"),
            }
        };
        let server = serve(&mut server, stream);
        let _ = openssl.kill();
        let output = openssl.wait_with_output().unwrap();
        let openssl = [output.stdout, output.stderr].concat();
        Said { openssl: String::from_utf8_lossy(&openssl).into_owned(), server }
    }
}

/// Serves one connection until both sides have closed it, or nobody has said anything for a second.
fn serve(server: &mut Tls<Greeter>, mut stream: TcpStream) -> String {
    let began = std::time::Instant::now();
    let now = || Instant(began.elapsed().as_nanos() as u64);
    let SocketAddr::V4(peer) = stream.peer_addr().unwrap() else { panic!("not IPv4") };
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    server.opened(now(), Conn(1), peer);
    let mut seen = String::new();
    let mut quiet = 0;
    let mut buffer = [0; 20_000];
    while quiet < 10 {
        quiet += 1;
        match stream.read(&mut buffer) {
            Ok(0) => {
                server.ended(now(), Conn(1), End::ByDevice);
                quiet = 10;
            }
            Ok(read) => {
                quiet = 0;
                server.received(now(), Conn(1), &buffer[..read]);
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => {
                server.ended(now(), Conn(1), End::ResetByDevice);
                quiet = 10;
            }
        }
        server.poll(now());
        while let Some(out) = server.output() {
            match out {
                StreamOut::Send { bytes, .. } => drop(stream.write_all(&bytes)),
                StreamOut::Close { .. } => drop(stream.shutdown(Shutdown::Write)),
                StreamOut::Reset { .. } => return seen + "reset",
                StreamOut::Deaf { .. } => (),
                StreamOut::Seen(what) => seen += &format!("{what:?}\n"),
            }
        }
    }
    seen
}

#[test]
#[ignore = "needs openssl"]
fn openssl_takes_what_is_good() {
    let bench = Bench::new("good");
    for (version, named) in [("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2")] {
        for fault in [
            None,
            Some(TlsFault::CaRotated { cross_signed: true }),
            Some(TlsFault::OversizedChain { bytes: 40_000 }),
            Some(TlsFault::TicketRefused),
        ] {
            let said = bench.meet(fault.clone(), version);
            assert!(
                said.openssl.contains("Verification: OK") && said.openssl.contains("well met"),
                "{said:#?}"
            );
            let agreed = format!("version: \"{named}\"");
            assert!(
                said.server.contains(&agreed) && said.server.contains("Some(\"thermostat-1\")"),
                "{said:#?}"
            );
        }
    }
}

#[test]
#[ignore = "needs openssl"]
fn openssl_names_what_is_wrong_with_each_certificate() {
    let bench = Bench::new("bad");
    for version in ["-tls1_3", "-tls1_2"] {
        let rotated = TlsFault::CaRotated { cross_signed: false };
        for (fault, error, alert) in [
            (BadCertificate::Expired, "num=10:certificate has expired", "certificate_expired"),
            (BadCertificate::NotYetValid, "num=9:certificate is not yet valid", "bad_certificate"),
            (BadCertificate::WrongHost, "num=62:hostname mismatch", "bad_certificate"),
            (BadCertificate::UnknownCa, "num=20:unable to get local issuer certificate", "unknown_ca"),
            (BadCertificate::SelfSigned, "num=18:self-signed certificate", "unknown_ca"),
            (
                BadCertificate::MissingIntermediate,
                "num=20:unable to get local issuer certificate",
                "unknown_ca",
            ),
            (BadCertificate::ExpiredIntermediate, "num=10:certificate has expired", "certificate_expired"),
            (BadCertificate::WrongUsage, "num=26:unsuitable certificate purpose", "unsupported_certificate"),
            (BadCertificate::Weak, "num=68:CA signature digest algorithm too weak", "bad_certificate"),
            (BadCertificate::KeyMismatch, "bad signature", "decrypt_error"),
        ]
        .map(|(how, error, alert)| (TlsFault::Certificate(how), error, alert))
        .into_iter()
        .chain([(rotated, "num=20:unable to get local issuer certificate", "unknown_ca")])
        {
            let said = bench.meet(Some(fault.clone()), version);
            assert!(said.openssl.contains(error), "{fault:?} {version}: {said:#?}");
            assert!(!said.openssl.contains("well met"), "{fault:?} {version}: {said:#?}");
            let alert = format!("Alert {{ conn: Conn(1), description: \"{alert}\", fatal: true }}");
            assert!(said.server.contains(&alert), "{fault:?} {version}: {said:#?}");
            assert!(said.server.contains("Met") && !said.server.contains("FirstData"), "{said:#?}");
        }
    }
}

#[test]
#[ignore = "needs openssl"]
fn openssl_sees_how_a_connection_goes_wrong() {
    let bench = Bench::new("wrong");
    let alert = AlertDescription::CertificateRevoked;
    for version in ["-tls1_3", "-tls1_2"] {
        for (fault, text) in [
            (TlsFault::ClientRefused { alert }, "alert certificate revoked"),
            (TlsFault::NoCommonVersion, "alert protocol version"),
            (
                TlsFault::Alert { description: AlertDescription::InternalError, after: 4 },
                "alert internal error",
            ),
            (TlsFault::TruncatedClose { after: 4 }, "unexpected eof while reading"),
        ] {
            let said = bench.meet(Some(fault.clone()), version);
            assert!(said.openssl.contains(text), "{fault:?} {version}: {said:#?}");
            assert!(!said.openssl.contains("well met") && said.server.contains("Met"), "{said:#?}");
        }
        for at in HandshakeState::ALL {
            let said = bench.meet(Some(TlsFault::Reset { at: *at }), version);
            assert!(said.server.ends_with("reset") && said.server.contains("Met"), "{at:?}: {said:#?}");
            assert!(!said.openssl.contains("well met"), "{at:?}: {said:#?}");
        }
    }
}

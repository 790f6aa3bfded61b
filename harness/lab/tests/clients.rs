//! What ordinary clients make of the services, good and faulty.
//!
//! These tests want `dig`, `chronyd`, `curl`, `openssl` and the clients of mosquitto (Debian: bind9-dnsutils, chrony, curl,
//! openssl, mosquitto-clients), chronyd also root, and are ignored without being asked for. They ask the example `serve`:
//! `cargo build -p brownout-lab --example serve`, then `cargo test -p brownout-lab --test clients -- --ignored`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    missing_docs,
    reason = "runs programs against sockets"
)]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// The services on sockets of the loopback interface, until it is dropped.
struct Served {
    process: Child,
    ports: Vec<(String, String)>,
    pki: tempfile::TempDir,
}

impl Served {
    /// Serves these on ports that are free.
    fn new(services: &[&str], faults: &[&str]) -> Self {
        let pki = tempfile::tempdir().unwrap();
        let here = std::env::current_exe().unwrap();
        let serve: PathBuf = here.parent().unwrap().with_file_name("examples").join("serve");
        let mut command = Command::new(serve);
        command.args(services.iter().map(|service| format!("{service}=127.0.0.1:0")));
        command.arg(format!("pki={}", pki.path().display())).args(faults);
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let told: Vec<String> = lines.by_ref().take_while(|line| line != "ready").collect();
        // Nobody reads what is seen; it must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let port = |line: &String| {
            let (service, at) = line.split_once(" at ")?;
            Some((service.to_owned(), at.rsplit_once(':')?.1.to_owned()))
        };
        Self { process, ports: told.iter().filter_map(port).collect(), pki }
    }

    fn port(&self, service: &str) -> &str {
        &self.ports.iter().find(|(of, _)| of == service).unwrap().1
    }

    fn pki(&self, file: &str) -> String {
        self.pki.path().join(file).display().to_string()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// What a program says, on both of its outputs; it is ended after 20 s.
fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new("timeout").arg("20").arg(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.unwrap();
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).into_owned()
}

fn dig(fault: &str, arguments: &[&str]) -> String {
    let served = Served::new(&["dns"], if fault.is_empty() { &[] } else { std::slice::from_ref(&fault) });
    let port = served.port("dns");
    run("dig", &[&["@127.0.0.1", "-p", port, "+tries=1", "+time=2"], arguments].concat())
}

#[test]
#[ignore = "needs dig"]
fn dig_agrees_with_the_name_server() {
    let name = "mqtt.brownout.test";
    for (fault, arguments, expected) in [
        ("", &[name] as &[&str], "198.18.0.10"),
        ("", &["+tcp", name], "198.18.0.10"),
        ("", &["nobody.test"], "NXDOMAIN"),
        ("", &["+edns=1", "+noednsneg", name], "BADVERS"),
        ("dns_error: {as: nxdomain}", &[name], "NXDOMAIN"),
        ("dns_error: {as: servfail, of: broker}", &[name], "SERVFAIL"),
        ("dns_error: {as: servfail, of: broker}", &["time.brownout.test"], "198.18.0.20"),
        ("dns_error: {as: refused}", &[name], "REFUSED"),
        ("dns_silence: {}", &[name], "timed out"),
        ("dns_wrong_address: {}", &[name], "198.18.9.9"),
        ("dns_truncated: {}", &[name], "Truncated, retrying in TCP mode"),
        ("dns_truncated: {}", &["+ignore", name], "flags: qr aa tc rd ra"),
        ("dns_wrong_id: {}", &[name], "ID mismatch"),
        ("dns_cname_loop: {}", &["alias.mqtt.brownout.test"], "CNAME\tmqtt.brownout.test."),
        ("dns_ttl: {ttl: 7d}", &["+noall", "+answer", name], "604800"),
    ] {
        let said = dig(fault, arguments);
        assert!(said.contains(expected), "{fault} {arguments:?}: {said}");
    }
}

#[test]
#[ignore = "needs chronyd, and root"]
fn chronyd_agrees_with_the_time_server() {
    for (fault, expected) in [
        ("", "System clock wrong by"),
        ("ntp_wrong_time: {off: -365d}", "System clock wrong by -31536000.0"),
        ("ntp_kiss_of_death: {code: RATE}", "Received KoD RATE"),
        ("ntp_unsynchronised: {}", "Timeout reached"),
        ("ntp_silence: {}", "Timeout reached"),
    ] {
        let served = Served::new(&["ntp"], if fault.is_empty() { &[] } else { std::slice::from_ref(&fault) });
        let server = format!("server 127.0.0.1 port {} iburst maxsamples 1", served.port("ntp"));
        let said = run("chronyd", &["-Q", "-t", "6", "-f", "/dev/null", &server]);
        assert!(said.contains(expected), "{fault}: {said}");
    }
}

#[test]
#[ignore = "needs curl"]
fn curl_agrees_with_the_servers_of_http() {
    for (fault, arguments, expected) in [
        ("", &[] as &[&str], "\"version\":2"),
        ("", &["-r", "2-8"], "version"),
        ("", &["-D", "-", "-o", "/dev/null", "-r", "999-"], "416 Range Not Satisfiable"),
        ("http_status: {code: 429, retry_after: 30s}", &["-D", "-"], "Retry-After: 30"),
        ("http_truncated: {at: 10B}", &["-S"], "(18)"),
        ("http_wrong_length: {says: more}", &["-S"], "(18)"),
        ("http_stall: {at: 10B}", &["-S", "-m", "2"], "(28)"),
        ("http_redirect_loop: {}", &["-S", "-L"], "(47)"),
        ("http_stale: {}", &[], "\"version\":1"),
        ("http_version_drift: {}", &[], "\"apiVersion\":\"v2\""),
    ] {
        let faults = if fault.is_empty() { &[] } else { std::slice::from_ref(&fault) };
        for over_tls in [false, true] {
            let (service, scheme) = if over_tls { ("api", "https") } else { ("plain:api", "http") };
            let served = Served::new(&[service], faults);
            let port = served.port(service);
            let url = format!("{scheme}://api.brownout.test:{port}/v1/config");
            let resolve = format!("api.brownout.test:{port}:127.0.0.1");
            let root = served.pki("root.pem");
            let said =
                run("curl", &[&["-s", "--resolve", &resolve, "--cacert", &root, &url], arguments].concat());
            assert!(said.contains(expected), "{fault} {arguments:?} {scheme}: {said}");
        }
    }
}

#[test]
#[ignore = "needs openssl"]
fn openssl_agrees_with_the_certificates() {
    let served = Served::new(&["broker"], &[]);
    let at = format!("127.0.0.1:{}", served.port("broker"));
    let [root, certificate, key] = ["root.pem", "device.pem", "device.key"].map(|file| served.pki(file));
    let for_host = |host: &str| {
        let trust = ["-CAfile", &root, "-servername", host, "-verify_hostname", host];
        let show = ["-cert", &certificate, "-key", &key];
        run("openssl", &[&["s_client", "-connect", &at], &trust[..], &show[..]].concat())
    };
    let good = for_host("mqtt.brownout.test");
    assert!(good.contains("Verify return code: 0 (ok)") && good.contains("TLSv1.3"), "{good}");
    let other = for_host("other.brownout.test");
    assert!(other.to_lowercase().contains("hostname mismatch"), "{other}");
}

#[test]
#[ignore = "needs the clients of mosquitto"]
fn mosquitto_clients_agree_with_the_broker() {
    let served = Served::new(&["plain:broker"], &[]);
    let port = served.port("plain:broker");
    for version in ["mqttv311", "mqttv5"] {
        let at = ["-h", "127.0.0.1", "-p", port, "-V", version, "-t", "devices/x/state", "-q", "1"];
        let said = run("mosquitto_pub", &[&at[..], &["-r", "-m", version]].concat());
        assert_eq!(said, "", "{version}");
        assert_eq!(run("mosquitto_sub", &[&at[..], &["-C", "1"]].concat()).trim(), version);
    }
    let refused = Served::new(&["plain:broker"], &["mqtt_refused: {code: banned}"]);
    let said = run(
        "mosquitto_pub",
        &["-h", "127.0.0.1", "-p", refused.port("plain:broker"), "-V", "mqttv5", "-t", "a", "-n"],
    );
    assert!(said.to_lowercase().contains("banned"), "{said}");
}

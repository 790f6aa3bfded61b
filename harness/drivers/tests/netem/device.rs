//! What a device meets at the other end of its cable: the machine's own network stack is the device here.

use crate::guest::{open, program, reports};
use brownout_core::action::Done;
use brownout_core::network::{
    Absence, Conditions, Direction, Impair, Impairment, Loss, Misbehave, Misbehaviour, Service,
};
use brownout_core::quantity::Share;
use brownout_ports::Doors;
use nix::libc;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Names the ports of a rig that a process is to open and hold until it is killed.
pub(crate) const HOLD: &str = "BROWNOUT_HOLD";
const WITHIN: Duration = Duration::from_secs(3);
/// As long as it is waited for what must not come.
const BRIEFLY: Duration = Duration::from_millis(400);

/// Asks the services for everything that a device asks them for, through a link of one kind.
pub(crate) async fn behind(kind: &str, text: &mut String) -> Result<(), String> {
    let _ = writeln!(text, "behind {kind}");
    let ports = match kind {
        "inline" => "link: {inline: {interface: rig0}}, services: inline",
        _ => "link: {netem: {interface: rig0}}, services: {gateway: {interface: rig0}}",
    };
    checksums_in_full().map_err(|error| format!("ethtool: {error}"))?;
    let (mut bench, doors) = open(ports)?;
    let outcome = use_all(&doors).await.map_err(|error| format!("{kind}: {error}"));
    let Doors { link, services, .. } = doors;
    drop(services);
    if let Some(link) = link {
        link.disconnect().await.map_err(|error| error.to_string())?;
    }
    reports(&mut bench, text);
    drop(bench);
    program("ip", &["addr", "flush", "dev", "dut0"])?;
    outcome?;
    // The interface is here again.
    wait_for(|| program("ip", &["link", "show", "rig0"]).is_ok())
}

async fn use_all(doors: &Doors) -> Result<(), String> {
    let link = doors.link.clone().ok_or("no link")?;
    let services = doors.services.clone().ok_or("no services")?;
    let said = |what: &'static str| move |error| format!("{what}: {error}");
    services.check().await.map_err(said("services, check"))?;
    link.check().await.map_err(said("link, check"))?;
    services.start().await.map_err(said("start"))?;
    link.connect().await.map_err(said("connect"))?;
    services.provision().filter(|page| page.starts_with(b"BRNP")).ok_or("there is no page to provision")?;
    for line in ["addr add 10.77.0.100/24 dev dut0", "route replace default via 10.77.0.1"] {
        program("ip", &line.split(' ').collect::<Vec<_>>())?;
    }
    wait_for(|| name().is_ok()).map_err(|_| format!("dns: {:?}", name()))?;
    lease()?;
    time()?;
    broker()?;

    let down = |how| Misbehaviour {
        name: "down".to_owned(),
        how: Misbehave::Down { services: vec![Service::Broker], how },
    };
    services.misbehave(&down(Absence::Refuses)).await.map_err(said("refuse"))?;
    refused()?;
    services.misbehave(&down(Absence::Silent)).await.map_err(said("be silent"))?;
    silent()?;
    services.behave("down").await.map_err(said("behave"))?;
    wait_for(|| broker().is_ok()).map_err(|_| format!("the broker does not come back: {:?}", broker()))?;

    let loss = Some(Loss::Random(Share(1_000_000)));
    let how = Impair::Conditions {
        direction: Direction::Down,
        conditions: Conditions { loss, ..Conditions::default() },
    };
    link.impair(&Impairment { name: "blackout".to_owned(), how }).await.map_err(said("blackout"))?;
    if let Ok(answer) = name() {
        return Err(format!("an answer came through a blackout: {answer}"));
    }
    match link.mend("blackout").await.map_err(said("mend"))? {
        Done::Counted { times: 1.. } => {}
        other => return Err(format!("the blackout was not met: {other:?}")),
    }
    wait_for(|| name().is_ok()).map_err(|_| "nothing comes after the blackout".to_owned())?;

    link.impair(&Impairment { name: "unplug".to_owned(), how: Impair::Unplug })
        .await
        .map_err(said("unplug"))?;
    wait_for(|| !has_link()).map_err(|_| "the device keeps its link without a cable".to_owned())?;
    link.mend("unplug").await.map_err(said("plug"))?;
    wait_for(has_link).map_err(|_| "the device has no link with its cable plugged".to_owned())?;
    services.stop().await.map_err(said("stop"))
}

/// Whether the device's interface has a link.
fn has_link() -> bool {
    std::fs::read_to_string("/sys/class/net/dut0/carrier").is_ok_and(|carrier| carrier.trim() == "1")
}

/// What is wrong with a rig is said before anything is done.
pub(crate) async fn bad_inputs(text: &mut String) -> Result<(), String> {
    for (ports, side) in [
        ("link: {netem: {interface: eth9}}", "link"),
        ("link: {netem: {interface: rig0, namespace: nowhere}}", "link"),
        ("link: {inline: {interface: lo}}, services: inline", "services"),
        (
            "link: {netem: {interface: rig0}}, services: {gateway: {interface: rig0, namespace: taken}}",
            "services",
        ),
        ("link: {inline: {interface: rig0}}, services: {gateway: {interface: rig0}}", "rig"),
    ] {
        if ports.contains("taken") {
            take_a_port()?;
        }
        let error = match open(ports) {
            Ok((_bench, doors)) => {
                let checked = match (side, doors.link, doors.services) {
                    ("link", Some(link), _) => link.check().await,
                    (_, _, Some(services)) => services.check().await,
                    _ => Ok(()),
                };
                match checked {
                    Ok(()) => return Err(format!("nothing is wrong with `{ports}`")),
                    Err(error) => format!("{error}; {}", error.help.as_deref().unwrap_or_default()),
                }
            }
            Err(error) => error,
        };
        let _ = writeln!(text, "bad {error}");
    }
    wait_for(|| program("ip", &["link", "show", "rig0"]).is_ok())
}

/// A namespace with a name, the interface in it, and a broker that is somebody else's.
fn take_a_port() -> Result<(), String> {
    program("ip", &["netns", "add", "taken"])?;
    program("ip", &["link", "set", "rig0", "netns", "taken"])?;
    let namespace = std::fs::File::open("/run/netns/taken").map_err(|error| error.to_string())?;
    let serve = move || -> io::Result<()> {
        nix::sched::setns(namespace, nix::sched::CloneFlags::CLONE_NEWNET)?;
        for line in ["link set lo up", "addr add 198.18.0.10/32 dev lo"] {
            program("ip", &line.split(' ').collect::<Vec<_>>()).map_err(io::Error::other)?;
        }
        let _taken = std::net::TcpListener::bind("198.18.0.10:8883")?;
        std::thread::sleep(WITHIN);
        program("ip", &["link", "set", "rig0", "netns", "1"]).map_err(io::Error::other)
    };
    let (sender, ready) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = serve();
        drop(sender);
    });
    let _: Result<(), _> = ready.recv_timeout(BRIEFLY);
    Ok(())
}

/// A process that is killed leaves nothing.
pub(crate) fn killed(text: &mut String) -> Result<(), String> {
    let holder = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut holder = Command::new(holder)
        .env(HOLD, "link: {netem: {interface: rig0}}, services: {gateway: {interface: rig0}}")
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let mut line = String::new();
    let out = holder.stdout.take().ok_or("no output")?;
    BufReader::new(out).read_line(&mut line).map_err(|error| error.to_string())?;
    let there = program("ip", &["link", "show", "rig0"]).is_ok();
    holder.kill().and_then(|()| holder.wait()).map_err(|error| error.to_string())?;
    if there || line != "holding\n" {
        return Err(format!("the interface was not moved: {line:?}"));
    }
    // Both ends of a pair end with the namespace of one; a physical interface comes back.
    wait_for(|| program("ip", &["link", "show", "dut0"]).is_err())
        .map_err(|_| "the namespace outlived the process that made it".to_owned())?;
    let _ = writeln!(text, "killed and nothing left");
    Ok(())
}

/// Opens a rig, and waits to be killed.
pub(crate) fn hold() -> ! {
    let ports = std::env::var(HOLD).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (_bench, doors) = open(&ports).unwrap();
    runtime.block_on(async {
        if let Some(services) = &doors.services {
            services.start().await.unwrap();
        }
        doors.link.as_ref().unwrap().connect().await.unwrap();
    });
    println!("holding");
    std::thread::sleep(Duration::from_secs(60));
    std::process::exit(1)
}

fn wait_for(condition: impl Fn() -> bool) -> Result<(), String> {
    let begun = Instant::now();
    while !condition() {
        if begun.elapsed() > 2 * WITHIN {
            return Err("it did not come".to_owned());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// Asks for a datagram's answer.
fn asked(to: &str, question: &[u8]) -> Result<Vec<u8>, String> {
    let ask = || -> io::Result<Vec<u8>> {
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.set_read_timeout(Some(BRIEFLY))?;
        socket.connect(to)?;
        socket.send(question)?;
        let mut answer = vec![0; 1500];
        let length = socket.recv(&mut answer)?;
        answer.truncate(length);
        Ok(answer)
    };
    ask().map_err(|error| error.to_string())
}

/// Asks for the broker's address.
fn name() -> Result<String, String> {
    let mut question = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in ["mqtt", "brownout", "test"] {
        question.push(label.len() as u8);
        question.extend(label.as_bytes());
    }
    question.extend([0, 0, 1, 0, 1]);
    let answer = asked("10.77.0.1:53", &question)?;
    match answer.windows(4).any(|bytes| bytes == [198, 18, 0, 10]) {
        true => Ok("198.18.0.10".to_owned()),
        false => Err(format!("no address in {answer:02x?}")),
    }
}

/// Asks for an address, as a device that has none.
fn lease() -> Result<(), String> {
    let ask = || -> io::Result<Vec<u8>> {
        let socket = UdpSocket::bind("0.0.0.0:68")?;
        nix::sys::socket::setsockopt(
            &socket,
            nix::sys::socket::sockopt::BindToDevice,
            &OsString::from("dut0"),
        )?;
        socket.set_broadcast(true)?;
        socket.set_read_timeout(Some(WITHIN))?;
        // BOOTP: a request, Ethernet, six bytes of address, no hops; a number; the answer to everybody.
        let mut question = vec![1, 1, 6, 0, 9, 8, 7, 6, 0, 0, 0x80, 0];
        question.resize(28, 0);
        question.extend([2, 0, 0, 0, 0, 9]);
        question.resize(236, 0);
        // The options: which there are, DHCPDISCOVER, no more.
        question.extend([99, 130, 83, 99, 53, 1, 1, 255]);
        question.resize(300, 0);
        socket.send_to(&question, "255.255.255.255:67")?;
        let mut answer = vec![0; 1500];
        let length = socket.recv(&mut answer)?;
        answer.truncate(length);
        Ok(answer)
    };
    let answer = ask().map_err(|error| format!("dhcp: {error}"))?;
    match answer.get(16..20) {
        Some([10, 77, 0, 100..=254]) if answer.get(4..8) == Some(&[9, 8, 7, 6]) => Ok(()),
        _ => Err(format!("dhcp: no address in {answer:02x?}")),
    }
}

/// Asks for the time.
fn time() -> Result<(), String> {
    let mut question = [0; 48];
    question[0] = 0x23;
    let answer = asked("198.18.0.20:123", &question).map_err(|error| format!("ntp: {error}"))?;
    match answer.first().map(|first| first & 7) {
        Some(4) if answer.len() == 48 => Ok(()),
        _ => Err(format!("ntp: {answer:02x?}")),
    }
}

fn connect() -> io::Result<TcpStream> {
    let to: SocketAddr = "198.18.0.10:1883".parse().map_err(io::Error::other)?;
    let stream = TcpStream::connect_timeout(&to, BRIEFLY)?;
    stream.set_read_timeout(Some(WITHIN))?;
    Ok(stream)
}

/// Connects to the broker, without TLS, and says the first words.
fn broker() -> Result<(), String> {
    let talk = || -> io::Result<u8> {
        let mut stream = connect()?;
        stream.write_all(&[0x10, 13, 0, 4, b'M', b'Q', b'T', b'T', 4, 2, 0, 60, 0, 1, b'x'])?;
        let mut first = [0];
        stream.read_exact(&mut first)?;
        Ok(first[0])
    };
    match talk() {
        // CONNACK, whatever it says.
        Ok(0x20) => Ok(()),
        other => Err(format!("broker: {other:?}")),
    }
}

fn refused() -> Result<(), String> {
    match connect() {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        other => Err(format!("a broker that refuses: {other:?}")),
    }
}

fn silent() -> Result<(), String> {
    match connect() {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(()),
        other => Err(format!("a broker that is silent: {other:?}")),
    }
}

/// Frames on a virtual pair may leave without their checksums, which no cable would carry; on a socket for frames they
/// would be seen like that.
fn checksums_in_full() -> io::Result<()> {
    const SIOCETHTOOL: libc::Ioctl = 0x8946;
    const ETHTOOL_STXCSUM: u32 = 0x17;
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    let mut value = [ETHTOOL_STXCSUM, 0];
    // SAFETY: for all of its fields zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"dut0") {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_data = value.as_mut_ptr().cast();
    // SAFETY: the request names two numbers that outlive the call.
    let done = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL, &raw mut request) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

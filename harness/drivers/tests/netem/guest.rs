//! What runs in the machine: frames through a pair of interfaces, with netem on one of them.

use crate::machine::{self, FOLDER, RESULT};
use crate::traffic::{self, Arrival, Case};
use brownout_core::network::{Conditions, Direction, Impair, Impairment, Loss};
use brownout_core::quantity::Share;
use brownout_core::rig_file::RigFile;
use brownout_drivers::Rig;
use brownout_ports::{Bench, Doors, Link, Observed};
use nix::libc;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockType, recvmsg, send, setsockopt, socket,
    sockopt,
};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IoSliceMut, Write as _};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The protocols of raw sockets.
const EVERYTHING: u16 = libc::ETH_P_ALL as u16;
const EXPERIMENT: u16 = 0x88b5;
/// How many changes are measured.
const CHANGES: u32 = 400;
/// How many times `tc` is.
const SPAWNS: u32 = 60;

/// Does everything, leaves the result, and halts the machine.
pub(crate) fn run() -> ! {
    let result = everything().unwrap_or_else(|error| format!("error {error}\n"));
    if let Some(folder) = std::env::var_os(FOLDER) {
        let path = std::path::Path::new(&folder).join(RESULT);
        // The machine halts without writing back what it holds of files.
        let _ = std::fs::File::create(path).and_then(|mut file| {
            file.write_all(result.as_bytes())?;
            file.sync_all()
        });
    }
    let _ = nix::sys::reboot::reboot(nix::sys::reboot::RebootMode::RB_POWER_OFF);
    std::process::exit(0)
}

fn everything() -> Result<String, String> {
    prepare().map_err(|error| format!("preparing the machine: {error}"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let mut text = String::new();
        netem(&mut text).await?;
        crate::device::bad_inputs(&mut text).await?;
        crate::device::behind("inline", &mut text).await?;
        crate::device::behind("gateway", &mut text).await?;
        crate::device::killed(&mut text)?;
        Ok(text)
    })
}

/// Opens a rig with one device, of which this is the file but for its beginning.
pub(crate) fn open(ports: &str) -> Result<(Bench, Doors), String> {
    let text = format!("rig: machine\nclock: wall\nduts: {{dut: {{board: none, {ports}}}}}\n");
    let file = RigFile::read("rig.yaml", &text).map_err(|problems| format!("{problems:?}"))?;
    let rig = Rig::of(&file).map_err(|problems| format!("{problems:?}"))?;
    let board = brownout_drivers::BoardFacts { chip: String::new(), baud: 115_200 };
    let boards = BTreeMap::from([("none".to_owned(), board)]);
    let bench = rig
        .open(&boards, 1)
        .map_err(|error| format!("{error}; {}", error.help.as_deref().unwrap_or_default()))?;
    let doors = bench.duts.values().next().cloned().ok_or("the rig has no device")?;
    Ok((bench, doors))
}

/// Everything that netem can do, through a rig's link port.
async fn netem(text: &mut String) -> Result<(), String> {
    let (mut bench, doors) = open("link: {netem: {interface: rig0}}")?;
    let link = doors.link.ok_or("the rig has no link")?;
    link.check().await.map_err(|error| format!("check: {error}"))?;
    link.connect().await.map_err(|error| format!("connect: {error}"))?;
    let wire = Wires::open().map_err(|error| format!("opening sockets: {error}"))?;
    for case in traffic::cases() {
        let arrivals = through(&wire, &link, &case).await?;
        let _ = writeln!(text, "case {}", case.name);
        for Arrival { number, sent, received, intact } in arrivals {
            let _ = writeln!(text, "{number} {sent} {received} {intact}");
        }
    }
    refusals(&link, text).await?;
    changes(&link, text).await?;
    both_ways(&wire, &link, text).await?;
    link.disconnect().await.map_err(|error| format!("disconnect: {error}"))?;
    reports(&mut bench, text);
    Ok(())
}

/// Makes a pair of interfaces: `rig0` is the harness's, `dut0` the device's.
fn prepare() -> Result<(), String> {
    let flags = nix::mount::MsFlags::empty();
    // What is written below /run stays in the machine.
    for (kind, at) in [("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/run")] {
        nix::mount::mount(Some(kind), at, Some(kind), flags, None::<&str>)
            .map_err(|error| format!("{at}: {error}"))?;
    }
    let name = nix::sys::utsname::uname().map_err(|error| error.to_string())?;
    let release = name.release().to_string_lossy().into_owned();
    for path in [
        "drivers/net/veth.ko",
        "drivers/net/ifb.ko",
        "net/sched/sch_netem.ko",
        "net/sched/sch_ingress.ko",
        "net/sched/cls_matchall.ko",
        "net/sched/act_mirred.ko",
    ] {
        let path = machine::module(&release, path);
        let file = std::fs::File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        nix::kmod::finit_module(&file, c"", nix::kmod::ModuleInitFlags::empty())
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    // No neighbours are looked for: nothing passes but our frames.
    let _ = std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    for line in ["link add rig0 type veth peer name dut0", "link set dut0 up", "link set rig0 up"] {
        program("ip", &line.split(' ').collect::<Vec<_>>())?;
    }
    Ok(())
}

pub(crate) fn program(name: &str, arguments: &[&str]) -> Result<(), String> {
    let path = ["/sbin", "/bin", "/usr/sbin", "/usr/bin"].map(|folder| format!("{folder}/{name}"));
    let path =
        path.iter().find(|path| std::path::Path::new(path).is_file()).ok_or(format!("there is no {name}"))?;
    let output = Command::new(path).args(arguments).output().map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{name} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
}

/// A raw socket at each end of the pair.
struct Wires {
    rig: OwnedFd,
    dut: OwnedFd,
}

impl Wires {
    fn open() -> io::Result<Self> {
        Ok(Self { rig: raw("rig0", EVERYTHING)?, dut: raw("dut0", EVERYTHING)? })
    }
}

fn raw(interface: &str, protocol: u16) -> io::Result<OwnedFd> {
    let fd =
        socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC, None)?;
    let index = nix::net::if_::if_nametoindex(interface)?;
    // SAFETY: all fields of this structure are numbers, for which zero is a value.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = protocol.to_be();
    address.sll_ifindex = index.cast_signed();
    // SAFETY: a pointer to a structure of the length that is given.
    let bound = unsafe {
        libc::bind(
            fd.as_raw_fd(),
            (&raw const address).cast(),
            size_of::<libc::sockaddr_ll>() as libc::socklen_t,
        )
    };
    if bound != 0 {
        return Err(io::Error::last_os_error());
    }
    setsockopt(&fd, sockopt::RcvBufForce, &(64 << 20))?;
    setsockopt(&fd, sockopt::SndBufForce, &(64 << 20))?;
    setsockopt(&fd, sockopt::ReceiveTimestampns, &true)?;
    Ok(fd)
}

/// The wall clock, which is the one by which the kernel stamps what it receives.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64)
}

/// Sends the frames of a case under its conditions; those that arrived, in their order.
async fn through(wires: &Wires, link: &Rc<dyn Link>, case: &Case) -> Result<Vec<Arrival>, String> {
    let conditions = case.conditions.clone();
    let how = Impair::Conditions { direction: Direction::Down, conditions };
    let impairment = Impairment { name: case.name.to_owned(), how };
    link.impair(&impairment).await.map_err(|error| format!("{}: {error}", case.name))?;
    let arrivals = carry(&wires.rig, &wires.dut, case).map_err(|error| format!("{}: {error}", case.name))?;
    link.mend(case.name).await.map_err(|error| format!("{}: {error}", case.name))?;
    Ok(arrivals)
}

fn carry(from: &OwnedFd, to: &OwnedFd, case: &Case) -> io::Result<Vec<Arrival>> {
    let mut sent = Vec::new();
    let mut arrived = Vec::new();
    let begun = now();
    for number in 0..case.frames {
        let due = begun + u64::from(number) * case.every.0;
        while now() < due {
            drain(to, &mut arrived)?;
        }
        let frame = traffic::frame(number, case.length);
        sent.push(now());
        match send(from.as_raw_fd(), &frame, MsgFlags::empty()) {
            // netem tells the sender of a frame that found no room.
            Ok(_) | Err(nix::errno::Errno::ENOBUFS) => {}
            Err(error) => return Err(error.into()),
        }
        if number % 16 == 0 {
            drain(to, &mut arrived)?;
        }
    }
    // As long as frames may still come, and then until none has come for a while.
    let longest = case.conditions.delay.map_or(0, |delay| delay.0)
        + 4 * case.conditions.jitter.map_or(0, |jitter| jitter.0)
        + case.conditions.rate.map_or(0, |rate| {
            u64::from(case.frames) * case.length as u64 * 8_000_000_000 / rate.0.unsigned_abs()
        });
    let until = now() + longest + 100_000_000;
    while now() < until && arrived.len() < 2 * case.frames as usize {
        drain(to, &mut arrived)?;
        std::thread::sleep(Duration::from_micros(500));
    }
    let read = |(bytes, received): &(Vec<u8>, u64)| {
        let (number, intact) = traffic::read(bytes, case.length)?;
        Some(Arrival { number, sent: *sent.get(number as usize)?, received: *received, intact })
    };
    Ok(arrived.iter().filter_map(read).collect())
}

/// Takes what has arrived, with the time at which the kernel received it.
fn drain(from: &OwnedFd, arrived: &mut Vec<(Vec<u8>, u64)>) -> io::Result<()> {
    let mut buffer = [0; 2048];
    let mut control = nix::cmsg_space!(nix::sys::time::TimeSpec);
    loop {
        let mut slices = [IoSliceMut::new(&mut buffer)];
        let message = match recvmsg::<nix::sys::socket::LinkAddr>(
            from.as_raw_fd(),
            &mut slices,
            Some(&mut control),
            MsgFlags::empty(),
        ) {
            Ok(message) => message,
            Err(nix::errno::Errno::EAGAIN) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let stamp = message.cmsgs()?.find_map(|one| match one {
            ControlMessageOwned::ScmTimestampns(time) => {
                Some(time.tv_sec().unsigned_abs() * 1_000_000_000 + time.tv_nsec().unsigned_abs())
            }
            _ => None,
        });
        let outgoing = message.address.is_some_and(|address| address.pkttype() == libc::PACKET_OUTGOING);
        let length = message.bytes;
        if !outgoing {
            arrived.push((buffer.get(..length).unwrap_or_default().to_vec(), stamp.unwrap_or_else(now)));
        }
    }
}

/// What netem cannot do, and what the kernel does not take.
async fn refusals(link: &Rc<dyn Link>, text: &mut String) -> Result<(), String> {
    let impossible = Impair::MtuBlackHole { mtu: 1000, direction: Direction::Both };
    let beyond =
        Conditions { jitter: Some(brownout_core::time::Duration::from_secs(3)), ..Conditions::default() };
    for how in [impossible, Impair::Conditions { direction: Direction::Down, conditions: beyond }] {
        match link.impair(&Impairment { name: "impossible".to_owned(), how }).await {
            Ok(()) => return Err("what netem cannot do was taken".to_owned()),
            Err(error) => {
                let _ = writeln!(text, "refused {error}; {}", error.help.as_deref().unwrap_or_default());
            }
        }
    }
    Ok(())
}

/// How long a change takes, by the port and by a program.
async fn changes(link: &Rc<dyn Link>, text: &mut String) -> Result<(), String> {
    let begun = now();
    for number in 0..CHANGES {
        let delay = Some(brownout_core::time::Duration::from_millis(1 + u64::from(number % 2)));
        let how = Impair::Conditions {
            direction: Direction::Down,
            conditions: Conditions { delay, ..Conditions::default() },
        };
        link.impair(&Impairment { name: "change".to_owned(), how })
            .await
            .map_err(|error| error.to_string())?;
    }
    let _ = writeln!(text, "took port {CHANGES} {}", now() - begun);
    let begun = now();
    for number in 0..SPAWNS {
        let delay = if number % 2 == 0 { "1ms" } else { "2ms" };
        program("tc", &["qdisc", "change", "dev", "rig0", "root", "netem", "delay", delay])?;
    }
    let _ = writeln!(text, "took tc {SPAWNS} {}", now() - begun);
    link.mend("change").await.map(drop).map_err(|error| error.to_string())
}

/// Loses what the device sends, and what it is sent, at different rates.
async fn both_ways(wires: &Wires, link: &Rc<dyn Link>, text: &mut String) -> Result<(), String> {
    // What is redirected is seen by sockets for its type only once it comes back.
    let rig = raw("rig0", EXPERIMENT).map_err(|error| error.to_string())?;
    for (direction, millionths) in [(Direction::Up, 100_000), (Direction::Down, 300_000)] {
        let loss = Some(Loss::Random(Share(millionths)));
        let how = Impair::Conditions { direction, conditions: Conditions { loss, ..Conditions::default() } };
        let name = format!("{direction:?}").to_lowercase();
        link.impair(&Impairment { name, how }).await.map_err(|error| format!("{direction:?}: {error}"))?;
    }
    let case = |name| Case {
        name,
        conditions: Conditions::default(),
        frames: 10_000,
        length: 64,
        every: brownout_core::time::Duration::ZERO,
    };
    let up = carry(&wires.dut, &rig, &case("up")).map_err(|error| error.to_string())?;
    let down = carry(&wires.rig, &wires.dut, &case("down")).map_err(|error| error.to_string())?;
    let _ = writeln!(text, "ways 10000 {} {}", up.len(), down.len());
    for name in ["up", "down"] {
        let done = link.mend(name).await.map_err(|error| error.to_string())?;
        let _ = writeln!(text, "mended {name} {done:?}");
    }
    Ok(())
}

/// What the port told.
pub(crate) fn reports(bench: &mut Bench, text: &mut String) {
    while let Ok(report) = bench.reports.try_recv() {
        match report.what {
            Observed::Met { name, times } => {
                let _ = writeln!(text, "met {times} {name}");
            }
            other => {
                let _ = writeln!(text, "told {other:?}");
            }
        }
    }
}

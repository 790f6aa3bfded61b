//! Instruments that are absent, busy or denied, and a board that never boots: nobody can tell, exit code 3.

use crate::program::{self, Project, Started, arm_elf};
use nix::pty::openpty;
use nix::unistd::{Uid, ttyname};
use std::fs::{self, File};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const WATCHDOG: &str = "scenarios/power/hang-caught-by-watchdog.yaml";

/// Somebody without any rights (`nobody`, nearly everywhere).
const STRANGER: u32 = 65534;

/// The virtual board, but for its console: that is a serial port of this computer.
fn with_serial_port(port: &str) -> Project {
    let project = Project::new();
    project.write(
        "rigs/bench.yaml",
        format!(
            "rig: bench\nclock: wall\nduts:\n  thermostat:\n    board: nrf52840-thermostat\n    \
             debug: {{virtual: {{}}}}\n    power: {{virtual: {{}}}}\n    console: {{serial: {{port: {port}}}}}\n"
        ),
    );
    project
}

/// A serial port of this computer that only these tests know.
fn serial_port() -> (OwnedFd, OwnedFd, PathBuf) {
    let pair = openpty(None, None).unwrap();
    let name = ttyname(&pair.slave).unwrap();
    (pair.master, pair.slave, name)
}

/// The program, run by somebody who has no special rights even if the tests have.
fn without_rights(project: &Project, arguments: &[&str]) -> program::Ended {
    if !Uid::effective().is_root() {
        return project.run(arguments);
    }
    let program = project.path().join("brownout");
    // Copied by another process: a file open for writing here would be inherited by whatever another test starts just
    // now, and cannot be executed until that has let go of it (ETXTBSY).
    let copied = Command::new("cp").arg(program::PROGRAM).arg(&program).status().unwrap();
    assert!(copied.success());
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    chown(project.path(), Some(STRANGER), Some(STRANGER)).unwrap();
    let mut command = Command::new(&program);
    command.args(arguments).current_dir(project.path()).stdin(Stdio::null()).uid(STRANGER).gid(STRANGER);
    command.env_remove("XDG_RUNTIME_DIR").env("TMPDIR", project.path());
    Started::new(command).end()
}

#[test]
fn a_serial_port_that_is_not_there() {
    let project = with_serial_port("/dev/does-not-exist");
    project
        .run(&["run", WATCHDOG, "--rig", "bench"])
        .expect(3)
        .says("there is no serial port /dev/does-not-exist (plug it in, or correct `port` in the rig file;")
        .says("? inconclusive rig the rig could not do its part: console: there is no serial port /dev/does-not-exist");
    project
        .run(&["doctor", "bench"])
        .expect(3)
        .says("missing console (serial): there is no serial port /dev/does-not-exist")
        .says("ok debug (virtual)");
}

#[test]
fn a_serial_port_that_another_program_has_locked() {
    let (_master, slave, name) = serial_port();
    let holder = File::from(slave);
    holder.lock().unwrap();
    let project = with_serial_port(name.to_str().unwrap());
    let message = format!("serial port {} is in use", name.display());
    project
        .run(&["run", WATCHDOG, "--rig", "bench"])
        .expect(3)
        .says(&message)
        .says("close the other program");
}

#[test]
fn a_serial_port_that_another_program_has_to_itself() {
    nix::ioctl_none_bad!(tiocexcl, nix::libc::TIOCEXCL);
    let (_master, slave, name) = serial_port();
    // SAFETY: the descriptor is that of a terminal and open; TIOCEXCL takes no argument.
    unsafe { tiocexcl(slave.as_raw_fd()) }.unwrap();
    fs::set_permissions(&name, fs::Permissions::from_mode(0o666)).unwrap();
    let project = with_serial_port(name.to_str().unwrap());
    let message = format!("missing console (serial): serial port {} is in use", name.display());
    without_rights(&project, &["doctor", "bench"]).expect(3).says(&message).says("close the other program");
}

#[test]
fn a_serial_port_without_permission() {
    let (_master, _slave, name) = serial_port();
    fs::set_permissions(&name, fs::Permissions::from_mode(0o000)).unwrap();
    let project = with_serial_port(name.to_str().unwrap());
    let message = format!("missing console (serial): no permission to open serial port {}", name.display());
    without_rights(&project, &["doctor", "bench"])
        .expect(3)
        .says(&message)
        .says("add your user to the group");
}

#[test]
fn a_report_folder_without_permission() {
    let project = Project::new();
    fs::create_dir(project.path().join("theirs")).unwrap();
    fs::set_permissions(project.path().join("theirs"), fs::Permissions::from_mode(0o555)).unwrap();
    without_rights(&project, &["run", WATCHDOG, "--report-dir", "theirs"])
        .expect(2)
        .says("cannot write reports to theirs: Permission denied");
}

#[test]
fn a_debug_probe_that_is_not_there() {
    let project = Project::new();
    let rig = project.read("rigs/virtual-wall.yaml");
    let absent = project.path().join("no-socket");
    let probe = format!("debug: {{probe_rs: {{selector: '20b7:9db1:unix:{}'}}}}", absent.display());
    project.write(
        "rigs/bench.yaml",
        rig.replace("debug: {virtual: {}}", &probe).replace("virtual-wall", "bench"),
    );
    project
        .run(&["run", WATCHDOG, "--rig", "bench"])
        .expect(3)
        .says("attach the debug probe: failed: debug: debug probe `20b7:9db1:unix:")
        .says("`brownout doctor` lists the probes that are there");
    project.run(&["doctor", "bench"]).expect(3).says("missing debug (probe_rs):").says("ok power (virtual)");
}

#[test]
fn a_probe_selector_that_is_none() {
    let project = Project::new();
    let rig = project.read("rigs/nrf52840-dk.yaml");
    project.write(
        "rigs/bench.yaml",
        rig.replace("1366:1061", "my probe").replace("rig: nrf52840-dk", "rig: bench"),
    );
    let ended = project.run(&["doctor", "bench"]);
    ended.says("`my probe` is not a debug probe selector").says("write USB vendor and product in hex");
}

/// Whatever this computer has, no program `uhubctl` that a test may run: the folder of PATH is empty.
#[test]
fn a_bench_without_its_hardware() {
    let project = Project::new();
    project.write(
        "rigs/bench.yaml",
        project.read("rigs/nrf52840-dk.yaml").replace("/dev/ttyACM0", "/dev/nothing"),
    );
    let mut command = program::command(project.path(), &["doctor", "bench"]);
    command.env("PATH", project.path());
    Started::new(command)
        .end()
        .expect(3)
        .says("missing console (serial): there is no serial port /dev/nothing")
        .says("missing power (command): there is no program `uhubctl`")
        .says("install it, or correct the rig file");
}

#[test]
fn a_board_that_never_boots() {
    // Stack at the end of RAM, reset to a branch to itself.
    let mut image = vec![0x00, 0x00, 0x04, 0x20, 0x09, 0x00, 0x00, 0x00];
    image.extend([0xFE, 0xE7]);
    let project = Project::new();
    project.write("fixtures/firmware/images/spins.elf", arm_elf(0, &image));
    let board = project.read("rigs/boards/nrf52840-thermostat.yaml");
    let board = board.replace("current: thermostat-1.0.0-clean.elf", "current: spins.elf");
    project.write("rigs/boards/dead.yaml", board);
    project.write("rigs/dead.yaml", project.read("rigs/virtual.yaml").replace("nrf52840-thermostat", "dead"));
    for rest in [&["--rig", "dead"][..], &["--image", "fixtures/firmware/images/spins.elf"]] {
        let ended = project.run(&[&["run", WATCHDOG], rest].concat()).expect(3);
        ended
            .says("the device never reached its steady state: signal `ready` was not seen within 10s; the console was silent");
    }
}

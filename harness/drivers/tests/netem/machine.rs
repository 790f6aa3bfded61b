//! A machine with a Linux kernel of its own, for tests that need one: User-mode Linux (Debian: `user-mode-linux`), which
//! needs no rights and boots in a second. Its root is the file system of this computer, and its first process is this
//! very program.

use nix::libc;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Names the folder in which the machine finds what it needs and leaves what it found.
pub(crate) const FOLDER: &str = "BROWNOUT_MACHINE";
/// What the machine leaves when it has done all.
pub(crate) const RESULT: &str = "result.txt";

/// Boots the machine, waits until it halts, and gives what it left.
///
/// # Errors
/// What went wrong, with what its kernel said.
pub(crate) fn run(within: Duration) -> Result<String, String> {
    let kernel = kernel()?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut machine = Command::new(kernel);
    machine
        .args(["mem=192M", "rootfstype=hostfs", "rootflags=/", "rw", "quiet", "panic=-1"])
        .args(["con=null", "con0=null,fd:1"])
        .arg(format!("uml_dir={}/", folder.path().display()))
        .arg(format!("init={}", program.display()))
        // Behind this the rest is for the first process.
        .arg(format!("{FOLDER}={}", folder.path().display()))
        // See `without_extended_registers`.
        .arg("GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX,-AVX2,-AVX512F,-AVX512VL,-AVX_Fast_Unaligned_Load")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    // SAFETY: between fork and exec it makes two system calls and touches no memory but its own stack.
    unsafe { machine.pre_exec(without_extended_registers) };
    let mut machine = machine.spawn().map_err(|error| format!("cannot start User-mode Linux: {error}"))?;
    let group = libc::pid_t::try_from(machine.id()).unwrap_or(libc::pid_t::MAX);
    let [out, err] = [machine.stdout.take().map(read_all), machine.stderr.take().map(read_all)];
    let begun = Instant::now();
    let ended = loop {
        match machine.try_wait() {
            Ok(Some(status)) => break format!("it ended ({status})"),
            Ok(None) if begun.elapsed() < within => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                // SAFETY: a signal to a process group that is ours.
                unsafe { libc::kill(-group, libc::SIGKILL) };
                let _ = machine.wait();
                break format!("it did not halt within {within:?}");
            }
            Err(error) => break format!("cannot wait for it: {error}"),
        }
    };
    let said: Vec<String> =
        [out, err].into_iter().flatten().filter_map(|thread| thread.join().ok()).collect();
    std::fs::read_to_string(folder.path().join(RESULT))
        .map_err(|_| format!("User-mode Linux left no result: {ended}. It said:\n{}", said.join("\n")))
}

/// The kernel, which is an ordinary program.
fn kernel() -> Result<PathBuf, String> {
    let found = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|folder| folder.join("linux.uml")).find(|file| file.is_file())
    });
    found.ok_or_else(|| "there is no `linux.uml`; Debian has it in the package user-mode-linux".to_owned())
}

/// The modules that belong to the kernel that runs.
pub(crate) fn module(release: &str, path: &str) -> PathBuf {
    Path::new("/usr/lib/uml/modules").join(release).join("kernel").join(path)
}

fn read_all(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Hides a processor's extended registers from User-mode Linux: kernels before 6.10 have no room for those of
/// processors with AMX and kill every process. Without `PTRACE_GETREGSET` for them it keeps only the registers up to SSE,
/// so programs in the machine must not use more; the C library is told so in its environment, and Rust code does not.
fn without_extended_registers() -> io::Result<()> {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const IS: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const END: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    /// Places in `struct seccomp_data`: the number of the call, its first and its third argument.
    const NUMBER: u32 = 0;
    const FIRST: u32 = 16;
    const THIRD: u32 = 32;
    const PTRACE_GETREGSET: u32 = 0x4204;
    const NT_X86_XSTATE: u32 = 0x202;
    let step = |code, k, jt, jf| libc::sock_filter { code, jt, jf, k };
    let mut steps = [
        step(LOAD, NUMBER, 0, 0),
        step(IS, libc::SYS_ptrace as u32, 0, 5),
        step(LOAD, FIRST, 0, 0),
        step(IS, PTRACE_GETREGSET, 0, 3),
        step(LOAD, THIRD, 0, 0),
        step(IS, NT_X86_XSTATE, 0, 1),
        step(END, libc::SECCOMP_RET_ERRNO | libc::EINVAL as u32, 0, 0),
        step(END, libc::SECCOMP_RET_ALLOW, 0, 0),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    // SAFETY: both calls take numbers and one pointer to a program that outlives them.
    unsafe {
        if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) != 0
        {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

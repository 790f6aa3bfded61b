//! Ctrl-C and its relatives: the first asks the run to revert and end, the second ends the program at once.

use brownout_engine::{Interrupt, Interrupter};

#[cfg(unix)]
use nix::sys::signal::{SigSet, Signal};

#[cfg(unix)]
fn asking() -> SigSet {
    let mut set = SigSet::empty();
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        set.add(signal);
    }
    set
}

/// Keeps these signals for [`listen`]. Call before any thread is made. Programs that are started do not inherit it.
pub fn block() {
    #[cfg(unix)]
    {
        // Cannot fail with a valid set.
        let _ = asking().thread_block();
    }
}

/// Turns signals into a wish to stop. The thread lives as long as the program.
pub fn listen() -> Interrupt {
    let (interrupter, interrupt) = Interrupter::new();
    #[cfg(unix)]
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || take(&interrupter));
    #[cfg(not(unix))]
    std::mem::forget(interrupter);
    interrupt
}

#[cfg(unix)]
fn take(interrupter: &Interrupter) {
    let set = asking();
    if set.wait().is_err() {
        return;
    }
    eprintln!("\nstopping: reverting faults and writing the report (once more to stop at once)");
    interrupter.interrupt();
    if set.wait().is_ok() {
        eprintln!("stopped at once; `brownout heal` undoes what may be left on a rig");
        std::process::exit(130);
    }
}

/// Waits until somebody asks to stop, or for so long.
#[cfg(unix)]
pub fn wait(limit: Option<std::time::Duration>) {
    let Some(limit) = limit else {
        let _ = asking().wait();
        return;
    };
    let (done, over) = std::sync::mpsc::channel();
    let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        let _ = asking().wait();
        let _ = done.send(());
    });
    let _ = over.recv_timeout(limit);
}

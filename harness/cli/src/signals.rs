//! Ctrl-C and its relatives: the first asks the run to revert and end, the second ends the program at once.
//!
//! Signals are caught by handlers, not merely blocked and waited for: the serial port library waits with `ppoll` and an
//! empty signal mask, so a blocked signal would find its thread open and end the program, with the power off.

#[cfg(unix)]
use crate::view::complain;
use brownout_engine::{Interrupt, Interrupter};

#[cfg(unix)]
use nix::sys::signal::{SigSet, Signal};

/// Signals by which people and supervisors ask to stop.
#[cfg(unix)]
const ASKING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// Lets a file that grows beyond what is allowed be an error of the write, as a full disk is; by itself the signal that
/// says so ends the program in the middle of a run.
#[cfg(unix)]
pub fn outlive_limits() {
    // It can fail only for signals that cannot be caught.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Default::default());
}

/// Wishes to stop, from now on; until then signals end the program.
#[cfg(unix)]
#[derive(Debug)]
pub struct Wishes(signal_hook::iterator::Signals);

#[cfg(unix)]
impl Wishes {
    /// Begins to listen.
    ///
    /// # Errors
    /// The system has no descriptors left.
    pub fn new() -> std::io::Result<Self> {
        signal_hook::iterator::Signals::new(ASKING.map(|signal| signal as i32)).map(Self)
    }

    /// Waits for the next.
    fn next(&mut self) {
        let _ = self.0.forever().next();
    }

    /// Waits until somebody asks to stop, or for so long.
    pub fn wait(mut self, limit: Option<std::time::Duration>) {
        let Some(limit) = limit else { return self.next() };
        let (done, over) = std::sync::mpsc::channel();
        let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            self.next();
            let _ = done.send(());
        });
        let _ = over.recv_timeout(limit);
    }
}

/// Turns signals into a wish to stop. Call before other threads are made: they inherit that signals, which would
/// interrupt their system calls, are for the thread that is made here. It lives as long as the program.
pub fn listen() -> Interrupt {
    let (interrupter, interrupt) = Interrupter::new();
    #[cfg(unix)]
    if let Ok(wishes) = Wishes::new() {
        let asking = ASKING.into_iter().collect::<SigSet>();
        // Cannot fail with a valid set.
        let _ = asking.thread_block();
        let _ = std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let _ = asking.thread_unblock();
            take(wishes, &interrupter);
        });
    }
    #[cfg(not(unix))]
    std::mem::forget(interrupter);
    interrupt
}

#[cfg(unix)]
fn take(mut wishes: Wishes, interrupter: &Interrupter) {
    wishes.next();
    complain("\nstopping: reverting faults and writing the report (once more to stop at once)\n");
    interrupter.interrupt();
    wishes.next();
    complain("stopped at once; `brownout heal` undoes what may be left on a rig\n");
    std::process::exit(130);
}

//! Devices in virtual time, saved and put back.

use super::simulated::{Simulated, VirtualClock};
use super::trace::Trace;
use super::world::Inputs;
use crate::debug::{Detached, Target};
use brownout_board::{Board, Cycles};
use brownout_core::port::{Port, PortError, Trouble};
use brownout_ports::{Checkpoint, Saved};
use std::sync::Mutex;

/// A device between [`Simulated::part`] and [`Simulated::meet_again`].
struct Kept {
    /// Boards are not made to be looked at by several threads at once; each takes a clone.
    board: Mutex<Board>,
    target: Detached,
    trace: Trace,
    log_read: (u64, Cycles),
    flooded: usize,
    inputs: Inputs,
    parted: bool,
}

impl Simulated {
    /// Lets go of the device, if its probe is attached.
    pub(super) fn part(&self) {
        let attached = {
            let target = self.target.borrow();
            target.is_attached() && !target.is_lost()
        };
        if attached {
            self.with_target(Target::detach);
            self.parted.set(true);
        }
    }

    /// Attaches again after [`Self::part`]. A device without power does not answer; then the next use attaches.
    pub(super) fn meet_again(&self) {
        if self.parted.take() {
            let _ = self.with_target(Target::attach);
        }
    }

    fn keep(&self) -> Option<Kept> {
        Some(Kept {
            target: self.target.borrow().detached()?,
            board: Mutex::new(self.with(|board| board.clone())),
            trace: self.trace.borrow().clone(),
            log_read: self.log_read.get(),
            flooded: self.flooded.get(),
            inputs: self.inputs.borrow().clone(),
            parted: self.parted.get(),
        })
    }

    fn put_back(&self, kept: &Kept) {
        // A session that is still there says good-bye to the board as it is now, before that is forgotten.
        self.target.borrow_mut().recall(&kept.target);
        let saved = kept.board.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        self.with(|board| *board = saved);
        *self.trace.borrow_mut() = kept.trace.clone();
        self.log_read.set(kept.log_read);
        self.flooded.set(kept.flooded);
        *self.inputs.borrow_mut() = kept.inputs.clone();
        self.parted.set(kept.parted);
    }
}

impl Checkpoint for VirtualClock {
    fn save(&self) -> Result<Saved, PortError> {
        for device in &self.devices {
            device.part();
        }
        let kept: Option<Vec<Kept>> = self.devices.iter().map(|device| device.keep()).collect();
        kept.map(Saved::new).ok_or_else(|| refused("a probe that was taken away cannot be saved"))
    }

    fn restore(&self, saved: &Saved) -> Result<(), PortError> {
        let kept = saved.as_kept::<Vec<Kept>>().filter(|kept| kept.len() == self.devices.len());
        let kept = kept.ok_or_else(|| refused("what was saved belongs to another rig"))?;
        for (device, kept) in self.devices.iter().zip(kept) {
            device.put_back(kept);
        }
        Ok(())
    }
}

fn refused(message: &str) -> PortError {
    PortError {
        port: Port::FlashTrace,
        trouble: Trouble::Failed,
        message: message.to_owned(),
        help: Some("run each cut from its start".to_owned()),
    }
}

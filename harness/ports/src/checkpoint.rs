//! A bench that can be put back to where it was.

use brownout_core::port::PortError;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Everything of a bench that decides what its devices do next. Cloning it is cheap, and another bench of the same rig
/// file, on another thread too, can be put there.
#[derive(Clone)]
pub struct Saved(Arc<dyn Any + Send + Sync>);

impl fmt::Debug for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Saved")
    }
}

impl Saved {
    /// What a bench keeps of itself.
    pub fn new<T: Any + Send + Sync>(state: T) -> Self {
        Self(Arc::new(state))
    }

    /// The same again, if it was kept by a bench of that kind.
    pub fn as_kept<T: Any>(&self) -> Option<&T> {
        self.0.downcast_ref()
    }
}

/// Saves a bench and puts it back, as often as one likes. Only simulated devices can do that.
///
/// A debug session cannot be saved. So it is given up before an instrument is armed and taken up again after
/// ([`FlashTrace::arm`](crate::FlashTrace::arm)), and a bench is saved between the two: then the same happens to the
/// device whether the bench was saved there, put back there, or did neither.
pub trait Checkpoint {
    /// Saves the state just before [`FlashTrace::arm`](crate::FlashTrace::arm) is called, and nowhere else.
    ///
    /// # Errors
    /// A device is in a state that cannot be saved; the bench goes on as if nobody had asked.
    fn save(&self) -> Result<Saved, PortError>;

    /// Goes back, time included. What was reported since is not taken back.
    ///
    /// # Errors
    /// It was saved by another rig.
    fn restore(&self, saved: &Saved) -> Result<(), PortError>;
}

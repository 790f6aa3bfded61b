//! Serial consoles.

mod serial;

pub(crate) use serial::Serial;
pub use serial::SerialParams;

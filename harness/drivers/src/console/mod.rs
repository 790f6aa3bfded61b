//! Serial consoles.

mod serial;

pub(crate) use serial::{Serial, SerialParams};

//! What implements the ports of brownout.

mod clock;
mod console;
mod debug;
mod power;

#[cfg(feature = "virtual")]
mod r#virtual;

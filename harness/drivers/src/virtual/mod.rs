//! Drivers of the virtual board, reached in the same process.

pub mod probe;

pub use probe::VirtualProbe;

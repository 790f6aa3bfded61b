//! Adjustable supplies.

mod scpi;

pub(crate) use scpi::Scpi;
pub use scpi::ScpiParams;

//! Debug probes, all through probe-rs.

mod image;
mod logs;
mod target;
mod thread;

pub(crate) use target::{Opener, Target};
pub(crate) use thread::ProbeRs;

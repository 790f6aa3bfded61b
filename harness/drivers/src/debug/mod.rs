//! Debug probes, all through probe-rs.

mod breaks;
mod disturb;
mod fit;
mod image;
mod logs;
mod look;
mod selector;
mod target;
mod thread;

pub use fit::{image_fits, region_fits};
pub use image::symbols;
pub use look::{Looks, looks};
pub(crate) use selector::opener;
pub use selector::{ProbeRsParams, WireSpeed};
pub(crate) use target::{Detached, Opener, Target};
pub(crate) use thread::ProbeRs;

//! What implements the ports of a rig.

#[cfg(feature = "virtual")]
pub mod r#virtual;

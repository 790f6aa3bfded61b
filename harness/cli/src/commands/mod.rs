//! The commands, one file each.

#[cfg(all(feature = "virtual", unix))]
pub mod board;
pub mod conformance;
pub mod coverage;
pub mod doctor;
pub mod heal;
pub mod init;
pub mod judge;
pub mod kinds;
pub mod list;
pub mod plan;
pub mod prove;
pub mod run;
pub mod sweep;

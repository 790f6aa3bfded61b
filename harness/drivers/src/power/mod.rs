//! Power controllers. One file a kind, and its line in the table of [`crate::open`].

mod command;

pub(crate) use command::Command;
pub use command::CommandParams;

//! What a device senses, and how to change it.

mod command;

pub(crate) use command::StimulusCommand;
pub use command::StimulusCommandParams;

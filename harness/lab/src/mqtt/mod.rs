//! An MQTT broker, versions 3.1.1 and 5.0, and everything that goes wrong with one.
//!
//! [`Broker`] keeps sessions and sends packets; `framer` stands between it and the wire and breaks the rules of the
//! protocol where a fault is in force. Packets are read by `mqtt-protocol-core`; what its connection would not do
//! (answer with reasons that there are not, keep a session apart from its connection) is written here.

mod broker;
mod credentials;
mod exchange;
mod fault;
mod frame;
mod framer;
mod greet;
mod packet;
mod session;
mod strike;
mod topic;

pub use broker::Broker;
pub use credentials::{Check, Credentials, Login};
pub use session::Durable;

#[cfg(test)]
mod tests;

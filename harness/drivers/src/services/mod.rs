//! Services that are not the harness's own.

mod broker;
mod client;
mod url;

pub(crate) use broker::Broker;
pub use broker::BrokerParams;
pub use url::BrokerUrl;

#[cfg(test)]
mod tests;

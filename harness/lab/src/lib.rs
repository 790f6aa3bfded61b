//! The world round a device: the link that its frames pass, the gateway behind that, and the services of its cloud.
//!
//! ```text
//!            frames                packets              streams and datagrams
//!  device ──▶ link (conditions) ──▶ gateway (TCP/IP) ──▶ dhcp dns ntp │ tls ▸ mqtt │ tls ▸ http
//! ```
//!
//! Nothing here does I/O or reads a clock. Time is an argument, bytes go in and come out, and everything random comes
//! from a seed; so the same services serve a simulated device in virtual time and sockets of the operating system in
//! real time, and the same inputs give the same outputs.

pub mod dhcp;
pub mod dns;
pub mod faults;
pub mod gateway;
pub mod http;
pub mod link;
pub mod mqtt;
pub mod ntp;
pub mod payload;
pub mod pcapng;
pub mod pki;
pub mod plan;
pub mod provision;
mod servers;
pub mod service;
pub mod services;
pub mod time;
pub mod tls;
pub mod world;

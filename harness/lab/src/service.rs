//! What a service is: something that takes bytes and gives bytes, and says when it wants to be asked again.

use brownout_core::network::{Conn, End, Traffic};
use brownout_core::time::Instant;
use core::net::SocketAddrV4;

/// What became visible at a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Something of the device's traffic.
    Traffic(Traffic),
    /// The device met a misbehaviour.
    Met {
        /// Its name.
        name: String,
        /// How often since it was set.
        times: u64,
    },
}

/// What a service over TCP wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamOut {
    /// Send these bytes.
    Send {
        /// On which connection.
        conn: Conn,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// Close it when what was to be sent has been sent (FIN).
    Close {
        /// Which connection.
        conn: Conn,
    },
    /// Reset it at once (RST); what was not sent yet is lost.
    Reset {
        /// Which connection.
        conn: Conn,
    },
    /// Take nothing more from it, so that its window closes; or take again.
    Deaf {
        /// Which connection.
        conn: Conn,
        /// Take nothing.
        deaf: bool,
    },
    /// Something became visible.
    Seen(Seen),
}

/// A service over TCP, or over a layer that looks like it. One value serves all its connections.
///
/// Its outputs are asked for until there are none, after each call that takes `now`.
pub trait StreamService {
    /// A connection was opened by the device.
    fn opened(&mut self, now: Instant, conn: Conn, peer: SocketAddrV4);

    /// The device sent bytes. They are hostile.
    fn received(&mut self, now: Instant, conn: Conn, bytes: &[u8]);

    /// The device closed the connection, or it died. After [`End::ByDevice`] the service may still send and then
    /// closes; after any other end it is gone.
    fn ended(&mut self, now: Instant, conn: Conn, end: End);

    /// Does what is due.
    fn poll(&mut self, now: Instant);

    /// When it wants [`Self::poll`], if nothing happens before.
    fn deadline(&self) -> Option<Instant>;

    /// What it wants done, in order.
    fn output(&mut self) -> Option<StreamOut>;
}

/// What a service over UDP wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatagramOut {
    /// Send a datagram from the service's address.
    Send {
        /// Where to; the broadcast address reaches a device that has no address yet.
        to: SocketAddrV4,
        /// Its payload.
        bytes: Vec<u8>,
    },
    /// Something became visible.
    Seen(Seen),
}

/// A service over UDP.
pub trait DatagramService {
    /// The device sent a datagram. It is hostile.
    fn received(&mut self, now: Instant, from: SocketAddrV4, bytes: &[u8]);

    /// Does what is due.
    fn poll(&mut self, now: Instant);

    /// When it wants [`Self::poll`], if nothing happens before.
    fn deadline(&self) -> Option<Instant>;

    /// What it wants done, in order.
    fn output(&mut self) -> Option<DatagramOut>;
}

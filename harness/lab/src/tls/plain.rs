//! The service's plain port, past TLS: what a device must not use, and is seen to use when it does.

use super::Tls;
use crate::service::{StreamOut, StreamService};
use brownout_core::network::{Conn, End};
use brownout_core::time::Instant;
use core::net::SocketAddrV4;

impl<S: StreamService> Tls<S> {
    /// A connection was opened at the plain port: its bytes pass as they are. Its number is none of those with TLS.
    pub fn opened_plain(&mut self, now: Instant, conn: Conn, peer: SocketAddrV4) {
        self.now = now;
        self.plain.insert(conn);
        self.inner.opened(now, conn, peer);
        self.drain();
    }

    /// Bytes on a plain connection; whether it is one.
    pub(super) fn received_plain(&mut self, now: Instant, conn: Conn, bytes: &[u8]) -> bool {
        let plain = self.plain.contains(&conn);
        if plain {
            self.inner.received(now, conn, bytes);
            self.drain();
        }
        plain
    }

    /// The end of a plain connection; whether it is one.
    pub(super) fn ended_plain(&mut self, now: Instant, conn: Conn, end: End) -> bool {
        let plain = self.plain.contains(&conn);
        if plain {
            self.inner.ended(now, conn, end);
            self.drain();
            if end != End::ByDevice {
                self.plain.remove(&conn);
            }
        }
        plain
    }

    /// Passes what the service wants done on a plain connection.
    pub(super) fn pass_plain(&mut self, out: StreamOut) -> Option<StreamOut> {
        match &out {
            StreamOut::Send { conn, .. } if self.plain.contains(conn) => self.out.push_back(out),
            StreamOut::Close { conn } | StreamOut::Reset { conn } if self.plain.remove(conn) => {
                self.out.push_back(out);
            }
            _ => return Some(out),
        }
        None
    }
}

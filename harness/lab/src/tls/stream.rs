//! What passes once a handshake is through, and how it ends.

use super::machine::{Broken, Taken};
use super::wrong::{BreakOff, Wrong};
use super::{Conn, End, Phase, StreamOut, StreamService, Tls, TlsSeen, flight};
use brownout_core::network::AlertDescription;

impl<S: StreamService> Tls<S> {
    /// Bytes of the device for a connection that has its machine.
    pub(super) fn take(&mut self, conn: Conn, bytes: &[u8]) {
        let unix = self.unix();
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let taken = match &mut connection.phase {
            Phase::Handshake(handshake) => {
                let taken = handshake.machine.take(unix, bytes);
                if let Some(stopping) = &mut handshake.stop {
                    stopping.got.extend_from_slice(bytes);
                }
                let shows = handshake.machine.shows_certificate();
                if (shows || handshake.stop.is_some()) && flight::has_certificate(&taken.send) {
                    return self.flight(conn, unix, taken, shows);
                }
                taken
            }
            Phase::Open(open) if !open.closed => open.machine.take(unix, bytes),
            _ => return,
        };
        self.taken(conn, taken);
    }

    /// What came of bytes of the device.
    pub(super) fn taken(&mut self, conn: Conn, taken: Taken) {
        let Taken { data, closed, broken, send } = taken;
        self.send(conn, send);
        self.open_if_through(conn);
        self.deliver(conn, &data);
        if closed {
            self.device_closed(conn);
        }
        if let Some(broken) = broken {
            self.broken(conn, broken);
        }
    }

    /// Sends application data, as far as a fault lets it.
    pub(super) fn write(&mut self, conn: Conn, bytes: &[u8]) {
        let limit = self.faults.find(Wrong::breaks_off).map(|how| how.after);
        let Some(open) = self.open_mut(conn) else { return };
        let room = limit.map_or(u64::MAX, |limit| limit.saturating_sub(open.sent));
        let bytes = usize::try_from(room).ok().and_then(|room| bytes.get(..room)).unwrap_or(bytes);
        open.sent += bytes.len() as u64;
        let sealed = open.machine.seal(bytes);
        self.send(conn, sealed);
        self.break_off_when_due(conn);
    }

    /// Breaks off a stream in the middle, if a fault wants it here.
    pub(super) fn break_off_when_due(&mut self, conn: Conn) {
        let Some(sent) = self.open_mut(conn).map(|open| open.sent) else { return };
        if self.faults.find(Wrong::breaks_off).is_none_or(|how| sent < how.after) {
            return;
        }
        let Some(BreakOff { alert, .. }) = self.meet(Wrong::breaks_off) else { return };
        if let Some(alert) = alert
            && let Some(open) = self.open_mut(conn)
        {
            let sealed = open.machine.close(Some(alert));
            self.send(conn, sealed);
        }
        self.out.push_back(StreamOut::Close { conn });
        self.end(conn, End::ByService);
    }

    pub(super) fn deliver(&mut self, conn: Conn, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let Some(open) = self.open_mut(conn) else { return };
        if !std::mem::replace(&mut open.data, true) {
            self.see(TlsSeen::FirstData { conn });
        }
        self.inner.received(self.now, conn, bytes);
        self.drain();
    }

    pub(super) fn device_closed(&mut self, conn: Conn) {
        self.see_alert(conn, AlertDescription::CloseNotify.code());
        if let Some(open) = self.open_mut(conn) {
            if !std::mem::replace(&mut open.closed, true) {
                self.inner.ended(self.now, conn, End::ByDevice);
                self.drain();
            }
        } else {
            self.phase(conn, Phase::Over);
            self.out.push_back(StreamOut::Close { conn });
        }
    }

    pub(super) fn see_alert(&mut self, conn: Conn, code: u8) {
        let fatal =
            code != AlertDescription::CloseNotify.code() && code != AlertDescription::UserCanceled.code();
        self.see(TlsSeen::Alert { conn, description: AlertDescription::name_of(code), fatal });
    }

    /// The connection is beyond use.
    pub(super) fn broken(&mut self, conn: Conn, broken: Broken) {
        let end = match broken {
            Broken::Alert(code) => {
                self.see_alert(conn, code);
                End::ResetByDevice
            }
            Broken::Peer { why, certificate } => {
                if certificate {
                    self.meet(Wrong::refuses);
                }
                self.see(TlsSeen::Failed { conn, why });
                End::ByService
            }
        };
        self.out.push_back(StreamOut::Close { conn });
        self.end(conn, end);
    }

    /// A connection ends here; the service behind hears of it if it knows of it.
    pub(super) fn end(&mut self, conn: Conn, end: End) {
        if let Some(Phase::Open(_)) = self.take_phase(conn) {
            self.inner.ended(self.now, conn, end);
            self.drain();
        }
    }

    /// Takes what the service behind wants done.
    pub(super) fn drain(&mut self) {
        while let Some(out) = self.inner.output() {
            let Some(out) = self.pass_plain(out) else { continue };
            match out {
                StreamOut::Send { conn, bytes } => self.write(conn, &bytes),
                StreamOut::Close { conn } => {
                    if let Some(Phase::Open(mut open)) = self.take_phase(conn) {
                        self.send(conn, open.machine.close(None));
                        self.out.push_back(StreamOut::Close { conn });
                    }
                }
                StreamOut::Reset { conn } => {
                    if let Some(Phase::Open(_)) = self.take_phase(conn) {
                        self.out.push_back(StreamOut::Reset { conn });
                    }
                }
                other @ (StreamOut::Deaf { .. } | StreamOut::Seen(_)) => self.out.push_back(other),
            }
        }
    }
}

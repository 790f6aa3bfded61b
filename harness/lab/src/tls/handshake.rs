//! The server's side of a handshake, and where it goes wrong.

use super::client_hello::ClientHello;
use super::config::Offer;
use super::flight::{self, Cut};
use super::machine::{Machine, Taken};
use super::wrong::{self, Stop, Wrong};
use super::{
    Conn, Handshake, Open, Phase, RESET_AFTER, Stopping, StreamOut, StreamService, Surroundings, Tls, TlsSeen,
};
use brownout_core::network::{AlertDescription, HandshakeState};

impl<S: StreamService> Tls<S> {
    /// The whole ClientHello is there, or what is there is none.
    pub(super) fn begin(&mut self, conn: Conn, bytes: &[u8], hello: Option<&ClientHello>) {
        if hello.is_some() && self.meet(Wrong::no_version).is_some() {
            let code = AlertDescription::ProtocolVersion.code();
            self.send(conn, flight::plain_alert(code));
            self.phase(conn, Phase::Over);
            self.out.push_back(StreamOut::Close { conn });
            return;
        }
        let stop = self.faults.find(Wrong::stop);
        if let Some(stop @ Stop { at: HandshakeState::ClientHello, .. }) = stop {
            return self.stop(conn, stop);
        }
        let refuses_tickets = match hello {
            Some(hello) if hello.resumes => self.meet(Wrong::refuses_tickets),
            _ => self.faults.find(Wrong::refuses_tickets),
        };
        let refuses = self.faults.find(Wrong::refuses);
        let key = self.entropy.child("tickets").array();
        let offer = Offer {
            identity: self.faults.find(Wrong::shown).unwrap_or_else(|| self.pki.server().clone()),
            refuses_client: refuses.is_some(),
            tickets: wrong::tickets(self.settings.tickets, refuses_tickets.is_some(), key),
            record: None,
        };
        let mut surroundings = Surroundings::new(self.entropy.child(&format!("connection {}", conn.0)));
        surroundings.alert = refuses.map(AlertDescription::code);
        surroundings.watch_handshake = stop.is_some();
        let stop = stop.map(|stop| {
            Box::new(Stopping {
                stop,
                offer: offer.clone(),
                surroundings: surroundings.clone(),
                got: Vec::new(),
            })
        });
        match self.base.server(offer).and_then(|config| Machine::new(config, surroundings)) {
            Ok(machine) => {
                self.phase(conn, Phase::Handshake(Handshake { machine, stop }));
                self.take(conn, bytes);
            }
            Err(error) => self.fail(conn, error.to_string()),
        }
    }

    /// Gives up a connection whose handshake is not through.
    pub(super) fn fail(&mut self, conn: Conn, why: String) {
        self.phase(conn, Phase::Over);
        self.see(TlsSeen::Failed { conn, why });
        self.out.push_back(StreamOut::Close { conn });
    }

    /// The server is about to send its messages, its certificate among them unless it resumes a session.
    pub(super) fn flight(&mut self, conn: Conn, unix: u64, taken: Taken, shows_certificate: bool) {
        if shows_certificate {
            self.meet(Wrong::shows);
        }
        let Some(Phase::Handshake(handshake)) = self.connections.get_mut(&conn).map(|of| &mut of.phase)
        else {
            return;
        };
        let Some(stopping) = handshake.stop.take() else { return self.taken(conn, taken) };
        let Stopping { stop, offer, surroundings, got } = *stopping;
        let sealed = std::mem::take(&mut handshake.machine.surroundings.handshake);
        let send = match flight::cut(&taken.send, &sealed, stop.at) {
            Cut::Whole => taken.send,
            Cut::Bytes(bytes) => bytes,
            Cut::Again { record, records } => {
                let offer = Offer { record: Some(record), ..offer };
                let again = self.base.server(offer).and_then(|config| Machine::new(config, surroundings));
                again.map_or(Vec::new(), |mut again| {
                    let sent = again.take(unix, &got).send;
                    flight::up_to_sealed(&sent, records).to_vec()
                })
            }
        };
        self.send(conn, send);
        self.stop(conn, stop);
    }

    /// The server stops in the handshake, as a fault wants it.
    pub(super) fn stop(&mut self, conn: Conn, stop: Stop) {
        self.meet(|wrong| wrong.stop().filter(|one| *one == stop));
        let phase = if stop.reset { Phase::Resetting(self.now + RESET_AFTER) } else { Phase::Stalled };
        self.phase(conn, phase);
    }

    /// The service behind hears of a connection whose handshake is through.
    pub(super) fn open_if_through(&mut self, conn: Conn) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let peer = connection.peer;
        match std::mem::replace(&mut connection.phase, Phase::Over) {
            Phase::Handshake(Handshake { machine, .. }) if machine.is_open() => {
                let agreed = machine.agreed();
                connection.phase = Phase::Open(Open { machine, data: false, closed: false, sent: 0 });
                let (version, cipher, client) = (agreed.version, agreed.cipher, agreed.client);
                self.see(TlsSeen::Established { conn, version, cipher, client });
                self.inner.opened(self.now, conn, peer);
                self.drain();
                self.break_off_when_due(conn);
            }
            other => connection.phase = other,
        }
    }
}

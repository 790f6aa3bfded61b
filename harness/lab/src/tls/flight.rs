//! The server's first flight of handshake messages, and how to send only the beginning of it.
//!
//! What a device has of a flight is what stands in whole records. In TLS 1.3 all messages behind ServerHello may share a
//! sealed record; so that the device really gets as far as a fault says, the flight is made a second time, from the same
//! randomness, with records that end where it is to end.

use brownout_core::network::HandshakeState;

const HANDSHAKE: u8 = 22;
const SEALED: u8 = 23;

const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_VERIFY: u8 = 15;

const HEADER: usize = 5;

/// The most plain text in a record (RFC 8446 section 5.1).
const MOST_PLAIN: usize = 1 << 14;

/// How a flight is cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// It is sent whole.
    Whole,
    /// These bytes are sent in its place.
    Bytes(Vec<u8>),
    /// It is made again with so much plain text in each record; of the sealed ones so many are sent.
    Again {
        /// Bytes of plain text.
        record: usize,
        /// Sealed records.
        records: usize,
    },
}

/// The records of some bytes: their type, and where each ends.
fn records(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8], usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (header, rest) = bytes.get(at..)?.split_first_chunk::<HEADER>()?;
        let body = rest.get(..usize::from(u16::from_be_bytes([header[3], header[4]])))?;
        at += HEADER + body.len();
        Some((header[0], body, at))
    })
}

/// The messages of a handshake: their type, and where each ends.
fn messages(bytes: &[u8]) -> impl Iterator<Item = (u8, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (header, rest) = bytes.get(at..)?.split_first_chunk::<4>()?;
        let length = header[1..].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
        rest.get(..length)?;
        at += header.len() + length;
        Some((header[0], at))
    })
}

/// What of a handshake stands in records that are not sealed.
fn plain(sent: &[u8]) -> Vec<u8> {
    let plain = records(sent).filter(|(kind, ..)| *kind == HANDSHAKE);
    plain.flat_map(|(_, body, _)| body.iter().copied()).collect()
}

/// Whether these bytes hold a flight with a certificate in it, if the handshake is a whole one.
pub(super) fn has_certificate(sent: &[u8]) -> bool {
    records(sent).any(|(kind, ..)| kind == SEALED)
        || messages(&plain(sent)).any(|(kind, _)| kind == CERTIFICATE)
}

/// How to send of a flight no more than a fault allows. `sealed` are the messages that are sealed in it.
pub(super) fn cut(sent: &[u8], sealed: &[u8], at: HandshakeState) -> Cut {
    let last: &[u8] = match at {
        HandshakeState::ClientHello => return Cut::Bytes(Vec::new()),
        HandshakeState::ServerHello => &[SERVER_HELLO],
        HandshakeState::Certificate => &[CERTIFICATE],
        HandshakeState::CertificateVerify => &[CERTIFICATE_VERIFY, SERVER_KEY_EXCHANGE],
        HandshakeState::Finished => return Cut::Whole,
    };
    let end = |bytes: &[u8]| messages(bytes).find(|(kind, _)| last.contains(kind)).map(|(_, end)| end);
    let plain = plain(sent);
    if let Some(end) = end(&plain) {
        let part = plain.get(..end).unwrap_or_default();
        return Cut::Bytes(part.chunks(MOST_PLAIN).flat_map(record).collect());
    }
    // Of a session that is resumed there is nothing to cut behind.
    end(sealed).map_or(Cut::Whole, |end| {
        let records = end.div_ceil(MOST_PLAIN);
        Cut::Again { record: end.div_ceil(records), records }
    })
}

fn record(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap_or_default().to_be_bytes();
    [&[HANDSHAKE, 3, 3][..], &length, body].concat()
}

/// A flight up to the end of its n-th sealed record.
pub(super) fn up_to_sealed(sent: &[u8], n: usize) -> &[u8] {
    let end = records(sent).filter(|(kind, ..)| *kind == SEALED).nth(n.saturating_sub(1));
    end.and_then(|(.., end)| sent.get(..end)).unwrap_or(sent)
}

/// An alert that is not sealed, as a fatal one.
pub(super) fn plain_alert(code: u8) -> Vec<u8> {
    vec![ALERT, 3, 3, 0, 2, FATAL, code]
}

const ALERT: u8 = 21;
const FATAL: u8 = 2;

/// Puts another alert in the place of those that are not sealed.
pub(super) fn replace_plain_alerts(sent: &mut [u8], code: u8) {
    let ends: Vec<usize> = records(sent)
        .filter(|(kind, body, _)| *kind == ALERT && body.len() == 2)
        .map(|(.., end)| end)
        .collect();
    for end in ends {
        if let Some([level, description]) = sent.get_mut(end - 2..end) {
            (*level, *description) = (FATAL, code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(kind: u8, length: usize) -> Vec<u8> {
        [&[kind, 0, (length >> 8) as u8, length as u8][..], &vec![kind; length]].concat()
    }

    fn sealed_record(length: usize) -> Vec<u8> {
        [&[SEALED, 3, 3, (length >> 8) as u8, length as u8][..], &vec![0; length]].concat()
    }

    #[test]
    fn a_flight_in_the_clear_is_cut_between_its_messages() {
        let hello = message(SERVER_HELLO, 70);
        let certificate = message(CERTIFICATE, 900);
        let exchange = message(SERVER_KEY_EXCHANGE, 100);
        let sent = record(&[&hello[..], &certificate, &exchange, &message(14, 0)].concat());
        let cut = |at| cut(&sent, &[], at);
        assert_eq!(cut(HandshakeState::ClientHello), Cut::Bytes(Vec::new()));
        assert_eq!(cut(HandshakeState::ServerHello), Cut::Bytes(record(&hello)));
        let two = [&hello[..], &certificate].concat();
        assert_eq!(cut(HandshakeState::Certificate), Cut::Bytes(record(&two)));
        let three = [&two[..], &exchange].concat();
        assert_eq!(cut(HandshakeState::CertificateVerify), Cut::Bytes(record(&three)));
        assert_eq!(cut(HandshakeState::Finished), Cut::Whole);
        assert!(has_certificate(&sent) && !has_certificate(&record(&hello)));
    }

    #[test]
    fn a_sealed_flight_is_made_again_with_records_that_end_where_it_does() {
        let hello = record(&message(SERVER_HELLO, 70));
        let sent = [&hello[..], &[20, 3, 3, 0, 1, 1], &sealed_record(1200)].concat();
        let sealed = [message(8, 2), message(CERTIFICATE, 900), message(CERTIFICATE_VERIFY, 70)].concat();
        let cut = |at| cut(&sent, &sealed, at);
        assert_eq!(cut(HandshakeState::ServerHello), Cut::Bytes(hello.clone()));
        assert_eq!(cut(HandshakeState::Certificate), Cut::Again { record: 910, records: 1 });
        assert_eq!(cut(HandshakeState::CertificateVerify), Cut::Again { record: 984, records: 1 });
        let long = message(CERTIFICATE, 40_000);
        let expected = Cut::Again { record: 13_335, records: 3 };
        assert_eq!(super::cut(&sent, &long, HandshakeState::Certificate), expected);
        let again = [&hello[..], &sealed_record(900), &sealed_record(300)].concat();
        assert_eq!(up_to_sealed(&again, 1).len(), hello.len() + 905);
        assert!(has_certificate(&sent) && !has_certificate(&hello));
    }

    #[test]
    fn only_alerts_in_the_clear_are_replaced() {
        let mut sent = [plain_alert(42), sealed_record(2), plain_alert(43)].concat();
        replace_plain_alerts(&mut sent, 46);
        assert_eq!(sent, [plain_alert(46), sealed_record(2), plain_alert(46)].concat());
    }

    proptest! {
        #[test]
        fn any_bytes_are_cut_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for at in HandshakeState::ALL {
                cut(&bytes, &bytes, *at);
            }
            up_to_sealed(&bytes, 2);
            replace_plain_alerts(&mut bytes.clone(), 1);
        }
    }
}

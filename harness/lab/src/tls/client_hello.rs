//! The first message of a device, read before a TLS machine is chosen for it (RFC 8446 section 4.1.2).

/// What was made of the first bytes of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FirstBytes {
    /// The message is not whole yet.
    Partial,
    /// It is.
    Hello(ClientHello),
    /// This is no ClientHello.
    Other,
}

/// What matters of a ClientHello.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ClientHello {
    /// The name of the host that is asked for (RFC 6066 section 3).
    pub(super) name: Option<String>,
    /// It offers to resume a session, by a pre-shared key, a ticket or a session of TLS 1.2.
    pub(super) resumes: bool,
}

/// A ClientHello is not longer than this, records and all.
const LONGEST: usize = 1 << 14;

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;

const SERVER_NAME: u16 = 0;
const SESSION_TICKET: u16 = 35;
const PRE_SHARED_KEY: u16 = 41;
const SUPPORTED_VERSIONS: u16 = 43;

/// Whether the first bytes of a connection begin as those of TLS do.
pub(super) fn is_handshake(bytes: &[u8]) -> bool {
    bytes.first() == Some(&HANDSHAKE)
}

/// Reads the first bytes of a connection.
pub(super) fn read(bytes: &[u8]) -> FirstBytes {
    let mut message = Vec::new();
    let mut rest = Reader(bytes);
    while !rest.0.is_empty() {
        if rest.0.first() != Some(&HANDSHAKE) || bytes.len() > LONGEST {
            return FirstBytes::Other;
        }
        let record = (|| {
            rest.take(3)?;
            let length = rest.number(2)?;
            rest.take(length)
        })();
        let Some(record) = record else { return FirstBytes::Partial };
        message.extend_from_slice(record);
        let mut head = Reader(&message);
        match head.number(1) {
            None => continue,
            Some(kind) if kind != usize::from(CLIENT_HELLO) => return FirstBytes::Other,
            Some(_) => (),
        }
        if let Some(length) = head.number(3)
            && let Some(body) = head.take(length)
        {
            return hello(body).map_or(FirstBytes::Other, FirstBytes::Hello);
        }
    }
    FirstBytes::Partial
}

fn hello(body: &[u8]) -> Option<ClientHello> {
    let mut body = Reader(body);
    body.take(2 + 32)?;
    let session = body.prefixed(1)?;
    body.prefixed(2)?;
    body.prefixed(1)?;
    let mut hello = ClientHello::default();
    let mut versions = false;
    let mut extensions = Reader(if body.0.is_empty() { &[] } else { body.prefixed(2)? });
    while !extensions.0.is_empty() {
        let kind = u16::try_from(extensions.number(2)?).ok()?;
        let content = extensions.prefixed(2)?;
        match kind {
            SERVER_NAME => hello.name = host_name(content),
            SESSION_TICKET => hello.resumes |= !content.is_empty(),
            PRE_SHARED_KEY => hello.resumes = true,
            SUPPORTED_VERSIONS => versions = true,
            _ => (),
        }
    }
    // A client of TLS 1.3 sends a session that there never was, for the sake of old boxes on the way.
    hello.resumes |= !session.is_empty() && !versions;
    Some(hello)
}

fn host_name(content: &[u8]) -> Option<String> {
    let mut names = Reader(Reader(content).prefixed(2)?);
    let kind = names.number(1)?;
    let name = names.prefixed(2)?;
    (kind == 0).then(|| String::from_utf8_lossy(name).chars().take(253).collect())
}

/// Reads big-endian fields from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn prefixed(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let length = self.number(bytes)?;
        self.take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with_length(bytes: usize, content: &[u8]) -> Vec<u8> {
        let length = content.len().to_be_bytes();
        [&length[length.len() - bytes..], content].concat()
    }

    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &with_length(2, content)].concat()
    }

    fn message(session: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
        let mut body = vec![3; 34];
        body.extend(with_length(1, session));
        body.extend(with_length(2, &[0x13, 0x01]));
        body.extend(with_length(1, &[0]));
        body.extend(with_length(2, &extensions.concat()));
        [&[1][..], &with_length(3, &body)].concat()
    }

    fn records(message: &[u8], at_most: usize) -> Vec<u8> {
        message.chunks(at_most).flat_map(|chunk| [&[22, 3, 1][..], &with_length(2, chunk)].concat()).collect()
    }

    fn server_name(name: &str) -> Vec<u8> {
        extension(0, &with_length(2, &[&[0][..], &with_length(2, name.as_bytes())].concat()))
    }

    #[test]
    fn a_hello_is_read_however_its_records_are_cut() {
        let message = message(&[7; 32], &[server_name("mqtt.brownout.test"), extension(43, &[2, 3, 4])]);
        let hello = ClientHello { name: Some("mqtt.brownout.test".to_owned()), resumes: false };
        for at_most in [1, 3, 50, 10_000] {
            let bytes = records(&message, at_most);
            for whole in 0..bytes.len() {
                assert_eq!(read(&bytes[..whole]), FirstBytes::Partial, "{whole}");
            }
            assert_eq!(read(&bytes), FirstBytes::Hello(hello.clone()));
        }
    }

    #[test]
    fn resumption_is_seen_in_each_of_its_forms() {
        let resumes = |session: &[u8], extensions: &[Vec<u8>]| match read(&records(
            &message(session, extensions),
            10_000,
        )) {
            FirstBytes::Hello(hello) => hello.resumes,
            other => panic!("{other:?}"),
        };
        let versions = extension(43, &[2, 3, 4]);
        assert!(!resumes(&[], &[]));
        assert!(!resumes(&[1; 32], std::slice::from_ref(&versions)));
        assert!(resumes(&[1; 32], &[]));
        assert!(!resumes(&[], &[extension(35, &[])]));
        assert!(resumes(&[], &[extension(35, &[1])]));
        assert!(resumes(&[], &[versions, extension(41, &[1])]));
    }

    #[test]
    fn what_is_no_hello_is_not_waited_for() {
        assert_eq!(read(b"\x10\x1a\x00\x04MQTT"), FirstBytes::Other);
        assert_eq!(read(b"GET / HTTP/1.1\r\n"), FirstBytes::Other);
        assert_eq!(read(&records(&[2, 0, 0, 0], 100)), FirstBytes::Other);
        assert_eq!(read(&records(&[1; 17_000], 8_000)), FirstBytes::Other);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            read(&bytes);
            read(&records(&[&[1, 0, 0, 200][..], &bytes].concat(), 64));
        }
    }
}

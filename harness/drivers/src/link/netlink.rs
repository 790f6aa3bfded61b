//! Talk with the kernel's routing socket (rtnetlink(7)): requests as bytes, answers as bytes, refusals in its own words.
//!
//! The ten messages that a link needs are written here by hand: the crates with typed messages know nothing of netem's
//! options, which are most of it.

use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fmt;
use std::io;
use std::os::fd::AsFd;

/// How long the kernel may take to answer, in ms. It answers before `send` returns, unless it loads a module first.
const PATIENCE: u16 = 5000;

/// Flags of a request (linux/netlink.h).
pub(crate) mod flag {
    pub(crate) const REQUEST: u16 = 0x1;
    pub(crate) const ACK: u16 = 0x4;
    /// What was changed is told as it stands now, before the acknowledgement.
    pub(crate) const ECHO: u16 = 0x8;
    pub(crate) const REPLACE: u16 = 0x100;
    pub(crate) const EXCL: u16 = 0x200;
    pub(crate) const CREATE: u16 = 0x400;
    pub(crate) const DUMP: u16 = 0x300;
}

const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// The acknowledgement holds no copy of the request.
const NLM_F_CAPPED: u16 = 0x100;
/// The acknowledgement holds attributes.
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLMSGERR_ATTR_MSG: u16 = 1;
/// The attribute holds attributes.
const NLA_F_NESTED: u16 = 0x8000;
const NLA_TYPE_MASK: u16 = 0x3fff;
const HEADER: usize = 16;

/// Attributes, one behind the other, each padded to four bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attributes(pub(crate) Vec<u8>);

impl Attributes {
    /// One with a value of bytes. A value of more than 65,531 bytes does not exist.
    pub(crate) fn bytes(mut self, kind: u16, value: &[u8]) -> Self {
        self.put(kind, value);
        self
    }

    /// One with a number, or several.
    pub(crate) fn words(self, kind: u16, words: &[u32]) -> Self {
        self.bytes(kind, &native(words))
    }

    /// One with a text, ended by a zero.
    pub(crate) fn text(self, kind: u16, text: &str) -> Self {
        let mut value = text.as_bytes().to_vec();
        value.push(0);
        self.bytes(kind, &value)
    }

    /// One that holds attributes.
    pub(crate) fn nest(self, kind: u16, inner: &Self) -> Self {
        self.bytes(kind | NLA_F_NESTED, &inner.0)
    }

    fn put(&mut self, kind: u16, value: &[u8]) {
        let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.0.extend_from_slice(&length.to_ne_bytes());
        self.0.extend_from_slice(&kind.to_ne_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }
}

/// Numbers in the byte order of this machine, which is netlink's.
pub(crate) fn native(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

/// The number at a place of some bytes.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

/// The long number at the beginning of some bytes.
pub(crate) fn u64_of(bytes: &[u8]) -> Option<u64> {
    bytes.first_chunk().map(|bytes| u64::from_ne_bytes(*bytes))
}

/// The attributes in some bytes, up to the first that is broken.
pub(crate) fn attributes(bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(*rest.first_chunk()?));
        let kind = u16::from_ne_bytes(*rest.get(2..)?.first_chunk()?) & NLA_TYPE_MASK;
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// The first attribute of a kind.
pub(crate) fn attribute(bytes: &[u8], kind: u16) -> Option<&[u8]> {
    attributes(bytes).find(|(of, _)| *of == kind).map(|(_, value)| value)
}

/// A request: the kind of message, its flags, what stands before the attributes, the attributes.
pub(crate) struct Request<'a> {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) head: &'a [u8],
    pub(crate) attributes: &'a Attributes,
}

impl Request<'_> {
    fn encode(&self, sequence: u32) -> Vec<u8> {
        let length = HEADER + self.head.len() + self.attributes.0.len();
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(&(length as u32).to_ne_bytes());
        bytes.extend_from_slice(&self.kind.to_ne_bytes());
        bytes.extend_from_slice(&(self.flags | flag::REQUEST | flag::ACK).to_ne_bytes());
        bytes.extend_from_slice(&sequence.to_ne_bytes());
        bytes.extend_from_slice(&0_u32.to_ne_bytes());
        bytes.extend_from_slice(self.head);
        bytes.extend_from_slice(&self.attributes.0);
        bytes
    }
}

/// A message from the kernel: its kind, and what follows its header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: u16,
    pub(crate) body: Vec<u8>,
}

/// The kernel said no.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// Its error number, as an error of the operating system.
    pub(crate) error: io::Error,
    /// What it said beside that (extended acknowledgement).
    pub(crate) said: Option<String>,
}

impl Refusal {
    pub(crate) fn is(&self, errno: nix::errno::Errno) -> bool {
        self.error.raw_os_error() == Some(errno as i32)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.said {
            Some(said) => write!(f, "{}: {said}", self.error),
            None => self.error.fmt(f),
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self { error, said: None }
    }
}

/// A routing socket of the network namespace in which it was opened.
pub(crate) struct Netlink {
    socket: Socket,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Netlink {
    pub(crate) fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        // Both since Linux 4.12; without them refusals say less.
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_cap_ack(true);
        socket.set_non_blocking(true)?;
        // The kernel fills at most 32 KiB of an answer at a time.
        Ok(Self { socket, sequence: 0, buffer: vec![0; 64 * 1024] })
    }

    /// Asks, and gives what was answered before the acknowledgement.
    pub(crate) fn ask(&mut self, request: &Request<'_>) -> Result<Vec<Message>, Refusal> {
        self.sequence = self.sequence.wrapping_add(1);
        self.socket.send(&request.encode(self.sequence), 0)?;
        let mut answers = Vec::new();
        loop {
            let length = self.receive()?;
            let datagram = self.buffer.get(..length).unwrap_or_default();
            match read(datagram, self.sequence, &mut answers)? {
                Reading::Ended => return Ok(answers),
                Reading::GoesOn => {}
            }
        }
    }

    fn receive(&mut self) -> io::Result<usize> {
        loop {
            match self.socket.recv(&mut &mut self.buffer[..], 0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let mut sockets = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
                    if poll(&mut sockets, PollTimeout::from(PATIENCE))? == 0 {
                        return Err(io::Error::new(io::ErrorKind::TimedOut, "the kernel does not answer"));
                    }
                }
                other => return other,
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Reading {
    GoesOn,
    Ended,
}

/// Reads a datagram of the kernel; messages of other sequences are not for us.
fn read(datagram: &[u8], sequence: u32, answers: &mut Vec<Message>) -> Result<Reading, Refusal> {
    let broken = || io::Error::new(io::ErrorKind::InvalidData, "the kernel's answer cannot be read");
    let mut rest = datagram;
    while !rest.is_empty() {
        let length = u32_at(rest, 0).ok_or_else(broken)? as usize;
        let kinds = u32_at(rest, 4).ok_or_else(broken)?.to_ne_bytes();
        let [kind, flags] = [[kinds[0], kinds[1]], [kinds[2], kinds[3]]].map(u16::from_ne_bytes);
        let of = u32_at(rest, 8).ok_or_else(broken)?;
        let body = rest.get(HEADER..length).ok_or_else(broken)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        if of != sequence {
            continue;
        }
        match kind {
            NLMSG_DONE => return Ok(Reading::Ended),
            NLMSG_ERROR => {
                let code = u32_at(body, 0).ok_or_else(broken)?.cast_signed();
                if code == 0 {
                    return Ok(Reading::Ended);
                }
                let error = io::Error::from_raw_os_error(code.saturating_neg());
                return Err(Refusal { error, said: said(body, flags) });
            }
            _ => answers.push(Message { kind, body: body.to_vec() }),
        }
    }
    Ok(Reading::GoesOn)
}

/// What the kernel says of a refusal: behind the error number and the request, or its header alone.
fn said(body: &[u8], flags: u16) -> Option<String> {
    if flags & NLM_F_ACK_TLVS == 0 {
        return None;
    }
    let request = if flags & NLM_F_CAPPED != 0 { HEADER } else { u32_at(body, 4)? as usize };
    let text = attribute(body.get(4 + request.next_multiple_of(4)..)?, NLMSGERR_ATTR_MSG)?;
    let text = text.strip_suffix(&[0]).unwrap_or(text);
    (!text.is_empty()).then(|| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = native(&[(HEADER + body.len()) as u32]);
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(native(&[sequence, 0]));
        bytes.extend(body);
        bytes
    }

    #[test]
    fn a_refusal_says_what_the_kernel_says() {
        let words = Attributes::default().text(NLMSGERR_ATTR_MSG, "Specified qdisc kind is unknown");
        let mut body = native(&[2_u32.wrapping_neg()]);
        body.extend([0; HEADER]);
        body.extend(&words.0);
        let datagram = message(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, 7, &body);
        let refusal = read(&datagram, 7, &mut Vec::new()).unwrap_err();
        assert!(refusal.is(nix::errno::Errno::ENOENT));
        assert_eq!(
            refusal.to_string(),
            "No such file or directory (os error 2): Specified qdisc kind is unknown"
        );
    }

    #[test]
    fn answers_of_another_request_are_left_out() {
        let mut datagram = message(36, 0, 3, &[1, 2, 3, 4]);
        datagram.extend(message(36, 0, 4, &[5, 6, 7, 8]));
        let mut answers = Vec::new();
        assert_eq!(read(&datagram, 4, &mut answers).unwrap(), Reading::GoesOn);
        assert_eq!(answers, [Message { kind: 36, body: vec![5, 6, 7, 8] }]);
        let mut end = native(&[0]);
        end.extend([0; HEADER]);
        assert_eq!(read(&message(NLMSG_ERROR, 0, 4, &end), 4, &mut answers).unwrap(), Reading::Ended);
    }

    #[test]
    fn attributes_read_back() {
        let inner = Attributes::default().words(2, &[1, 2]);
        let all = Attributes::default().text(1, "netem").nest(5, &inner);
        assert_eq!(attribute(&all.0, 1), Some(&b"netem\0"[..]));
        let nested = attribute(&all.0, 5).unwrap();
        assert_eq!(
            attribute(nested, 2).map(|value| (u32_at(value, 0), u32_at(value, 4))),
            Some((Some(1), Some(2)))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, 0, &mut Vec::new());
            prop_assert!(attributes(&bytes).count() <= bytes.len() / 4);
        }
    }
}

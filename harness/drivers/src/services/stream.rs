//! A connection of a device to one of the services, on an ordinary socket.

use brownout_core::network::{End, Service};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

/// What waits to be sent, at most, in bytes; a service that sends more without being listened to has its connection
/// reset.
const MOST_PENDING: usize = 4 << 20;
/// A device that acknowledges nothing for so long is given up, in ms.
const GIVE_UP: u32 = 150_000;

/// A connection.
pub(super) struct Stream {
    pub(super) socket: TcpStream,
    pub(super) service: Service,
    pending: VecDeque<u8>,
    /// Nothing is taken from it, so that its window closes.
    pub(super) deaf: bool,
    /// The service closes it when everything is sent.
    closing: bool,
    /// Our side was closed.
    shut: bool,
    /// The device closed its side.
    pub(super) heard_all: bool,
}

/// What became of a connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Bytes(Vec<u8>),
    Ended(End),
    Nothing,
}

impl Stream {
    pub(super) fn new(socket: TcpStream, service: Service) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::TcpUserTimeout, &GIVE_UP)?;
        Ok(Self {
            socket,
            service,
            pending: VecDeque::new(),
            deaf: false,
            closing: false,
            shut: false,
            heard_all: false,
        })
    }

    /// Whether it waits for bytes.
    pub(super) fn wants_to_hear(&self) -> bool {
        !self.deaf && !self.heard_all
    }

    /// Whether it waits for room.
    pub(super) fn wants_to_send(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether both sides are through.
    pub(super) fn is_over(&self) -> bool {
        self.shut && self.heard_all
    }

    /// Whether its service has ended it.
    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Takes what has arrived.
    pub(super) fn hear(&mut self, buffer: &mut [u8]) -> Heard {
        if !self.wants_to_hear() {
            return Heard::Nothing;
        }
        match self.socket.read(buffer) {
            Ok(0) => {
                self.heard_all = true;
                Heard::Ended(End::ByDevice)
            }
            Ok(length) => Heard::Bytes(buffer.get(..length).unwrap_or_default().to_vec()),
            Err(error) => Self::failed(&error),
        }
    }

    /// Sends bytes, now or later; `false`: there are too many.
    #[must_use]
    pub(super) fn say(&mut self, bytes: &[u8]) -> bool {
        if self.closing || self.pending.len() + bytes.len() > MOST_PENDING {
            return self.closing;
        }
        self.pending.extend(bytes);
        true
    }

    /// Closes our side when everything is sent.
    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    /// Sends what there is room for.
    pub(super) fn flush(&mut self) -> Heard {
        while !self.pending.is_empty() {
            let (front, _) = self.pending.as_slices();
            match self.socket.write(front) {
                Ok(sent) => drop(self.pending.drain(..sent)),
                Err(error) => return Self::failed(&error),
            }
        }
        if self.closing && !self.shut {
            self.shut = true;
            // One that is gone already has been told of, or will be.
            let _ = self.socket.shutdown(Shutdown::Write);
        }
        Heard::Nothing
    }

    /// Resets it at once.
    pub(super) fn reset(self) {
        let at_once = nix::libc::linger { l_onoff: 1, l_linger: 0 };
        let _ = nix::sys::socket::setsockopt(&self.socket, nix::sys::socket::sockopt::Linger, &at_once);
    }

    fn failed(error: &io::Error) -> Heard {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Heard::Nothing,
            io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                Heard::Ended(End::TimedOut)
            }
            _ => Heard::Ended(End::ResetByDevice),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::time::Duration;

    fn pair() -> (Stream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let device = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        device.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        (Stream::new(listener.accept().unwrap().0, Service::Broker).unwrap(), device)
    }

    fn hear(stream: &mut Stream) -> Heard {
        let mut buffer = [0; 64];
        for _ in 0..5000 {
            match stream.hear(&mut buffer) {
                Heard::Nothing => std::thread::sleep(Duration::from_millis(1)),
                heard => return heard,
            }
        }
        Heard::Nothing
    }

    #[test]
    fn what_is_said_before_closing_arrives_and_then_the_end() {
        let (mut stream, mut device) = pair();
        assert!(stream.say(b"hello"));
        stream.close();
        assert_eq!(stream.flush(), Heard::Nothing);
        let mut all = Vec::new();
        device.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"hello");
        device.write_all(b"late").unwrap();
        assert_eq!(hear(&mut stream), Heard::Bytes(b"late".to_vec()));
        drop(device);
        assert_eq!(hear(&mut stream), Heard::Ended(End::ByDevice));
        assert!(stream.is_over());
    }

    #[test]
    fn a_reset_is_seen_as_one_on_either_side() {
        let (stream, mut device) = pair();
        stream.reset();
        assert_eq!(device.read(&mut [0; 8]).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        let (mut stream, device) = pair();
        Stream::new(device, Service::Broker).unwrap().reset();
        assert_eq!(hear(&mut stream), Heard::Ended(End::ResetByDevice));
    }

    #[test]
    fn a_service_that_is_not_listened_to_cannot_fill_memory() {
        let (mut stream, _device) = pair();
        assert!(stream.say(&vec![0; MOST_PENDING]));
        assert!(!stream.say(&[0]));
    }
}

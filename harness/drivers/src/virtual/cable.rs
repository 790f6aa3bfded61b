//! The Ethernet cable of a virtual board in real time: a socket at its door.

use crate::link::wire::Wire;
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv, send};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// A cable that is plugged while its socket is connected.
pub(crate) struct Cable {
    door: PathBuf,
    socket: Option<UnixStream>,
}

impl Cable {
    /// One that is not plugged yet.
    pub(crate) fn new(door: PathBuf) -> Self {
        Self { door, socket: None }
    }
}

impl Wire for Cable {
    fn plug(&mut self, plugged: bool) -> io::Result<()> {
        if !plugged {
            self.socket = None;
        } else if self.socket.is_none() {
            let socket = brownout_board::doors::ethernet::plug(&self.door)?;
            socket.set_nonblocking(true)?;
            self.socket = Some(socket);
        }
        Ok(())
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        let Some(socket) = &self.socket else { return Ok(()) };
        match send(socket.as_raw_fd(), frame, MsgFlags::MSG_NOSIGNAL) {
            Ok(_) | Err(Errno::EAGAIN | Errno::ENOBUFS) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(socket) = &self.socket else { return Ok(None) };
        match recv(socket.as_raw_fd(), buffer, MsgFlags::empty()) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the virtual board has gone")),
            Ok(length) => Ok(Some(length)),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.socket.as_ref().map(AsFd::as_fd)
    }
}

//! What rustls asks of its surroundings while it works on a connection: randomness and the time. It asks by static
//! references, so both are lent to the thread for as long as a call lasts.

use crate::pki::Entropy;
use rustls::crypto::{GetRandomFailed, SecureRandom};
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use std::cell::RefCell;

/// What is lent.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    /// Where random bytes come from.
    pub(super) entropy: Entropy,
    /// Unix time in seconds.
    pub(super) unix: u64,
    /// The alert that is sent, as a fatal one, in place of whatever alert rustls would send.
    pub(super) alert: Option<u8>,
    /// Whether what is sealed of a handshake is to be kept.
    pub(super) watch_handshake: bool,
    /// The handshake messages that were sealed, one behind the other.
    pub(super) handshake: Vec<u8>,
}

thread_local! {
    static LENT: RefCell<Option<Surroundings>> = const { RefCell::new(None) };
}

impl Surroundings {
    pub(super) fn new(entropy: Entropy) -> Self {
        Self { entropy, unix: 0, alert: None, watch_handshake: false, handshake: Vec::new() }
    }

    /// Runs something that calls rustls.
    pub(super) fn lend<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let before = LENT.replace(Some(std::mem::replace(self, Self::new(self.entropy.clone()))));
        let result = work();
        if let Some(back) = LENT.replace(before) {
            *self = back;
        }
        result
    }
}

/// Does something with what is lent; `None` outside of [`Surroundings::lend`].
pub(super) fn with<R>(work: impl FnOnce(&mut Surroundings) -> R) -> Option<R> {
    LENT.with_borrow_mut(|lent| lent.as_mut().map(work))
}

/// Randomness out of what is lent.
#[derive(Debug)]
pub(super) struct LentRandom;

impl SecureRandom for LentRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        with(|lent| lent.entropy.fill(bytes)).ok_or(GetRandomFailed)
    }
}

/// Time out of what is lent.
#[derive(Debug)]
pub(super) struct LentTime;

impl TimeProvider for LentTime {
    fn current_time(&self) -> Option<UnixTime> {
        with(|lent| UnixTime::since_unix_epoch(std::time::Duration::from_secs(lent.unix)))
    }
}

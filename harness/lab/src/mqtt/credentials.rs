//! Whom the broker lets in.

use brownout_core::time::Instant;
use std::sync::Arc;

/// What a client shows when it connects. All of it is hostile.
#[derive(Clone, Copy, Debug)]
pub struct Login<'a> {
    /// Its client identifier.
    pub client: &'a str,
    /// Its user name.
    pub user: Option<&'a str>,
    /// Its password, or its token.
    pub password: Option<&'a [u8]>,
}

/// Decides on a login: it is let in, or refused with a reason code (0x86: bad user name or password; 0x87: not
/// authorized).
pub type Check = dyn Fn(Instant, &Login<'_>) -> Result<(), u8> + Send + Sync;

/// Whom the broker lets in.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Anyone.
    #[default]
    Anyone,
    /// Those whom this lets in.
    Checked(Arc<Check>),
}

impl Credentials {
    /// Whether a login is let in.
    pub(super) fn check(&self, now: Instant, login: &Login<'_>) -> Result<(), u8> {
        match self {
            Self::Anyone => Ok(()),
            Self::Checked(check) => check(now, login),
        }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anyone => "Anyone",
            Self::Checked(_) => "Checked",
        })
    }
}

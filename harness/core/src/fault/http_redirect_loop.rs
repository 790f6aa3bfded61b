//! `http_redirect_loop`: redirections lead nowhere.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HttpFault, HttpHost, Misbehave};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// An HTTP service redirects the device to and fro without end.
    ///
    /// `http_redirect_loop: {for: 60s}`
    pub struct HttpRedirectLoop {
        /// Whose.
        of: HttpHost = "of" or HttpHost::Api,
    } lasting Duration::from_secs(60)
}

impl FaultKind for HttpRedirectLoop {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = HttpFault::RedirectLoop;
        misbehave("http_redirect_loop", Misbehave::Http { service: self.of.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! `http_status`: an HTTP service answers with a status.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HttpFault, HttpHost, Misbehave, StatusCode};
use crate::port::Port;
use crate::time::Duration;

fault! {
    /// An HTTP service answers every request with this status.
    ///
    /// `http_status: {code: 429, retry_after: 30s, of: api, for: 60s}`
    pub struct HttpStatus {
        /// The status code.
        code: StatusCode = "code" or StatusCode::UNAVAILABLE,
        /// When it says to come again (`Retry-After`); whole seconds.
        retry_after: Option<Duration> = "retry_after" optional,
        /// Whose.
        of: HttpHost = "of" or HttpHost::Api,
    } lasting Duration::from_secs(60)
}

impl FaultKind for HttpStatus {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = HttpFault::Status { code: self.code, retry_after: self.retry_after };
        misbehave("http_status", Misbehave::Http { service: self.of.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

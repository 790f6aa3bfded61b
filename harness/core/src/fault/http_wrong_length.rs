//! `http_wrong_length`: a body is longer or shorter than it says.

use super::{FaultKind, Lowered, Lowering, misbehave};
use crate::network::{HttpFault, HttpHost, Misbehave, MoreOrLess};
use crate::port::Port;
use crate::quantity::Size;
use crate::time::Duration;

fault! {
    /// An HTTP service says a wrong `Content-Length`. Where it says more than there is, it closes the connection behind the body.
    ///
    /// `http_wrong_length: {says: less, by: 16B, for: 60s}`
    pub struct HttpWrongLength {
        /// Which way it is wrong.
        says: MoreOrLess = "says" or MoreOrLess::More,
        /// By how much.
        by: Size = "by" (Positive) or Size(16),
        /// Whose.
        of: HttpHost = "of" or HttpHost::Api,
    } lasting Duration::from_secs(60)
}

impl FaultKind for HttpWrongLength {
    fn lower(&self, _: &Lowering<'_>) -> Lowered {
        let fault = HttpFault::WrongLength { says: self.says, by: self.by };
        misbehave("http_wrong_length", Misbehave::Http { service: self.of.service(), fault }, self.hold)
    }

    fn needs(&self) -> &'static [Port] {
        &[Port::Services]
    }
}

//! HTTP/1.1 (RFC 9110, RFC 9112): what is seen of it and how a server goes wrong.

use super::{Conn, Service};
use crate::language::decode::{Ruled, Shape};
use crate::language::scalar::from_str;
use crate::language::{Decode, Diagnostics, Node};
use crate::quantity::{BitRate, Size};
use crate::time::Duration;
use serde::{Deserialize, Serialize};

/// How an HTTP server misbehaves. Places in a body are counted in bytes from its beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpFault {
    /// It answers with this status.
    Status {
        /// The status code.
        code: StatusCode,
        /// When to come again (RFC 9110 section 10.2.3); whole seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after: Option<Duration>,
    },
    /// It closes the connection when so much of a body was sent.
    Truncated {
        /// How much.
        at: Size,
    },
    /// It resets the connection when so much of a body was sent.
    Reset {
        /// How much.
        at: Size,
    },
    /// It sends nothing more when so much of a body was sent, and keeps the connection.
    Stall {
        /// How much.
        at: Size,
    },
    /// It sends bodies no faster than this.
    Slow {
        /// How fast.
        rate: BitRate,
    },
    /// It says a wrong length of a body.
    WrongLength {
        /// Which way it is wrong.
        says: MoreOrLess,
        /// By how much.
        by: Size,
    },
    /// It sends the whole where a range is asked for (which it may, RFC 9110 section 14.2).
    RangeIgnored,
    /// It sends another range than the one that is asked for, and says so.
    WrongRange {
        /// How much earlier it begins; later, where there is nothing earlier.
        by: Size,
    },
    /// It sends the client to and fro.
    RedirectLoop,
    /// It serves what was there before, as a cache would that forgot to ask.
    Stale,
    /// Its answers have the fields of another version of its interface.
    VersionDrift,
}

/// Which way a number is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoreOrLess {
    /// More than there is.
    More,
    /// Less than there is.
    Less,
}

crate::words!(MoreOrLess { More = "more", Less = "less" });

/// A service over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpHost {
    /// The cloud's interface.
    Api,
    /// The identity provider.
    Identity,
}

crate::words!(HttpHost { Api = "api", Identity = "identity" });

impl HttpHost {
    /// The service that it is.
    pub const fn service(self) -> Service {
        match self {
            Self::Api => Service::Api,
            Self::Identity => Service::Identity,
        }
    }
}

/// A final status code (RFC 9110 section 15), from 200 to 599: `503`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct StatusCode(u16);

impl StatusCode {
    /// 503 Service Unavailable.
    pub const UNAVAILABLE: Self = Self(503);

    /// Its number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for StatusCode {
    type Error = String;

    fn try_from(code: u16) -> Result<Self, String> {
        match code {
            200..600 => Ok(Self(code)),
            _ => Err(format!("`{code}` is no final status code; they go from 200 to 599")),
        }
    }
}

impl From<StatusCode> for u16 {
    fn from(code: StatusCode) -> Self {
        code.0
    }
}

impl std::str::FromStr for StatusCode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let code: u16 =
            text.parse().map_err(|_| format!("`{text}` is not a status code; write one like `503`"))?;
        Self::try_from(code)
    }
}

impl Ruled for StatusCode {}

impl Decode for StatusCode {
    fn shape() -> Shape {
        Shape::Scalar("an HTTP status code", "503")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "an HTTP status code", out)
    }
}

/// What is seen of HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpSeen {
    /// A request.
    Asked {
        /// Of which connection.
        conn: Conn,
        /// Its method.
        method: String,
        /// What it asks for.
        path: String,
        /// Its `Range`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        range: Option<String>,
    },
    /// An answer, when all of it is sent that will be.
    Answered {
        /// Of which connection.
        conn: Conn,
        /// Its status code.
        status: u16,
        /// Bytes of its body that were sent.
        bytes: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::StatusCode;

    #[test]
    fn a_status_code_is_final() {
        assert_eq!("503".parse(), Ok(StatusCode::UNAVAILABLE));
        for text in ["100", "600", "70000", "-1", "OK"] {
            assert!(text.parse::<StatusCode>().is_err(), "{text}");
        }
    }
}

//! HTTP/1.1 (RFC 9110, RFC 9112): what is seen of it and how a server goes wrong.

use super::Conn;
use serde::{Deserialize, Serialize};

/// How an HTTP server misbehaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpFault {
    /// It answers with this status.
    Status {
        /// The status code.
        code: u16,
    },
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
    /// An answer.
    Answered {
        /// Of which connection.
        conn: Conn,
        /// Its status code.
        status: u16,
        /// Bytes of its body that were sent.
        bytes: u64,
    },
}

//! TLS 1.2 and 1.3 (RFC 5246, RFC 8446): what is seen of it and how a server goes wrong.

use super::Conn;
use serde::{Deserialize, Serialize};

/// How a TLS server misbehaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsFault {
    /// Its certificate has expired.
    Expired,
}

/// What is seen of TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsSeen {
    /// The device's first message.
    ClientHello {
        /// Of which connection.
        conn: Conn,
        /// The name it asks for (SNI).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Whether it offers to resume a session.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        resumes: bool,
    },
    /// The handshake is through, on both sides.
    Established {
        /// Of which connection.
        conn: Conn,
        /// `TLSv1.3`.
        version: String,
        /// As the registry of IANA names it.
        cipher: String,
        /// The subject of the certificate that the device showed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client: Option<String>,
    },
    /// The device sent an alert.
    Alert {
        /// Of which connection.
        conn: Conn,
        /// As RFC 8446 section 6 names it: `certificate_expired`.
        description: String,
        /// A fatal one.
        fatal: bool,
    },
    /// The server gave up: what the device sent is not TLS, or not TLS as it should be.
    Failed {
        /// Of which connection.
        conn: Conn,
        /// Why.
        why: String,
    },
    /// The device sent its first byte of application data.
    FirstData {
        /// Of which connection.
        conn: Conn,
    },
}

//! TLS 1.2 and 1.3 (RFC 5246, RFC 8446): what is seen of it and how a server goes wrong.

use super::{Conn, Service};
use serde::{Deserialize, Serialize};

/// How a TLS server misbehaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsFault {
    /// It shows a certificate that no client may accept.
    Certificate(BadCertificate),
    /// It shows a chain of at least so many bytes, all of it valid.
    OversizedChain {
        /// The length of all certificates together.
        bytes: u64,
    },
    /// Its chain goes back to a new root, which the device was not told of.
    CaRotated {
        /// The old root vouches for the new one, and the server shows that.
        cross_signed: bool,
    },
    /// It refuses the certificate of the device, whatever that is, after the device's part of the handshake.
    ClientRefused {
        /// With this alert.
        alert: AlertDescription,
    },
    /// It speaks no version of TLS that the device speaks.
    NoCommonVersion,
    /// It says nothing more behind one of its handshake messages.
    Stall {
        /// Behind which.
        at: HandshakeState,
    },
    /// It resets the connection behind one of its handshake messages.
    Reset {
        /// Behind which.
        at: HandshakeState,
    },
    /// It sends a fatal alert in the middle of the stream and closes.
    Alert {
        /// Which.
        description: AlertDescription,
        /// Behind so many bytes of application data to the device, counted on each connection from the handshake, or
        /// from when this was set.
        after: u64,
    },
    /// It closes the connection in the middle of the stream without `close_notify`, so that the device cannot know
    /// whether that was the end (RFC 8446 section 6.1).
    TruncatedClose {
        /// Behind so many bytes, counted as for [`TlsFault::Alert`].
        after: u64,
    },
    /// It gives out session tickets and takes none back: a device that wants to resume has to do the whole handshake.
    TicketRefused,
}

/// A service over TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Secured {
    /// The MQTT broker.
    Broker,
    /// The cloud's HTTP interface.
    Api,
    /// The identity provider.
    Identity,
}

crate::words!(Secured { Broker = "broker", Api = "api", Identity = "identity" });

impl Secured {
    /// Which service it is.
    pub const fn service(self) -> Service {
        match self {
            Self::Broker => Service::Broker,
            Self::Api => Service::Api,
            Self::Identity => Service::Identity,
        }
    }
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadCertificate {
    /// The server's has expired.
    Expired,
    /// The server's is not valid yet.
    NotYetValid,
    /// It names another host.
    WrongHost,
    /// Its chain goes back to a root that the device does not know.
    UnknownCa,
    /// The server vouches for itself.
    SelfSigned,
    /// The server does not show the intermediate that vouches for it.
    MissingIntermediate,
    /// The intermediate has expired.
    ExpiredIntermediate,
    /// It is for clients and not for servers (extended key usage, RFC 5280 section 4.2.1.12).
    WrongUsage,
    /// It is signed over a SHA-1 digest, for which collisions can be found (RFC 9155).
    Weak,
    /// The server does not have the key that belongs to it: it signs the handshake with another.
    KeyMismatch,
}

crate::words!(BadCertificate {
    Expired = "expired",
    NotYetValid = "not_yet_valid",
    WrongHost = "wrong_host",
    UnknownCa = "unknown_ca",
    SelfSigned = "self_signed",
    MissingIntermediate = "missing_intermediate",
    ExpiredIntermediate = "expired_intermediate",
    WrongUsage = "wrong_usage",
    Weak = "weak",
    KeyMismatch = "key_mismatch",
});

impl BadCertificate {
    /// Every one there is.
    pub const ALL: &[Self] = &[
        Self::Expired,
        Self::NotYetValid,
        Self::WrongHost,
        Self::UnknownCa,
        Self::SelfSigned,
        Self::MissingIntermediate,
        Self::ExpiredIntermediate,
        Self::WrongUsage,
        Self::Weak,
        Self::KeyMismatch,
    ];
}

/// How far a server goes in a handshake: the last of its messages that it sends (RFC 8446 section 2). In TLS 1.2 the
/// messages that do the same take their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandshakeState {
    /// None: it has got the device's first message and does not answer.
    ClientHello,
    /// ServerHello.
    ServerHello,
    /// Certificate.
    Certificate,
    /// CertificateVerify; in TLS 1.2 ServerKeyExchange.
    CertificateVerify,
    /// Finished, or in TLS 1.2 ServerHelloDone: all that it says before the device's part.
    Finished,
}

crate::words!(HandshakeState {
    ClientHello = "client_hello",
    ServerHello = "server_hello",
    Certificate = "certificate",
    CertificateVerify = "certificate_verify",
    Finished = "finished",
});

impl HandshakeState {
    /// Every one there is, in order.
    pub const ALL: &[Self] =
        &[Self::ClientHello, Self::ServerHello, Self::Certificate, Self::CertificateVerify, Self::Finished];
}

/// The alerts of TLS (RFC 8446 section 6).
macro_rules! alerts {
    ($($variant:ident = $word:literal $code:literal,)+) => {
        /// What an alert says, as RFC 8446 section 6 names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum AlertDescription {
            $( #[doc = concat!("`", $word, "`")] #[serde(rename = $word)] $variant, )+
        }

        crate::words!(AlertDescription { $($variant = $word),+ });

        impl AlertDescription {
            /// Every one there is.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its number.
            pub const fn code(self) -> u8 {
                match self { $(Self::$variant => $code),+ }
            }
        }
    };
}

alerts! {
    CloseNotify = "close_notify" 0,
    UnexpectedMessage = "unexpected_message" 10,
    BadRecordMac = "bad_record_mac" 20,
    RecordOverflow = "record_overflow" 22,
    HandshakeFailure = "handshake_failure" 40,
    BadCertificate = "bad_certificate" 42,
    UnsupportedCertificate = "unsupported_certificate" 43,
    CertificateRevoked = "certificate_revoked" 44,
    CertificateExpired = "certificate_expired" 45,
    CertificateUnknown = "certificate_unknown" 46,
    IllegalParameter = "illegal_parameter" 47,
    UnknownCa = "unknown_ca" 48,
    AccessDenied = "access_denied" 49,
    DecodeError = "decode_error" 50,
    DecryptError = "decrypt_error" 51,
    ProtocolVersion = "protocol_version" 70,
    InsufficientSecurity = "insufficient_security" 71,
    InternalError = "internal_error" 80,
    InappropriateFallback = "inappropriate_fallback" 86,
    UserCanceled = "user_canceled" 90,
    MissingExtension = "missing_extension" 109,
    UnsupportedExtension = "unsupported_extension" 110,
    UnrecognizedName = "unrecognized_name" 112,
    BadCertificateStatusResponse = "bad_certificate_status_response" 113,
    UnknownPskIdentity = "unknown_psk_identity" 115,
    CertificateRequired = "certificate_required" 116,
    NoApplicationProtocol = "no_application_protocol" 120,
}

impl AlertDescription {
    /// The name of an alert; its number, if it has none.
    pub fn name_of(code: u8) -> String {
        Self::ALL
            .iter()
            .find(|one| one.code() == code)
            .map_or_else(|| format!("alert_{code}"), |one| one.word().to_owned())
    }
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
    /// What the device sent first is no TLS.
    NotTls {
        /// On which connection.
        conn: Conn,
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
        /// Whether it ends the connection by force; only `close_notify` and `user_canceled` do not.
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

#[cfg(test)]
mod tests {
    use super::AlertDescription;

    #[test]
    fn alerts_have_their_numbers_and_names() {
        assert_eq!(AlertDescription::CertificateExpired.code(), 45);
        assert_eq!(AlertDescription::name_of(48), "unknown_ca");
        assert_eq!(AlertDescription::name_of(200), "alert_200");
        let codes: Vec<u8> = AlertDescription::ALL.iter().map(|one| one.code()).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    }
}

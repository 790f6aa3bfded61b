//! Reason codes of MQTT, by name or number (MQTT 5.0 section 2.4).

use crate::language::decode::Shape;
use crate::language::diagnostic::did_you_mean;
use crate::language::scalar::from_str;
use crate::language::{Decode, Diagnostics, Node};
use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($(#[doc = $doc:literal])+ $type:ident, $what:literal, $example:literal, $first:literal, [$(($name:literal, $code:literal)),+ $(,)?]) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(u8);

        impl $type {
            /// Those that have a name.
            pub const NAMES: &'static [(&'static str, u8)] = &[$(($name, $code)),+];

            /// The code.
            pub const fn code(self) -> u8 {
                self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match Self::NAMES.iter().find(|(_, code)| *code == self.0) {
                    Some((name, _)) => f.write_str(name),
                    None => write!(f, "{:#04x}", self.0),
                }
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
                    Some(hex) => u8::from_str_radix(hex, 16).ok(),
                    None => text.parse().ok(),
                };
                let named = || Self::NAMES.iter().find(|(name, _)| *name == text).map(|(_, code)| *code);
                match number.or_else(named) {
                    Some(code) if ($first..=u8::MAX).contains(&code) => Ok(Self(code)),
                    _ => Err(match did_you_mean(text, Self::NAMES.iter().map(|(name, _)| *name)) {
                        Some(near) => format!("`{text}` is not {}; did you mean `{near}`?", $what),
                        None => format!("`{text}` is not {}; write its name, like `{}`, or its number", $what, $example),
                    }),
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(reason: $type) -> Self {
                reason.to_string()
            }
        }

        impl Decode for $type {
            fn shape() -> Shape {
                Shape::Scalar(concat!($what, ", by name or number"), $example)
            }

            fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
                from_str(node, $what, out)
            }
        }
    };
}

reasons! {
    /// Why a client is not let in: a code of CONNACK, of either version. Codes of one version have their nearest in the
    /// other, so that the names of 5.0 do for both.
    Refusal, "a reason to refuse a client", "server_busy", 1, [
        ("unspecified_error", 0x80),
        ("malformed_packet", 0x81),
        ("protocol_error", 0x82),
        ("implementation_specific_error", 0x83),
        ("unsupported_protocol_version", 0x84),
        ("client_identifier_not_valid", 0x85),
        ("bad_user_name_or_password", 0x86),
        ("not_authorized", 0x87),
        ("server_unavailable", 0x88),
        ("server_busy", 0x89),
        ("banned", 0x8a),
        ("bad_authentication_method", 0x8c),
        ("topic_name_invalid", 0x90),
        ("packet_too_large", 0x95),
        ("quota_exceeded", 0x97),
        ("payload_format_invalid", 0x99),
        ("retain_not_supported", 0x9a),
        ("qos_not_supported", 0x9b),
        ("use_another_server", 0x9c),
        ("server_moved", 0x9d),
        ("connection_rate_exceeded", 0x9f),
        // MQTT 3.1.1 table 3.1.
        ("unacceptable_protocol_version", 1),
        ("identifier_rejected", 2),
    ]
}

reasons! {
    /// Why a client is put out: a code of DISCONNECT. A client of MQTT 3.1.1 is not told.
    Farewell, "a reason to put a client out", "server_shutting_down", 0, [
        ("normal_disconnection", 0x00),
        ("unspecified_error", 0x80),
        ("malformed_packet", 0x81),
        ("protocol_error", 0x82),
        ("implementation_specific_error", 0x83),
        ("not_authorized", 0x87),
        ("server_busy", 0x89),
        ("server_shutting_down", 0x8b),
        ("keep_alive_timeout", 0x8d),
        ("session_taken_over", 0x8e),
        ("topic_filter_invalid", 0x8f),
        ("topic_name_invalid", 0x90),
        ("receive_maximum_exceeded", 0x93),
        ("topic_alias_invalid", 0x94),
        ("packet_too_large", 0x95),
        ("message_rate_too_high", 0x96),
        ("quota_exceeded", 0x97),
        ("administrative_action", 0x98),
        ("payload_format_invalid", 0x99),
        ("retain_not_supported", 0x9a),
        ("qos_not_supported", 0x9b),
        ("use_another_server", 0x9c),
        ("server_moved", 0x9d),
        ("shared_subscriptions_not_supported", 0x9e),
        ("connection_rate_exceeded", 0x9f),
        ("maximum_connect_time", 0xa0),
        ("subscription_identifiers_not_supported", 0xa1),
        ("wildcard_subscriptions_not_supported", 0xa2),
    ]
}

impl Refusal {
    /// The server is busy.
    pub const BUSY: Self = Self(0x89);
    /// The token has expired, or the account is closed.
    pub const NOT_AUTHORIZED: Self = Self(0x87);
}

#[cfg(test)]
mod tests {
    use super::{Farewell, Refusal};

    #[test]
    fn by_name_or_number() {
        assert_eq!("server_busy".parse(), Ok(Refusal::BUSY));
        assert_eq!("0x89".parse(), Ok(Refusal::BUSY));
        assert_eq!("5".parse::<Refusal>().unwrap().to_string(), "0x05");
        for (name, code) in Refusal::NAMES {
            assert_eq!(name.parse::<Refusal>().unwrap().code(), *code);
        }
        for (name, code) in Farewell::NAMES {
            assert_eq!(name.parse::<Farewell>().unwrap().code(), *code);
        }
        assert!("server_bussy".parse::<Refusal>().unwrap_err().contains("did you mean `server_busy`?"));
        for wrong in ["0", "256", "0x100", "", "-1"] {
            assert!(wrong.parse::<Refusal>().is_err(), "{wrong}");
        }
    }
}

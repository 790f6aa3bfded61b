//! Where a broker is.

use brownout_core::language::decode::Shape;
use brownout_core::language::scalar::from_str;
use brownout_core::language::{Decode, Diagnostics, Node};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a broker is: `mqtt://host` or `mqtts://host:8883`. Without a port, the one that IANA registered: 1883, and 8883
/// over TLS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BrokerUrl {
    /// Over TLS.
    pub tls: bool,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl std::str::FromStr for BrokerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is not where a broker is; write it like `mqtts://broker.example.com:8883`");
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let tls = match scheme {
            "mqtt" => false,
            "mqtts" => true,
            _ => return Err(wrong()),
        };
        if rest.contains('@') {
            // The text is not repeated: it may hold a password.
            return Err(
                "credentials do not stand in a rig file; name their place with `user`, `password_env` or \
                        `password_file`"
                    .to_owned(),
            );
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        // An IPv6 address stands in brackets (RFC 3986 section 3.2.2).
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => {
                (host, port.strip_prefix(':').map(Some).or(port.is_empty().then_some(None)))
            }
            None => match rest.split_once(':') {
                Some((host, port)) => (host, Some(Some(port))),
                None => (rest, Some(None)),
            },
        };
        let port = match port.ok_or_else(wrong)? {
            Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?,
            None if tls => 8883,
            None => 1883,
        };
        if host.is_empty()
            || host.contains(|c: char| c.is_whitespace() || c.is_control() || "/?#[]".contains(c))
        {
            return Err(wrong());
        }
        Ok(Self { tls, host: host.to_owned(), port })
    }
}

impl fmt::Display for BrokerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

impl TryFrom<String> for BrokerUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<BrokerUrl> for String {
    fn from(url: BrokerUrl) -> Self {
        url.to_string()
    }
}

impl Decode for BrokerUrl {
    fn shape() -> Shape {
        Shape::Scalar("where a broker is", "mqtts://broker.example.com:8883")
    }

    fn decode(node: &Node, out: &mut Diagnostics) -> Option<Self> {
        from_str(node, "where a broker is", out)
    }
}

#[cfg(test)]
mod tests {
    use super::BrokerUrl;

    #[test]
    fn hosts_and_ports() {
        for (text, shown) in [
            ("mqtt://localhost", "mqtt://localhost:1883"),
            ("mqtts://broker.example.com/", "mqtts://broker.example.com:8883"),
            ("mqtt://192.0.2.1:11883", "mqtt://192.0.2.1:11883"),
            ("mqtts://[2001:db8::1]", "mqtts://[2001:db8::1]:8883"),
            ("mqtt://[::1]:1", "mqtt://[::1]:1"),
        ] {
            let url: BrokerUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(shown.parse(), Ok(url));
        }
        for wrong in [
            "localhost",
            "http://localhost",
            "mqtt://",
            "mqtt://a:0",
            "mqtt://a:b",
            "mqtt://a b",
            "mqtt://[::1]x",
        ] {
            assert!(wrong.parse::<BrokerUrl>().is_err(), "{wrong}");
        }
        let told = "mqtt://me:secret@host".parse::<BrokerUrl>().unwrap_err();
        assert!(!told.contains("secret"), "{told}");
    }
}

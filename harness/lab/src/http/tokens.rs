//! Tokens that an identity provider gives out and a broker takes: JSON Web Tokens (RFC 7519), signed with HS256.

use crate::time::Epoch;
use brownout_core::time::{Duration, Instant};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What is before the first dot of every token: `{"alg":"HS256","typ":"JWT"}`. No other algorithm is taken.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

/// The longest token that is looked at, in bytes.
const LONGEST: usize = 1024;

/// How tokens are made and judged. A copy at the broker judges those that another copy made; nothing has to be kept of
/// those that were given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    key: [u8; 32],
    epoch: Epoch,
    lifetime: Duration,
}

/// Why a token is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is no token.
    #[error("that is no token")]
    Malformed,
    /// Nobody here signed it.
    #[error("the token's signature is wrong")]
    Forged,
    /// It was good once.
    #[error("the token has expired")]
    Expired,
}

impl Tokens {
    /// Tokens that are good for so long, in whole seconds.
    pub fn new(seed: u64, epoch: Epoch, lifetime: Duration) -> Self {
        let key = Sha256::new().chain_update(b"key of tokens").chain_update(seed.to_be_bytes()).finalize();
        Self { key: key.into(), epoch, lifetime }
    }

    /// How long a token is good.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// A token for somebody, from now on.
    pub fn issue(&self, now: Instant, subject: &str) -> String {
        let (issued, expires) = (self.epoch.unix(now), self.epoch.unix(now + self.lifetime));
        let claims = json!({"sub": subject, "iat": issued, "exp": expires}).to_string();
        let signed = format!("{HEADER}.{}", BASE64URL_NOPAD.encode(claims.as_bytes()));
        let signature = self.mac(&signed).map(|mac| mac.finalize().into_bytes());
        format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_deref().unwrap_or_default()))
    }

    /// Whose token it is.
    ///
    /// # Errors
    /// It is no token, nobody here signed it, or its time is over.
    pub fn verify(&self, now: Instant, token: &[u8]) -> Result<String, TokenError> {
        let token = str::from_utf8(token).ok().filter(|token| token.len() <= LONGEST);
        let (signed, signature) =
            token.and_then(|token| token.rsplit_once('.')).ok_or(TokenError::Malformed)?;
        let (header, claims) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| TokenError::Malformed);
        let signature = decode(signature)?;
        let authentic = self.mac(signed).is_some_and(|mac| mac.verify_slice(&signature).is_ok());
        if header != HEADER || !authentic {
            return Err(TokenError::Forged);
        }
        let claims: Value = serde_json::from_slice(&decode(claims)?).map_err(|_| TokenError::Malformed)?;
        let expires = claims.get("exp").and_then(Value::as_i64).ok_or(TokenError::Malformed)?;
        let subject = claims.get("sub").and_then(Value::as_str).ok_or(TokenError::Malformed)?;
        if self.epoch.unix(now) >= expires {
            return Err(TokenError::Expired);
        }
        Ok(subject.to_owned())
    }

    fn mac(&self, signed: &str) -> Option<Hmac<Sha256>> {
        // HMAC takes keys of any length.
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        Some(mac.chain_update(signed.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Instant = Instant(3_000_000_000);

    fn tokens() -> Tokens {
        Tokens::new(7, Epoch::from_unix(1_800_000_000), Duration::from_secs(3600))
    }

    #[test]
    fn a_token_is_good_until_it_expires() {
        let token = tokens().issue(NOW, "thermostat-1");
        let at = |seconds| tokens().clone().verify(NOW + Duration::from_secs(seconds), token.as_bytes());
        assert_eq!(at(0).as_deref(), Ok("thermostat-1"));
        assert_eq!(at(3599).as_deref(), Ok("thermostat-1"));
        assert_eq!(at(3600), Err(TokenError::Expired));
    }

    #[test]
    fn a_token_is_a_json_web_token() {
        let token = tokens().issue(NOW, "d");
        let parts: Vec<Vec<u8>> =
            token.split('.').map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).collect();
        let [header, claims, signature] = parts.as_slice() else { panic!("three parts") };
        assert_eq!(header, br#"{"alg":"HS256","typ":"JWT"}"#);
        let claims: Value = serde_json::from_slice(claims).unwrap();
        assert_eq!(claims, json!({"sub": "d", "iat": 1_800_000_003, "exp": 1_800_003_603}));
        assert_eq!(signature.len(), 32);
    }

    #[test]
    fn nobody_else_can_make_one() {
        let other = Tokens::new(8, Epoch::from_unix(1_800_000_000), Duration::from_secs(3600));
        assert_eq!(tokens().verify(NOW, other.issue(NOW, "d").as_bytes()), Err(TokenError::Forged));
        // {"alg":"none"}: the oldest trick there is.
        let claims = BASE64URL_NOPAD.encode(br#"{"sub":"d","exp":9999999999}"#);
        let none = format!("eyJhbGciOiJub25lIn0.{claims}.");
        assert_eq!(tokens().verify(NOW, none.as_bytes()), Err(TokenError::Forged));
        assert_eq!(tokens().verify(NOW, b"token"), Err(TokenError::Malformed));
    }

    proptest! {
        #[test]
        fn a_token_that_was_changed_is_refused(at: prop::sample::Index, to: u8) {
            let good = tokens().issue(NOW, "thermostat-1").into_bytes();
            let mut bad = good.clone();
            let at = at.index(bad.len());
            bad[at] = to;
            prop_assert_eq!(tokens().verify(NOW, &bad).is_ok(), bad == good);
        }
    }
}

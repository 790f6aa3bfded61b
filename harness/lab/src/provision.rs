//! What a device is provisioned with: one page of flash, written by the debug probe before a run.
//!
//! `BRNP`, a version (1), the length of the body, the body, its CRC-32 (IEEE 802.3); numbers are little-endian. The body
//! is a CBOR map (RFC 8949) of definite length with text keys:
//!
//! | key | type | what |
//! |---|---|---|
//! | `id` | text | the device's identity |
//! | `broker`, `broker_port` | text, unsigned | where its broker is |
//! | `time` | text | its time server |
//! | `identity` | text | its identity provider; without it there is none |
//! | `ca` | bytes | the root that vouches for its servers, DER |
//! | `cert` | bytes | its own certificate, DER |
//! | `key` | bytes | the private scalar that belongs to that, P-256, 32 bytes |
//! | `update_key` | bytes | the public key that signs its updates, Ed25519, 32 bytes |

use crate::pki::Pki;
use crate::plan;
use brownout_core::network::Service;
use ciborium::Value;

/// What stands in the page, beside the keys and certificates of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provision {
    /// The device's identity.
    pub id: String,
    /// Host name of its broker.
    pub broker: String,
    /// Port of its broker.
    pub broker_port: u16,
    /// Host name of its time server.
    pub time: String,
    /// Host name of its identity provider, if it is to use one.
    pub identity: Option<String>,
    /// The public key that signs its updates.
    pub update_key: Option<[u8; 32]>,
}

/// The length of the page.
pub const PAGE: usize = 4096;

/// Why there is no page: what should stand in it is too long by so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong(pub usize);

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "what the device is to be provisioned with is {} bytes longer than its page", self.0)
    }
}

impl std::error::Error for TooLong {}

impl Provision {
    /// For a device in the world that [`plan`] draws.
    pub fn new(id: &str, identity: bool) -> Self {
        let host = |service| plan::host(service).unwrap_or_default().to_owned();
        Self {
            id: id.to_owned(),
            broker: host(Service::Broker),
            broker_port: plan::MQTTS_PORT,
            time: host(Service::Ntp),
            identity: identity.then(|| host(Service::Identity)),
            update_key: None,
        }
    }

    /// The contents of the page. They hold a private key: they belong into the device and nowhere else.
    ///
    /// # Errors
    /// If they are longer than the page.
    pub fn page(&self, pki: &Pki) -> Result<Vec<u8>, TooLong> {
        let device = pki.device();
        let certificate = device.chain.first().map(|certificate| certificate.to_vec()).unwrap_or_default();
        let mut body = vec![
            ("id", Value::from(self.id.as_str())),
            ("broker", Value::from(self.broker.as_str())),
            ("broker_port", Value::from(self.broker_port)),
            ("time", Value::from(self.time.as_str())),
        ];
        body.extend(self.identity.as_deref().map(|host| ("identity", Value::from(host))));
        body.extend([
            ("ca", Value::Bytes(pki.root().to_vec())),
            ("cert", Value::Bytes(certificate)),
            ("key", Value::Bytes(device.key.scalar().to_vec())),
        ]);
        body.extend(self.update_key.map(|key| ("update_key", Value::Bytes(key.to_vec()))));
        let map = Value::Map(body.into_iter().map(|(key, value)| (Value::from(key), value)).collect());
        let mut encoded = Vec::new();
        // Writing into memory does not fail.
        if ciborium::into_writer(&map, &mut encoded).is_err() {
            return Err(TooLong(0));
        }
        frame(&encoded)
    }
}

/// A body in its page.
fn frame(body: &[u8]) -> Result<Vec<u8>, TooLong> {
    const AROUND: usize = 4 + 2 + 2 + 4;
    let length = u16::try_from(body.len()).ok().filter(|length| usize::from(*length) + AROUND <= PAGE);
    let length = length.ok_or(TooLong((body.len() + AROUND).saturating_sub(PAGE)))?;
    let mut page = b"BRNP".to_vec();
    page.extend(1_u16.to_le_bytes());
    page.extend(length.to_le_bytes());
    page.extend(body);
    page.extend(crc32fast::hash(body).to_le_bytes());
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pki() -> Pki {
        Pki::new(1, 1_767_225_600, "thermostat-1", &["mqtt.brownout.test"]).unwrap()
    }

    fn body(page: &[u8]) -> Vec<(String, Value)> {
        assert_eq!(page[..6], *b"BRNP\x01\x00");
        let length = usize::from(u16::from_le_bytes([page[6], page[7]]));
        let (body, crc) = page[8..].split_at(length);
        assert_eq!(crc, crc32fast::hash(body).to_le_bytes());
        let Value::Map(map) = ciborium::from_reader::<Value, _>(body).unwrap() else { panic!("no map") };
        // A map of definite length with up to 23 entries.
        assert_eq!(body[0], 0xa0 | map.len() as u8);
        map.into_iter().map(|(key, value)| (key.into_text().unwrap(), value)).collect()
    }

    #[test]
    fn a_page_reads_back() {
        let pki = pki();
        let page = Provision::new("thermostat-1", false).page(&pki).unwrap();
        let fields = body(&page);
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["id", "broker", "broker_port", "time", "ca", "cert", "key"]);
        assert_eq!(fields[1].1, Value::from("mqtt.brownout.test"));
        assert_eq!(fields[2].1, Value::from(8883));
        assert_eq!(fields[4].1, Value::Bytes(pki.root().to_vec()));
        assert_eq!(fields[6].1, Value::Bytes(pki.device().key.scalar().to_vec()));
        assert!(page.len() < 2048, "{} bytes", page.len());
    }

    #[test]
    fn an_identity_provider_and_an_update_key_stand_in_it_when_they_are_wanted() {
        let mut provision = Provision::new("thermostat-1", true);
        provision.update_key = Some([7; 32]);
        let fields = body(&provision.page(&pki()).unwrap());
        assert!(fields.contains(&("identity".to_owned(), Value::from("identity.brownout.test"))));
        assert_eq!(fields.last().unwrap(), &("update_key".to_owned(), Value::Bytes(vec![7; 32])));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let id = "x".repeat(4000);
        let error = Provision::new(&id, false).page(&pki()).unwrap_err();
        assert!(error.0 > 0 && error.0 < 2000, "{error}");
    }

    /// The check value of CRC-32/ISO-HDLC.
    #[test]
    fn the_checksum_is_that_of_ethernet() {
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
    }
}

//! Certificates made for one run: those that a device is to accept, and on demand those that it must not.
//!
//! ```text
//!  root ──▶ intermediate ──▶ server (its hosts)         device root ──▶ device (its id)
//!   │            └── both served
//!   └── what the device is provisioned with, beside its own certificate and key
//! ```
//!
//! Everything comes from a seed, signatures are deterministic (RFC 6979), and validity counts from the run's epoch: so
//! the same plan has the same certificates, byte for byte.

mod authority;
mod der;
mod entropy;
mod faulty;
mod key;

pub use entropy::Entropy;
pub use key::Key;

pub(crate) use der::common_name;

use authority::{Authority, Validity, leaf};
use faulty::USUAL;
use rustls::pki_types::CertificateDer;

/// Why certificates could not be made: a host or a device name that does not go into one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PkiError(String);

impl std::fmt::Display for PkiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no certificate could be made: {}", self.0)
    }
}

impl std::error::Error for PkiError {}

impl From<rcgen::Error> for PkiError {
    fn from(error: rcgen::Error) -> Self {
        Self(error.to_string())
    }
}

/// What somebody shows for himself: certificates, his own first, and the key that belongs to that.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificates in the order in which they are sent.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key.
    pub key: Key,
}

/// The certificates of a run.
#[derive(Clone, Debug)]
pub struct Pki {
    entropy: Entropy,
    /// The epoch.
    unix: i64,
    hosts: Vec<String>,
    root: Authority,
    intermediate: Authority,
    server: Identity,
    device_root: Authority,
    device: Identity,
}

impl Pki {
    /// Makes them: for a device and for the hosts of its services. `unix` is the run's epoch in seconds.
    ///
    /// # Errors
    /// If a host name is no DNS name.
    pub fn new(seed: u64, unix: i64, device: &str, hosts: &[&str]) -> Result<Self, PkiError> {
        let entropy = Entropy::new(seed, "pki");
        let root =
            Authority::root("Brownout Test Root", Validity::days(unix, -365, 3650), &entropy.child("root"))?;
        let intermediate = root.intermediate(
            "Brownout Test Intermediate",
            Validity::days(unix, -180, 1825),
            &entropy.child("intermediate"),
        )?;
        let device_root = Authority::root(
            "Brownout Test Device Root",
            Validity::days(unix, -365, 3650),
            &entropy.child("device root"),
        )?;
        let mut draw = entropy.child("device");
        let key = Key::generate(&mut draw);
        let mut params = leaf(device, Validity::days(unix, -30, 3650), &key, &mut draw);
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let device = Identity { chain: vec![device_root.issue(&params, &key)?], key };

        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        let server = Identity { chain: Vec::new(), key: Key::generate(&mut entropy.child("server")) };
        let mut pki = Self { entropy, unix, hosts, root, intermediate, server, device_root, device };
        let validity = Validity::days(unix, USUAL.0, USUAL.1);
        let params = pki.server_params(validity, &|_| (), &pki.entropy.child("good"))?;
        pki.server.chain =
            vec![pki.intermediate.issue(&params, &pki.server.key)?, pki.intermediate.certificate()];
        Ok(pki)
    }

    /// What the server's certificate begins with, altered as a fault wants it.
    fn server_params(
        &self,
        validity: Validity,
        alter: &dyn Fn(&mut rcgen::CertificateParams),
        draw: &Entropy,
    ) -> Result<rcgen::CertificateParams, PkiError> {
        let hosts: Vec<&str> = self.hosts.iter().map(String::as_str).collect();
        let subject = hosts.first().copied().unwrap_or("server");
        let mut params = leaf(subject, validity, &self.server.key, &mut draw.child("server"));
        params.subject_alt_names = authority::dns_names(&hosts)?;
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        alter(&mut params);
        Ok(params)
    }

    /// The root that the device is provisioned with.
    pub fn root(&self) -> CertificateDer<'static> {
        self.root.certificate()
    }

    /// What a server shows that has nothing wrong with it.
    pub const fn server(&self) -> &Identity {
        &self.server
    }

    /// What the device shows.
    pub const fn device(&self) -> &Identity {
        &self.device
    }

    /// The root that the device's certificate goes back to.
    pub fn device_root(&self) -> CertificateDer<'static> {
        self.device_root.certificate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use brownout_core::network::BadCertificate;

    const EPOCH: i64 = 1_767_225_600;

    fn pki(seed: u64) -> Pki {
        Pki::new(seed, EPOCH, "thermostat-1", &["mqtt.brownout.test", "api.brownout.test"]).unwrap()
    }

    #[test]
    fn a_seed_gives_the_same_certificates() {
        let all = |pki: &Pki| {
            let mut all = vec![pki.root(), pki.device_root()];
            all.extend(pki.server().chain.clone());
            all.extend(pki.device().chain.clone());
            all.extend(BadCertificate::ALL.iter().flat_map(|how| pki.bad(*how).unwrap().chain));
            all.extend(pki.rotated(true).unwrap().chain);
            all
        };
        assert_eq!(all(&pki(1)), all(&pki(1)));
        assert_ne!(all(&pki(1)), all(&pki(2)));
    }

    #[test]
    fn certificates_say_whose_they_are() {
        let pki = pki(1);
        let name = |identity: &Identity| common_name(&identity.chain[0]);
        assert_eq!(name(pki.device()).as_deref(), Some("thermostat-1"));
        assert_eq!(name(pki.server()).as_deref(), Some("mqtt.brownout.test"));
        assert_eq!(pki.server().chain.len(), 2);
    }

    #[test]
    fn a_chain_is_as_long_as_it_is_wanted() {
        let length = |identity: Identity| identity.chain.iter().map(|one| one.len()).sum::<usize>();
        assert!((20_000..25_000).contains(&length(pki(1).oversized(20_000).unwrap())));
        assert_eq!(length(pki(1).oversized(1).unwrap()), length(pki(1).server().clone()));
    }

    #[test]
    fn any_epoch_and_any_name_of_a_device_will_do() {
        for unix in [i64::MIN, -1, 0, 4_102_444_800, i64::MAX] {
            let pki = Pki::new(1, unix, "Gerät \u{1f321} nr. 1", &["a.test"]).unwrap();
            assert!(pki.bad(BadCertificate::NotYetValid).is_ok());
        }
        assert!(Pki::new(1, EPOCH, "device", &["gerät.test"]).is_err());
    }
}

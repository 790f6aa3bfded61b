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
mod key;

pub use entropy::Entropy;
pub use key::Key;

pub(crate) use der::common_name;

use authority::{Authority, Validity, leaf};
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
    root: Authority,
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
        let mut draw = entropy.child("server");
        let key = Key::generate(&mut draw);
        let subject = hosts.first().copied().unwrap_or("server");
        let mut params = leaf(subject, Validity::days(unix, -30, 60), &key, &mut draw);
        params.subject_alt_names = authority::dns_names(hosts)?;
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        let chain = vec![intermediate.issue(&params, &key)?, intermediate.certificate()];
        let server = Identity { chain, key };

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
        Ok(Self { root, server, device_root, device })
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

//! What a server shows when something is wrong with its certificates.

use super::authority::{Authority, Validity, dns_names, leaf};
use super::{Entropy, Identity, Key, Pki, PkiError, der};
use brownout_core::network::BadCertificate;
use rcgen::ExtendedKeyUsagePurpose;
use rustls::pki_types::CertificateDer;
use sha1::{Digest, Sha1};

/// No chain is made longer than this; a message of a handshake cannot be either (RFC 8446 section 4).
const LONGEST_CHAIN: u64 = 1 << 24;

impl Pki {
    /// What a server shows whose certificate is bad in this way.
    ///
    /// # Errors
    /// None that [`Pki::new`] would not have given before.
    pub fn bad(&self, how: BadCertificate) -> Result<Identity, PkiError> {
        let draw = self.entropy.child(how.word());
        let key = self.server.key.clone();
        let intermediate = self.intermediate.certificate();
        let ours = |until: (i64, i64), alter: &dyn Fn(&mut rcgen::CertificateParams)| {
            let params = self.server_params(Validity::days(self.unix, until.0, until.1), alter, &draw)?;
            self.intermediate.issue(&params, &key)
        };
        let chain = match how {
            BadCertificate::Expired => vec![ours((-90, -1), &|_| ())?, intermediate],
            BadCertificate::NotYetValid => vec![ours((30, 120), &|_| ())?, intermediate],
            BadCertificate::WrongHost => {
                let other = dns_names(&["other.brownout.test"])?;
                vec![ours(USUAL, &|params| params.subject_alt_names.clone_from(&other))?, intermediate]
            }
            BadCertificate::WrongUsage => {
                let clients = |params: &mut rcgen::CertificateParams| {
                    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
                };
                vec![ours(USUAL, &clients)?, intermediate]
            }
            BadCertificate::UnknownCa => {
                let root = Authority::root("Somebody's Root", Validity::days(self.unix, -365, 3650), &draw)?;
                self.chain_under(&root, "Somebody's Intermediate", &draw)?
            }
            BadCertificate::SelfSigned => {
                let params =
                    self.server_params(Validity::days(self.unix, USUAL.0, USUAL.1), &|_| (), &draw)?;
                vec![params.self_signed(&key)?.into()]
            }
            BadCertificate::MissingIntermediate => self.server.chain.iter().take(1).cloned().collect(),
            BadCertificate::ExpiredIntermediate => {
                let mut chain = self.server.chain.clone();
                chain.truncate(1);
                chain.push(self.intermediate.renewed(
                    &self.root,
                    Validity::days(self.unix, -400, -1),
                    &draw,
                )?);
                chain
            }
            BadCertificate::Weak => {
                let strong = ours(USUAL, &|_| ())?;
                vec![with_sha1(&strong, self.intermediate.key())?, intermediate]
            }
            BadCertificate::KeyMismatch => {
                let key = Key::generate(&mut draw.child("key"));
                return Ok(Identity { chain: self.server.chain.clone(), key });
            }
        };
        Ok(Identity { chain, key })
    }

    /// What a server shows whose chain goes back to a new root: the device's root vouches for that, or does not.
    ///
    /// # Errors
    /// None that [`Pki::new`] would not have given before.
    pub fn rotated(&self, cross_signed: bool) -> Result<Identity, PkiError> {
        let draw = self.entropy.child("rotated");
        let validity = Validity::days(self.unix, -1, 3650);
        let root = Authority::root("Brownout Test Root G2", validity, &draw)?;
        let mut chain = self.chain_under(&root, "Brownout Test Intermediate G2", &draw)?;
        if cross_signed {
            chain.push(root.renewed(&self.root, validity, &draw.child("cross"))?);
        }
        Ok(Identity { chain, key: self.server.key.clone() })
    }

    /// What a server shows that has nothing wrong with it, and certificates of no use behind it, so that all are at
    /// least so many bytes.
    ///
    /// # Errors
    /// None that [`Pki::new`] would not have given before.
    pub fn oversized(&self, bytes: u64) -> Result<Identity, PkiError> {
        let draw = self.entropy.child("oversized");
        let key = Key::generate(&mut draw.child("key"));
        let mut identity = self.server.clone();
        let mut length: u64 = identity.chain.iter().map(|one| one.len() as u64).sum();
        while length < bytes.min(LONGEST_CHAIN) {
            let draw = draw.child(&length.to_string());
            let hosts: Vec<String> =
                (0..100).map(|host| format!("host-{host:03}.of.others.brownout.test")).collect();
            let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
            let mut params = leaf("Of no use", Validity::days(self.unix, -1, 60), &key, &mut draw.clone());
            params.subject_alt_names = dns_names(&hosts)?;
            let filler: CertificateDer<'static> = params.self_signed(&key)?.into();
            length += filler.len() as u64;
            identity.chain.push(filler);
        }
        Ok(identity)
    }

    /// The server's chain, under another root.
    fn chain_under(
        &self,
        root: &Authority,
        subject: &str,
        draw: &Entropy,
    ) -> Result<Vec<CertificateDer<'static>>, PkiError> {
        let intermediate =
            root.intermediate(subject, Validity::days(self.unix, -1, 1825), &draw.child("intermediate"))?;
        let params = self.server_params(Validity::days(self.unix, USUAL.0, USUAL.1), &|_| (), draw)?;
        Ok(vec![intermediate.issue(&params, &self.server.key)?, intermediate.certificate()])
    }
}

/// How long a server's certificate holds, in days from the epoch.
pub(super) const USUAL: (i64, i64) = (-30, 60);

/// `ecdsa-with-SHA1`, 1.2.840.10045.4.1 (RFC 3279 section 2.2.3), in its sequence.
const ECDSA_WITH_SHA1: &[u8] = &[0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];

/// The same certificate, signed over a SHA-1 digest.
fn with_sha1(certificate: &[u8], issuer: &Key) -> Result<CertificateDer<'static>, PkiError> {
    let unreadable = || PkiError("what was made cannot be read".to_owned());
    let tbs = der::first(certificate).and_then(|whole| der::first(whole.content)).ok_or_else(unreadable)?;
    // version, serialNumber, signature, ...
    let fields: Vec<&[u8]> = der::all(tbs.content)
        .enumerate()
        .map(|(at, field)| if at == 2 { ECDSA_WITH_SHA1 } else { field.whole })
        .collect();
    let tbs = der::value(der::SEQUENCE, &fields.concat());
    let signature = issuer.sign_digest(&Sha1::digest(&tbs)).ok_or_else(unreadable)?;
    let signature = der::value(der::BIT_STRING, &[&[0][..], &signature].concat());
    Ok(der::value(der::SEQUENCE, &[&tbs, ECDSA_WITH_SHA1, &signature].concat()).into())
}

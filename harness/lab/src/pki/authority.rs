//! Those who issue certificates (RFC 5280).

use super::{Entropy, Key, PkiError};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyIdMethod,
    KeyUsagePurpose, SanType, SerialNumber,
};
use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

/// From when until when a certificate holds, in Unix time in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Validity {
    from: i64,
    until: i64,
}

const DAY: i64 = 24 * 60 * 60;

impl Validity {
    /// From so many days after an instant until so many days after it.
    pub(super) const fn days(of: i64, from: i64, until: i64) -> Self {
        Self { from: of.saturating_add(from * DAY), until: of.saturating_add(until * DAY) }
    }
}

/// An instant as a certificate has it; a year that it cannot have becomes the nearest that it can.
fn instant(unix: i64) -> OffsetDateTime {
    const FIRST: i64 = -631_152_000; // 1950
    const LAST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z, which RFC 5280 takes for `never`
    OffsetDateTime::from_unix_timestamp(unix.clamp(FIRST, LAST)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Names of hosts as a certificate has them.
pub(super) fn dns_names(hosts: &[&str]) -> Result<Vec<SanType>, PkiError> {
    hosts.iter().map(|host| Ok(SanType::DnsName((*host).try_into()?))).collect()
}

/// What a certificate of a key begins with.
fn params(subject: &str, validity: Validity, key: &Key, draw: &mut Entropy) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    params.not_before = instant(validity.from);
    params.not_after = instant(validity.until);
    params.serial_number = Some(serial(draw));
    let id = Sha256::digest(key.public());
    params.key_identifier_method = KeyIdMethod::PreSpecified(id.iter().copied().take(20).collect());
    params.use_authority_key_identifier_extension = true;
    params
}

/// Positive, and at most 20 bytes (RFC 5280 section 4.1.2.2).
fn serial(draw: &mut Entropy) -> SerialNumber {
    let mut serial: [u8; 16] = draw.array();
    serial[0] = serial[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&serial)
}

/// A certificate of one who issues none.
pub(super) fn leaf(subject: &str, validity: Validity, key: &Key, draw: &mut Entropy) -> CertificateParams {
    let mut params = params(subject, validity, key, draw);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

fn authority(
    subject: &str,
    validity: Validity,
    path: BasicConstraints,
    key: &Key,
    draw: &mut Entropy,
) -> CertificateParams {
    let mut params = params(subject, validity, key, draw);
    params.is_ca = IsCa::Ca(path);
    params.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params
}

/// One who issues certificates.
#[derive(Clone, Debug)]
pub(super) struct Authority {
    params: CertificateParams,
    key: Key,
    certificate: CertificateDer<'static>,
}

impl Authority {
    /// One that vouches for itself.
    pub(super) fn root(subject: &str, validity: Validity, entropy: &Entropy) -> Result<Self, PkiError> {
        let mut draw = entropy.clone();
        let key = Key::generate(&mut draw);
        let params = authority(subject, validity, BasicConstraints::Unconstrained, &key, &mut draw);
        let certificate = params.self_signed(&key)?.into();
        Ok(Self { params, key, certificate })
    }

    /// One that this one vouches for, and that issues certificates of leaves only.
    pub(super) fn intermediate(
        &self,
        subject: &str,
        validity: Validity,
        entropy: &Entropy,
    ) -> Result<Self, PkiError> {
        let mut draw = entropy.clone();
        let key = Key::generate(&mut draw);
        let params = authority(subject, validity, BasicConstraints::Constrained(0), &key, &mut draw);
        let certificate = self.issue(&params, &key)?;
        Ok(Self { params, key, certificate })
    }

    /// Issues a certificate.
    pub(super) fn issue(
        &self,
        params: &CertificateParams,
        of: &Key,
    ) -> Result<CertificateDer<'static>, PkiError> {
        let issuer = Issuer::from_params(&self.params, &self.key);
        Ok(params.signed_by(of, &issuer)?.into())
    }

    /// Another certificate of the same authority, of the same name and key, by another who vouches for it.
    pub(super) fn renewed(
        &self,
        by: &Self,
        validity: Validity,
        entropy: &Entropy,
    ) -> Result<CertificateDer<'static>, PkiError> {
        let mut params = self.params.clone();
        params.not_before = instant(validity.from);
        params.not_after = instant(validity.until);
        params.serial_number = Some(serial(&mut entropy.child("serial")));
        by.issue(&params, &self.key)
    }

    /// Its key.
    pub(super) const fn key(&self) -> &Key {
        &self.key
    }

    /// Its own certificate.
    pub(super) fn certificate(&self) -> CertificateDer<'static> {
        self.certificate.clone()
    }
}

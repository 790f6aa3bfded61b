//! The cipher suites, the preferred first.

use super::aead::{Aes128, ChaCha};
use super::hash::{HmacSha256, Sha256Hash};
use rustls::crypto::tls12::PrfUsingHmac;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{CipherSuiteCommon, KeyExchangeAlgorithm};
use rustls::{CipherSuite, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite};

pub(super) static ALL: &[SupportedCipherSuite] = &[
    SupportedCipherSuite::Tls13(&TLS13_AES_128_GCM_SHA256),
    SupportedCipherSuite::Tls13(&TLS13_CHACHA20_POLY1305_SHA256),
    SupportedCipherSuite::Tls12(&TLS12_AES_128_GCM_SHA256),
    SupportedCipherSuite::Tls12(&TLS12_CHACHA20_POLY1305_SHA256),
];

/// Records that may be sealed with one key (RFC 8446 section 5.5).
const GCM_RECORDS: u64 = 1 << 24;

const fn common(suite: CipherSuite, confidentiality_limit: u64) -> CipherSuiteCommon {
    CipherSuiteCommon { suite, hash_provider: &Sha256Hash, confidentiality_limit }
}

static TLS13_AES_128_GCM_SHA256: Tls13CipherSuite = Tls13CipherSuite {
    common: common(CipherSuite::TLS13_AES_128_GCM_SHA256, GCM_RECORDS),
    hkdf_provider: &HkdfUsingHmac(&HmacSha256),
    aead_alg: &Aes128,
    quic: None,
};

static TLS13_CHACHA20_POLY1305_SHA256: Tls13CipherSuite = Tls13CipherSuite {
    common: common(CipherSuite::TLS13_CHACHA20_POLY1305_SHA256, u64::MAX),
    hkdf_provider: &HkdfUsingHmac(&HmacSha256),
    aead_alg: &ChaCha,
    quic: None,
};

static TLS12_AES_128_GCM_SHA256: Tls12CipherSuite = Tls12CipherSuite {
    common: common(CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, GCM_RECORDS),
    prf_provider: &PrfUsingHmac(&HmacSha256),
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: &[SignatureScheme::ECDSA_NISTP256_SHA256],
    aead_alg: &Aes128,
};

static TLS12_CHACHA20_POLY1305_SHA256: Tls12CipherSuite = Tls12CipherSuite {
    common: common(CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, u64::MAX),
    prf_provider: &PrfUsingHmac(&HmacSha256),
    kx: KeyExchangeAlgorithm::ECDHE,
    sign: &[SignatureScheme::ECDSA_NISTP256_SHA256],
    aead_alg: &ChaCha,
};

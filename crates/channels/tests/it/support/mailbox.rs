//! Certificates for mailboxes, made by an authority of the test's own, with what it revoked.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RevokedCertParams, SanType,
    SerialNumber, SignatureAlgorithm, date_time_ymd,
};

/// An authority for mail.
pub(crate) struct MailAuthority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate with its key, in PEM.
#[derive(Debug, Clone)]
pub(crate) struct Mailbox {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// What a certificate is like; the default one is as it should be.
#[derive(Debug, Clone)]
pub(crate) struct Like {
    pub(crate) address: String,
    pub(crate) serial: u64,
    pub(crate) algorithm: &'static SignatureAlgorithm,
    pub(crate) usages: Vec<KeyUsagePurpose>,
    pub(crate) purposes: Vec<ExtendedKeyUsagePurpose>,
    /// Years: valid from the first day of one to the first day of the other.
    pub(crate) years: (i32, i32),
}

impl Like {
    pub(crate) fn rsa(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            serial: 7,
            algorithm: &PKCS_RSA_SHA256,
            usages: vec![KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::DigitalSignature],
            purposes: vec![ExtendedKeyUsagePurpose::EmailProtection],
            years: (2020, 2099),
        }
    }

    pub(crate) fn curve(address: &str) -> Self {
        let usages = vec![KeyUsagePurpose::KeyAgreement, KeyUsagePurpose::DigitalSignature];
        Self { algorithm: &PKCS_ECDSA_P256_SHA256, usages, ..Self::rsa(address) }
    }
}

impl MailAuthority {
    pub(crate) fn new(name: &str) -> Self {
        let params = Self::params(name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// An authority below this one, with serial number 2.
    pub(crate) fn below(&self, name: &str) -> Self {
        let mut params = Self::params(name);
        params.serial_number = Some(SerialNumber::from(2_u64));
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        params
    }

    pub(crate) fn certify(&self, like: &Like) -> Mailbox {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.subject_alt_names = vec![SanType::Rfc822Name(like.address.as_str().try_into().unwrap())];
        params.serial_number = Some(SerialNumber::from(like.serial));
        params.key_usages.clone_from(&like.usages);
        params.extended_key_usages.clone_from(&like.purposes);
        params.not_before = date_time_ymd(like.years.0, 1, 1);
        params.not_after = date_time_ymd(like.years.1, 1, 1);
        let key = KeyPair::generate_for(like.algorithm).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap().pem();
        Mailbox { certificate, key: key.serialize_pem() }
    }

    /// The list of these serial numbers, good until the first day of `until`.
    pub(crate) fn revokes(&self, serials: &[u64], until: i32) -> Vec<u8> {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2026, 6, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2025, 6, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).unwrap().pem().unwrap().into_bytes()
    }
}

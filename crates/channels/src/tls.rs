//! TLS for the sessions we open: verified, but for the one exception that [`Unverified`] names; TLS 1.2 with ECDHE and AEAD or TLS 1.3
//! (RULES SEC-26), never less.

use crate::provider::TlsSession;
use aws_lc_rs::digest;
use postern_base::{Clock, EmailTier};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, ClientConfig, ClientConnection, ConfigBuilder, DigitallySignedStruct, RootCertStore,
    SignatureScheme, WantsVerifier,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Which certificate authorities are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roots {
    /// The operating system's.
    System,
    /// Those in a PEM file, and no others.
    File(PathBuf),
}

/// The roots could not be had; names what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootsError {
    /// The file cannot be read, or is no PEM file of certificates.
    #[error("{path}: expected a PEM file with at least one certificate")]
    File {
        /// The file.
        path: PathBuf,
    },
    /// The operating system has none.
    #[error("the operating system has no certificate authorities; install ca-certificates or name a PEM file")]
    NoneInSystem,
    /// The TLS library refused its own defaults.
    #[error("the TLS library cannot be set up")]
    Library,
}

/// A configuration that verifies against `roots` at the time `clock` tells. Revocation is not checked: no list or responder
/// is asked.
pub(crate) fn config(roots: &Roots, clock: Arc<dyn Clock>) -> Result<ClientConfig, RootsError> {
    let mut store = RootCertStore::empty();
    match roots {
        Roots::System => {
            let found = rustls_native_certs::load_native_certs();
            let (added, _ignored) = store.add_parsable_certificates(found.certs);
            if added == 0 {
                return Err(RootsError::NoneInSystem);
            }
        }
        Roots::File(path) => {
            let bad = || RootsError::File { path: path.clone() };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|_| bad())? {
                store.add(certificate.map_err(|_| bad())?).map_err(|_| bad())?;
            }
            if store.is_empty() {
                return Err(bad());
            }
        }
    }
    Ok(builder(clock)?.with_root_certificates(store).with_no_client_auth())
}

/// Who believes certificates by a judgment of its own. What a session was signed with is verified whoever judges.
pub(crate) trait Judge: std::fmt::Debug + Send + Sync + 'static {
    /// Whether the server with these certificates, reached by this name, is believed at this time.
    fn judge(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), rustls::Error>;
}

/// A configuration that believes what `judge` believes, at the time `clock` tells.
pub(crate) fn config_of(judge: impl Judge, clock: Arc<dyn Clock>) -> Result<ClientConfig, RootsError> {
    let verifier = Judged { judge, provider: crypto() };
    Ok(builder(clock)?.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth())
}

/// Believes every certificate. Only for mail that a person asked to get in plain: TLS with whoever answers is more than they asked for
/// (RFC 7435 section 3).
#[derive(Debug)]
pub(crate) struct Unverified;

impl Judge for Unverified {
    fn judge(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _now: UnixTime,
    ) -> Result<(), rustls::Error> {
        Ok(())
    }
}

/// A judge of certificates, and a library that verifies signatures.
#[derive(Debug)]
struct Judged<J> {
    judge: J,
    provider: Arc<CryptoProvider>,
}

impl<J: Judge> ServerCertVerifier for Judged<J> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.judge.judge(end_entity, intermediates, server_name, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The one cryptographic library; it is named, since with two of them compiled in TLS has no default.
pub(crate) fn crypto() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// RULES SEC-26: TLS 1.3, or 1.2 with ECDHE and AEAD, which is all the library has of it.
fn builder(clock: Arc<dyn Clock>) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, RootsError> {
    ClientConfig::builder_with_details(crypto(), Arc::new(Told(clock)))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|_| RootsError::Library)
}

/// Certificates are checked at the time we are told (invariant 7).
#[derive(Debug)]
struct Told(Arc<dyn Clock>);

impl TimeProvider for Told {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// What was negotiated, as evidence.
pub(crate) fn evidence(connection: &ClientConnection, peer_name: &str, policy: EmailTier) -> TlsSession {
    let unknown = || "unknown".to_owned();
    let mut peer_certificate_sha256 = [0; 32];
    if let Some(certificate) = connection.peer_certificates().and_then(<[_]>::first) {
        let hash = digest::digest(&digest::SHA256, certificate);
        for (to, from) in peer_certificate_sha256.iter_mut().zip(hash.as_ref()) {
            *to = *from;
        }
    }
    TlsSession {
        protocol: connection.protocol_version().map_or_else(unknown, |version| format!("{version:?}")),
        cipher_suite: connection.negotiated_cipher_suite().map_or_else(unknown, |suite| format!("{:?}", suite.suite())),
        peer_name: peer_name.to_owned(),
        policy,
        peer_certificate_sha256,
        onward: None,
    }
}

/// The result type of a failed negotiation, in the words of RFC 8460 section 4.3.
pub(crate) fn failure_code(error: &rustls::Error) -> &'static str {
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "certificate-expired",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "certificate-host-mismatch"
            }
            CertificateError::UnknownIssuer => "certificate-not-trusted",
            _ => "validation-failure",
        },
        _ => "validation-failure",
    }
}

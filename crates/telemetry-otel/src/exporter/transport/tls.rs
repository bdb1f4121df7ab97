//! Certificates: whom the exporter trusts, and who it is.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tonic::transport::{ClientTlsConfig, Identity};

use crate::config::NetworkSettings;

/// The files of `OTEL_EXPORTER_OTLP_CERTIFICATE`, `_CLIENT_CERTIFICATE` and `_CLIENT_KEY`, in PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    /// The authorities that sign the collector's certificate, in place of the system's.
    pub(crate) certificate: Option<PathBuf>,
    /// The certificate that the collector is shown, and those that sign it.
    pub(crate) client_certificate: Option<PathBuf>,
    /// The key of that certificate.
    pub(crate) client_key: Option<PathBuf>,
}

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} has no certificate in PEM format", path.display())]
    NoCertificate { path: PathBuf },
    #[error("{} has no private key in PEM format", path.display())]
    NoKey { path: PathBuf },
    #[error(
        "a client certificate needs both files, OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY"
    )]
    HalfAnIdentity,
    #[error("cannot use the certificates: {0}")]
    Unusable(#[from] rustls::Error),
}

/// What a connection is secured with.
struct Certificates {
    roots: RootCertStore,
    identity: Option<ClientIdentity>,
}

struct ClientIdentity {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Certificates {
    fn load(files: &TlsFiles, network: &NetworkSettings) -> Result<Self, TlsError> {
        let roots = match &files.certificate {
            Some(path) => store(certificates(path, &read(path)?)?),
            None => common_roots(network)?,
        };
        let identity = match (&files.client_certificate, &files.client_key) {
            (Some(certificate), Some(key)) => Some(ClientIdentity::load(certificate, key)?),
            (None, None) => None,
            _ => return Err(TlsError::HalfAnIdentity),
        };
        Ok(Self { roots, identity })
    }

    /// The settings of a client by rustls. They name the implementation of cryptography: without one,
    /// and without a default of the process, rustls would panic.
    fn client_config(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.roots.clone());
        let Some(identity) = &self.identity else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = CertificateDer::pem_slice_iter(&identity.certificate).filter_map(Result::ok);
        let key = PrivateKeyDer::from_pem_slice(&identity.key)
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        Ok(builder.with_client_auth_cert(chain.collect(), key)?)
    }
}

impl ClientIdentity {
    fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let identity = Self {
            certificate: read(certificate)?,
            key: read(key)?,
        };
        certificates(certificate, &identity.certificate)?;
        if PrivateKeyDer::from_pem_slice(&identity.key).is_err() {
            return Err(TlsError::NoKey { path: key.into() });
        }
        Ok(identity)
    }
}

/// TLS as reqwest takes it.
///
/// # Errors
///
/// When a file cannot be used.
pub(super) fn for_http(
    files: &TlsFiles,
    network: &NetworkSettings,
) -> Result<ClientConfig, TlsError> {
    Certificates::load(files, network)?.client_config()
}

/// The same as tonic takes it.
///
/// # Errors
///
/// When a file cannot be used.
pub(super) fn for_grpc(
    files: &TlsFiles,
    network: &NetworkSettings,
) -> Result<ClientTlsConfig, TlsError> {
    let certificates = Certificates::load(files, network)?;
    // tonic uses them only when it connects: what is wrong is found here.
    certificates.client_config()?;
    let Certificates { roots, identity } = certificates;
    let tls = ClientTlsConfig::new().trust_anchors(roots.roots);
    Ok(match identity {
        Some(identity) => tls.identity(Identity::from_pem(identity.certificate, identity.key)),
        None => tls,
    })
}

/// TLS of a client that makes no secure connection, without reading any certificate.
///
/// # Errors
///
/// When TLS cannot be set up.
pub(super) fn none() -> Result<ClientConfig, TlsError> {
    let certificates = Certificates {
        roots: RootCertStore::empty(),
        identity: None,
    };
    certificates.client_config()
}

/// The authorities of `SSL_CERT_FILE` and `SSL_CERT_DIR`, else the system's, else Mozilla's.
fn common_roots(network: &NetworkSettings) -> Result<RootCertStore, TlsError> {
    if let Some(path) = network.cert_file() {
        let mut found = certificates(path, &read(path)?)?;
        found.extend(directories(network));
        return Ok(store(found));
    }
    if network.cert_dirs().next().is_some() {
        return Ok(store(directories(network)));
    }
    let found = store(rustls_native_certs::load_native_certs().certs);
    if found.is_empty() {
        let mozilla = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
        return Ok(RootCertStore::from_iter(mozilla));
    }
    Ok(found)
}

/// The certificates of the directories of `SSL_CERT_DIR`. What cannot be read is left out: they
/// usually have links to files of others.
fn directories(network: &NetworkSettings) -> Vec<CertificateDer<'static>> {
    let loaded = network
        .cert_dirs()
        .map(|dir| rustls_native_certs::load_certs_from_paths(None, Some(dir)));
    loaded.flat_map(|loaded| loaded.certs).collect()
}

fn store(certificates: Vec<CertificateDer<'static>>) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(certificates);
    store
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read {
        path: path.to_owned(),
        source,
    })
}

/// The certificates of a file.
fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .filter_map(Result::ok)
        .collect();
    if found.is_empty() || store(found.clone()).is_empty() {
        return Err(TlsError::NoCertificate {
            path: path.to_owned(),
        });
    }
    Ok(found)
}

//! Certificates of connections: the trusted authorities, and those that a server is shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64ct::{Base64, Encoding as _};
use redis::{ClientTlsConfig, TlsCertificates};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Authorities, and the certificate of this process.
#[derive(Clone)]
pub(crate) struct Certificates {
    authorities: Vec<CertificateDer<'static>>,
    identity: Option<Identity>,
}

/// A certificate, with those that sign it, and its key. Both are PEM.
#[derive(Clone)]
pub(crate) struct Identity {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Certificates {
    /// Makes the certificates of a connection. There are always authorities.
    pub(crate) fn new(
        authorities: Vec<CertificateDer<'static>>,
        identity: Option<Identity>,
    ) -> Self {
        Self {
            authorities,
            identity,
        }
    }

    /// The settings of a client by rustls.
    ///
    /// # Errors
    ///
    /// When the key is not that of the certificate, or is of an unknown kind.
    pub(crate) fn client(&self) -> Result<ClientConfig, rustls::Error> {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(self.authorities.iter().cloned());
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store);
        let Some(Identity { certificate, key }) = &self.identity else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = CertificateDer::pem_slice_iter(certificate).filter_map(Result::ok);
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        builder.with_client_auth_cert(chain.collect(), key)
    }

    /// The same as Redis' client takes it.
    pub(crate) fn for_redis(&self) -> TlsCertificates {
        TlsCertificates {
            root_cert: Some(self.authorities_in_pem()),
            client_tls: self.identity.clone().map(|identity| ClientTlsConfig {
                client_cert: identity.certificate,
                client_key: identity.key,
            }),
        }
    }

    pub(crate) fn authorities_in_pem(&self) -> Vec<u8> {
        let in_pem = |der: &CertificateDer<'_>| {
            let text = Base64::encode_string(der);
            format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
        };
        let all: String = self.authorities.iter().map(in_pem).collect();
        all.into_bytes()
    }
}

impl Identity {
    /// Reads both files.
    ///
    /// # Errors
    ///
    /// What is wrong with which: `(true, …)` is the certificate.
    pub(crate) fn read(certificate: &Path, key: &Path) -> Result<Self, (bool, String)> {
        let identity = Self {
            certificate: read(certificate).map_err(|problem| (true, problem))?,
            key: read_key(key).map_err(|problem| (false, problem))?,
        };
        certificates_in(certificate, &identity.certificate).map_err(|problem| (true, problem))?;
        let certificates = Certificates::new(Vec::new(), Some(identity.clone()));
        let pair = certificates.client();
        pair.map_err(|error| (false, format!("{}: {error}", key.display())))?;
        Ok(identity)
    }
}

/// Makes ring the implementation of the libraries that ask the process for one.
pub(crate) fn install_provider() {
    if CryptoProvider::get_default().is_none() {
        // Another one may come in between: any will do.
        let _first = ring::default_provider().install_default();
    }
}

/// The authorities of the system, or Mozilla's where it has none.
pub(crate) fn system_authorities() -> Vec<CertificateDer<'static>> {
    let found = usable(rustls_native_certs::load_native_certs().certs);
    if found.is_empty() {
        return webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec();
    }
    found
}

/// The authorities in the files of directories. What cannot be read is left out: a directory
/// usually has links to files of others.
///
/// # Errors
///
/// When there is none in any.
pub(crate) fn read_directories(paths: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let directories: Vec<PathBuf> = std::env::split_paths(paths).collect();
    let loaded = directories
        .iter()
        .map(|path| rustls_native_certs::load_certs_from_paths(None, Some(path)));
    let found = usable(loaded.flat_map(|loaded| loaded.certs).collect());
    if found.is_empty() {
        return Err(format!("{paths} has no certificate in PEM format"));
    }
    Ok(found)
}

/// The certificates of a file.
///
/// # Errors
///
/// When the file cannot be read, or has none.
pub(crate) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    certificates_in(path, &read(path)?)
}

/// The private key of a file, in PEM.
///
/// # Errors
///
/// When the file cannot be read, or has none.
pub(crate) fn read_key(path: &Path) -> Result<Vec<u8>, String> {
    let pem = read(path)?;
    match PrivateKeyDer::from_pem_slice(&pem) {
        Ok(_) => Ok(pem),
        Err(_) => Err(format!(
            "{} has no private key in PEM format",
            path.display()
        )),
    }
}

fn certificates_in(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = usable(
        CertificateDer::pem_slice_iter(pem)
            .filter_map(Result::ok)
            .collect(),
    );
    if found.is_empty() {
        return Err(format!(
            "{} has no certificate in PEM format",
            path.display()
        ));
    }
    Ok(found)
}

/// Leaves out what is not a certificate: clients refuse all for one.
fn usable(mut certificates: Vec<CertificateDer<'static>>) -> Vec<CertificateDer<'static>> {
    certificates.retain(|der| RootCertStore::empty().add(der.clone()).is_ok());
    certificates
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

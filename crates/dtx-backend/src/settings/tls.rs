//! The settings of TLS.

use std::fmt;
use std::path::Path;

use rustls::pki_types::CertificateDer;
use telemetry_core::EnvironmentReader;

use crate::tls::{self, Certificates, Identity};

const CERT_FILE: &str = "SSL_CERT_FILE";
const CERT_DIR: &str = "SSL_CERT_DIR";
const AUTHORITIES: &str = "DTX_TLS_CA";
const CERTIFICATE: &str = "DTX_TLS_CERT";
const KEY: &str = "DTX_TLS_KEY";

/// The trusted authorities, and the certificate that Redis and RabbitMQ are shown. The files are
/// read with the settings.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct TlsSettings {
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR`; those of the system without both.
    authorities: Option<Vec<CertificateDer<'static>>>,
    /// `DTX_TLS_CA`, for Redis and RabbitMQ.
    private: Option<Vec<CertificateDer<'static>>>,
    /// `DTX_TLS_CERT` and `DTX_TLS_KEY`, for these too.
    identity: Option<Identity>,
}

impl fmt::Debug for TlsSettings {
    /// Shows what is there alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsSettings")
            .field("has_authorities", &self.authorities.is_some())
            .field("has_private_authorities", &self.private.is_some())
            .field("has_identity", &self.identity.is_some())
            .finish()
    }
}

impl TlsSettings {
    /// What is read.
    pub(crate) const VARIABLES: [&str; 5] = [CERT_FILE, CERT_DIR, AUTHORITIES, CERTIFICATE, KEY];

    /// Reads the settings and their files; what is wrong is with the reader.
    pub(crate) fn read(reader: &mut EnvironmentReader<'_>) -> Self {
        let system = "those of the system";
        let mut settings = Self::default();
        reader.parsed(
            CERT_FILE,
            &mut settings.authorities,
            |path| tls::read_certificates(Path::new(path)).map(Some),
            |_| system,
        );
        let mut in_directories = None;
        reader.parsed(
            CERT_DIR,
            &mut in_directories,
            |paths| tls::read_directories(paths).map(Some),
            |_| system,
        );
        if let Some(found) = in_directories {
            settings.authorities.get_or_insert_default().extend(found);
        }
        reader.parsed(
            AUTHORITIES,
            &mut settings.private,
            |path| tls::read_certificates(Path::new(path)).map(Some),
            |_| system,
        );
        settings.identity = read_identity(reader);
        settings
    }

    /// What connections to any service are secured with.
    pub(crate) fn common(&self) -> Certificates {
        Certificates::new(self.authorities(), None)
    }

    /// What those to Redis and RabbitMQ are.
    pub(crate) fn private(&self) -> Certificates {
        let authorities = self.private.clone().unwrap_or_else(|| self.authorities());
        Certificates::new(authorities, self.identity.clone())
    }

    fn authorities(&self) -> Vec<CertificateDer<'static>> {
        self.authorities
            .clone()
            .unwrap_or_else(tls::system_authorities)
    }
}

fn read_identity(reader: &mut EnvironmentReader<'_>) -> Option<Identity> {
    let (missing, other) = match (reader.get(CERTIFICATE), reader.get(KEY)) {
        (None, None) => return None,
        (Some(certificate_path), Some(key_path)) => {
            let read = Identity::read(Path::new(certificate_path), Path::new(key_path));
            return read
                .map_err(|(is_certificate, problem)| {
                    let name = if is_certificate { CERTIFICATE } else { KEY };
                    reader.warn(name, problem, "none");
                })
                .ok();
        }
        (Some(_), None) => (KEY, CERTIFICATE),
        (None, Some(_)) => (CERTIFICATE, KEY),
    };
    reader.warn(missing, format!("it is needed beside {other}"), "none");
    None
}

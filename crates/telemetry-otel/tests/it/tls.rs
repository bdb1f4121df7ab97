//! Secure connections to a collector, with certificates made on the spot.

use std::path::PathBuf;
use std::sync::Arc;

use otlp_test_collector::Collector;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    date_time_ymd,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;

use crate::child::{Ended, play_with};
use crate::door;

const PROTOCOLS: [&str; 3] = ["grpc", "http/protobuf", "http/json"];
const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";

/// A private authority, and the files of what it has signed.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    files: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let authority = Self {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
            files: TempDir::new().unwrap(),
        };
        authority.write("authority.pem", &authority.issuer.pem());
        authority
    }

    fn write(&self, name: &str, pem: &str) -> PathBuf {
        let path = self.files.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path
    }

    fn path(&self, name: &str) -> String {
        self.files.path().join(name).to_str().unwrap().to_owned()
    }

    /// Signs a certificate for a name, and writes it and its key to `name.pem` and `name.key`.
    fn sign(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> (Vec<u8>, Vec<u8>) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
        (
            certificate.pem().into_bytes(),
            key.serialize_pem().into_bytes(),
        )
    }

    /// The settings of a server for `name`, which wants a certificate of this authority's from its
    /// clients if `is_mutual`.
    fn server(
        &self,
        name: &str,
        is_mutual: bool,
        change: impl FnOnce(&mut CertificateParams),
    ) -> ServerConfig {
        let (certificate, key) = self.sign(name, change);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if is_mutual {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(&certificate).unwrap()],
                PrivateKeyDer::from_pem_slice(&key).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }
}

/// Plays a scenario with export to a port with TLS.
fn play_secure(port: u16, protocol: &str, more: &[(&str, &str)]) -> Ended {
    let endpoint = format!("https://localhost:{port}");
    let mut variables = vec![
        ("OTEL_ENABLED", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "3000"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
    ];
    variables.extend(more);
    play_with("work", &variables)
}

fn assert_exports(ended: &Ended, collector: &Collector) {
    assert_eq!(ended.said("is_done"), "true", "{ended:#?}");
    collector.wait_for_span("draw_bracket");
    collector.wait_for_log("bracket_drawn");
}

#[test]
fn a_private_authority_is_trusted_by_its_file() {
    let authority = Authority::new();
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let tls = authority.server("localhost", false, |_| ());
        let port = door::open_with_tls(tls, &collector).port();
        let file = authority.path("authority.pem");
        assert_exports(
            &play_secure(port, protocol, &[(CERTIFICATE, &file)]),
            &collector,
        );
    }
}

#[test]
fn the_file_of_one_signal_holds_for_that_one() {
    let (authority, other) = (Authority::new(), Authority::new());
    let collector = Collector::start();
    let tls = authority.server("localhost", false, |_| ());
    let port = door::open_with_tls(tls, &collector).port();
    let [right, wrong] = [&authority, &other].map(|it| it.path("authority.pem"));
    let ended = play_secure(
        port,
        "grpc",
        &[
            (CERTIFICATE, &wrong),
            ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", &right),
            ("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", &right),
        ],
    );
    let line = ended.single("otel_export_failing");
    assert_eq!(line["export.signal"], "metrics");
    let error = "cannot secure the connection: invalid peer certificate: BadSignature";
    assert_eq!(line["error"], error);
    collector.wait_for_span("draw_bracket");
    collector.wait_for_log("bracket_drawn");
}

#[test]
fn ssl_cert_file_and_ssl_cert_dir_are_the_authorities_of_every_connection() {
    let authority = Authority::new();
    let directory = authority.files.path().join("authorities");
    std::fs::create_dir(&directory).unwrap();
    std::fs::write(directory.join("a.pem"), authority.issuer.pem()).unwrap();
    let (file, directory) = (authority.path("authority.pem"), directory.to_str().unwrap());
    for protocol in PROTOCOLS {
        for variable in [("SSL_CERT_FILE", &*file), ("SSL_CERT_DIR", directory)] {
            let collector = Collector::start();
            let tls = authority.server("localhost", false, |_| ());
            let port = door::open_with_tls(tls, &collector).port();
            assert_exports(&play_secure(port, protocol, &[variable]), &collector);
        }
    }
}

#[test]
fn a_client_shows_its_certificate() {
    let authority = Authority::new();
    authority.sign("backend", |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let [ca, certificate, key] =
        ["authority.pem", "backend.pem", "backend.key"].map(|name| authority.path(name));
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let tls = authority.server("localhost", true, |_| ());
        let port = door::open_with_tls(tls, &collector).port();
        let ended = play_secure(
            port,
            protocol,
            &[
                (CERTIFICATE, &ca),
                ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &certificate),
                ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &key),
            ],
        );
        assert_exports(&ended, &collector);
        let without = play_secure(port, protocol, &[(CERTIFICATE, &ca)]);
        assert_eq!(without.said("is_done"), "false");
        for line in without.all("otel_export_failing") {
            let error = line["error"].as_str().unwrap();
            // The alert of TLS 1.3 comes after the handshake: gRPC sees a connection that ends.
            let is_ended = protocol == "grpc" && error.contains("does not speak grpc");
            assert!(
                error.contains("CertificateRequired") || is_ended,
                "{protocol}: {error}"
            );
        }
    }
}

#[test]
fn a_certificate_that_is_not_valid_is_refused_with_its_reason() {
    let authority = Authority::new();
    let file = authority.path("authority.pem");
    for protocol in PROTOCOLS {
        for (name, expires, reason) in [
            (
                "localhost",
                2020,
                "invalid peer certificate: certificate expired",
            ),
            (
                "elsewhere.example",
                2099,
                "certificate not valid for name \"localhost\"",
            ),
        ] {
            let collector = Collector::start();
            let tls = authority.server(name, false, |params| {
                params.not_after = date_time_ymd(expires, 1, 1);
            });
            let port = door::open_with_tls(tls, &collector).port();
            let ended = play_secure(port, protocol, &[(CERTIFICATE, &file)]);
            for line in ended.all("otel_export_failing") {
                let error = line["error"].as_str().unwrap();
                assert!(
                    error.starts_with("cannot secure the connection") && error.contains(reason),
                    "{protocol}: {error}"
                );
            }
            assert_eq!(ended.all("otel_export_failing").len(), 3, "{ended:#?}");
            assert_eq!(collector.requests().len(), 0);
        }
        // Signed by nobody that is known.
        let collector = Collector::start();
        let tls = authority.server("localhost", false, |_| ());
        let port = door::open_with_tls(tls, &collector).port();
        let ended = play_secure(port, protocol, &[]);
        for line in ended.all("otel_export_failing") {
            let error = line["error"].as_str().unwrap();
            assert!(error.contains("UnknownIssuer"), "{protocol}: {error}");
        }
    }
}

#[test]
fn a_missing_or_bad_file_is_one_error_line() {
    let authority = Authority::new();
    authority.sign("backend", |_| ());
    authority.write("empty.pem", "");
    let [ca, key, empty] =
        ["authority.pem", "backend.key", "empty.pem"].map(|name| authority.path(name));
    let missing = authority.path("missing.pem");
    let client_certificate = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
    let client_key = "OTEL_EXPORTER_OTLP_CLIENT_KEY";
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[(CERTIFICATE, &missing)], "missing.pem: No such file"),
        (
            &[(CERTIFICATE, &empty)],
            "empty.pem has no certificate in PEM",
        ),
        (&[("SSL_CERT_FILE", &missing)], "missing.pem: No such file"),
        (
            &[(CERTIFICATE, &key)],
            "backend.key has no certificate in PEM",
        ),
        (&[(client_certificate, &ca)], "needs both files"),
        (
            &[(client_certificate, &ca), (client_key, &empty)],
            "empty.pem has no private key in PEM",
        ),
    ];
    for (variables, problem) in cases {
        for protocol in PROTOCOLS {
            let ended = play_secure(9, protocol, variables);
            let line = ended.single("otel_export_off");
            assert_eq!(line["level"], "error");
            let text = line["problem"].as_str().unwrap();
            assert!(text.contains(problem), "{text}");
            assert_eq!(ended.said("exports"), "false");
            ended.single("bracket_drawn");
        }
    }
}

//! TLS to PostgreSQL, Redis, RabbitMQ and other services, by certificates made on the spot.

use axum::http::Request;
use rustls::ServerConfig;
use serde_json::json;
use test_servers::{RabbitMqServer, RedisServer};

use crate::authority::Authority;
use crate::cache::TABLE;
use crate::cache_contents::CacheContents as _;
use crate::database::{self, Temporary};
use crate::door::{address_of, secure, secure_postgres};
use crate::program::{Ended, Program, get, send};
use crate::stub::Stub;
use crate::workers::{Server, details};

const VARIABLES: [(&str, &str); 2] = [("DTX_BIND", "127.0.0.1:0"), ("NODE_ENV", "test")];

fn start(role: &str, more: &[(&str, &str)]) -> (tempfile::TempDir, Program) {
    let directory = tempfile::tempdir().unwrap();
    let mut variables = VARIABLES.to_vec();
    variables.extend(more);
    let program = Program::start_with(&directory, &variables, &[role]);
    (directory, program)
}

/// The servers that a client must not take, and what it says then.
fn refused(authority: &Authority) -> [(ServerConfig, &'static str); 3] {
    let other = Authority::new();
    [
        (authority.server("localhost", 2020), "expired"),
        (
            authority.server("elsewhere.example", 2099),
            "not valid for name",
        ),
        (other.server("localhost", 2099), "invalid peer certificate"),
    ]
}

#[track_caller]
fn assert_fails(ended: &Ended, parts: &[&str]) {
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    let [line] = &*ended.stderr else {
        panic!("not one line: {ended:?}")
    };
    for part in parts {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[tokio::test]
async fn postgres_is_reached_by_tls_and_only_where_its_certificate_is_right() {
    let Some(server) = database::server() else {
        return;
    };
    let database = format!("dtx_test_{}_tls", std::process::id());
    let _temporary = Temporary::create(format!("{server}/{database}"));
    let behind = address_of(&server);
    let authority = Authority::new();
    authority.sign("backend", 2099);
    let [root, certificate, key] =
        ["authority.pem", "backend.pem", "backend.key"].map(|name| authority.path(name));
    let url = |port: u16, parameters: &str| {
        let (_, rest) = server.split_once("://").unwrap();
        let (user, _) = rest.rsplit_once('@').unwrap();
        format!("postgres://{user}@localhost:{port}/{database}?sslmode=verify-full{parameters}")
    };
    let with_root = format!("&sslrootcert={root}");
    let as_client = format!("{with_root}&sslcert={certificate}&sslkey={key}");

    let plain = secure_postgres(authority.server("localhost", 2099), behind).await;
    let mutual = secure_postgres(authority.mutual_server("localhost"), behind).await;
    for (url, more) in [
        (url(plain, &with_root), None),
        (url(plain, ""), Some(("SSL_CERT_FILE", &*root))),
        (url(mutual, &as_client), None),
    ] {
        let mut variables = vec![("DATABASE_URL", &*url)];
        variables.extend(more);
        let (_directory, mut program) = start("serve", &variables);
        let site = program.url().await;
        assert_eq!(get(format!("{site}/readyz")).await.0, 200, "{url}");
    }

    for (tls, reason) in refused(&authority) {
        let port = secure_postgres(tls, behind).await;
        let url = url(port, &with_root);
        let (_directory, program) = start("serve", &[("DATABASE_URL", &url)]);
        assert_fails(&program.ended().await, &["DATABASE_URL", reason]);
    }
    let url = url(mutual, &with_root);
    let (_directory, program) = start("serve", &[("DATABASE_URL", &url)]);
    assert_fails(&program.ended().await, &["DATABASE_URL"]);
}

#[tokio::test]
async fn redis_is_reached_by_tls_and_only_where_its_certificate_is_right() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let behind = address_of(&redis.url());
    let authority = Authority::new();
    authority.sign("backend", 2099);
    let [root, certificate, key] =
        ["authority.pem", "backend.pem", "backend.key"].map(|name| authority.path(name));
    let by_file = [("SSL_CERT_FILE", &*root)];
    let by_own = [("DTX_TLS_CA", &*root)];
    let as_client = [
        ("DTX_TLS_CA", &*root),
        ("DTX_TLS_CERT", &*certificate),
        ("DTX_TLS_KEY", &*key),
    ];
    let plain = secure(authority.server("localhost", 2099), behind).await;
    let mutual = secure(authority.mutual_server("localhost"), behind).await;
    for (port, more) in [
        (plain, &by_file[..]),
        (plain, &by_own),
        (mutual, &as_client),
    ] {
        redis.empty().await;
        let url = format!("rediss://localhost:{port}/");
        let mut variables = vec![("REDIS_URL", &*url)];
        variables.extend(more);
        let (_directory, mut program) = start("serve", &variables);
        let site = program.url().await;
        assert_eq!(get(format!("{site}{TABLE}")).await.0, 200);
        assert!(!redis.keys().await.is_empty(), "{more:?}");
    }

    let mut refused: Vec<_> = refused(&authority).into();
    refused.push((authority.mutual_server("localhost"), ""));
    for (tls, reason) in refused {
        let url = format!("rediss://localhost:{}/", secure(tls, behind).await);
        let (_directory, mut program) = start("serve", &[("REDIS_URL", &url), by_own[0]]);
        let site = program.url().await;
        assert_eq!(get(format!("{site}{TABLE}")).await.0, 200);
        let line = program.event("cache_unavailable").await;
        assert!(line["error"].as_str().unwrap().contains(reason), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rabbitmq_is_reached_by_tls_and_only_where_its_certificate_is_right() {
    let Some(broker) = RabbitMqServer::start() else {
        return;
    };
    let behind = address_of(&broker.url());
    let authority = Authority::new();
    authority.sign("backend", 2099);
    let [root, certificate, key] =
        ["authority.pem", "backend.pem", "backend.key"].map(|name| authority.path(name));
    let by_own = [("DTX_TLS_CA", &*root)];
    let as_client = [
        ("DTX_TLS_CA", &*root),
        ("DTX_TLS_CERT", &*certificate),
        ("DTX_TLS_KEY", &*key),
    ];
    let plain = secure(authority.server("localhost", 2099), behind).await;
    let mutual = secure(authority.mutual_server("localhost"), behind).await;
    for (port, more) in [
        (plain, &[("SSL_CERT_FILE", &*root)][..]),
        (plain, &by_own),
        (mutual, &as_client),
    ] {
        let url = format!("amqps://guest:guest@localhost:{port}/%2f");
        let mut variables = vec![("AMQP_URL", &*url)];
        variables.extend(more);
        let (_directory, mut program) = start("bot", &variables);
        program.event("broker_connected").await;
    }

    let mut refused: Vec<_> = refused(&authority).into();
    refused.push((authority.mutual_server("localhost"), ""));
    for (tls, reason) in refused {
        let port = secure(tls, behind).await;
        let url = format!("amqps://guest:guest@localhost:{port}/%2f");
        let (_directory, mut program) = start("bot", &[("AMQP_URL", &url), by_own[0]]);
        let line = program.event("broker_disconnected").await;
        assert!(line["error"].as_str().unwrap().contains(reason), "{line}");
    }
}

#[tokio::test]
async fn other_services_are_reached_by_tls_and_only_where_their_certificate_is_right() {
    let steam = Stub::answering(details()).await;
    let behind = address_of(&steam.url);
    let authority = Authority::new();
    let root = authority.path("authority.pem");
    let directory_of_roots = tempfile::tempdir().unwrap();
    std::fs::copy(&root, directory_of_roots.path().join("a.pem")).unwrap();
    let directory_of_roots = directory_of_roots.path().to_str().unwrap();
    let mut cases = vec![
        (
            authority.server("localhost", 2099),
            ("SSL_CERT_FILE", &*root),
            200,
        ),
        (
            authority.server("localhost", 2099),
            ("SSL_CERT_DIR", directory_of_roots),
            200,
        ),
    ];
    for (tls, _) in refused(&authority) {
        cases.push((tls, ("SSL_CERT_FILE", &root), 502));
    }
    for (tls, trusted, status) in cases {
        let url = format!("https://localhost:{}", secure(tls, behind).await);
        let directory = tempfile::tempdir().unwrap();
        let server = Server::start(&directory, &[("STEAM_API_URL", &url), trusted]).await;
        server.set_steam_match(77).await;
        let refresh = Request::post(format!("{}/api/matches/1/refresh/", server.url));
        let response = send(refresh, &server.captain, &json!({})).await;
        assert_eq!(response.status(), status, "{trusted:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_missing_or_bad_is_told_in_one_line_and_by_the_doctor() {
    let authority = Authority::new();
    authority.sign("backend", 2099);
    authority.sign("other", 2099);
    authority.write("empty.pem", "");
    let [root, certificate, key, other, empty, missing] = [
        "authority.pem",
        "backend.pem",
        "backend.key",
        "other.key",
        "empty.pem",
        "missing.pem",
    ]
    .map(|name| authority.path(name));
    let postgres = |parameter: &str, path: &str| {
        format!("postgres://x:hidden@127.0.0.1:1/dtx?sslmode=require&{parameter}={path}")
    };
    let in_url = [
        (
            postgres("sslrootcert", &missing),
            "sslrootcert: cannot read",
        ),
        (postgres("sslcert", &empty), "sslcert: "),
        (
            postgres("sslkey", &certificate),
            "has no private key in PEM format",
        ),
    ];
    let mut cases: Vec<(Vec<(&str, &str)>, &str)> = vec![
        (
            vec![("SSL_CERT_FILE", &missing)],
            "missing.pem: No such file",
        ),
        (
            vec![("SSL_CERT_FILE", &key)],
            "has no certificate in PEM format",
        ),
        (
            vec![("SSL_CERT_DIR", &missing)],
            "has no certificate in PEM format",
        ),
        (
            vec![("DTX_TLS_CA", &empty)],
            "empty.pem has no certificate in PEM format",
        ),
        (
            vec![("DTX_TLS_CERT", &certificate)],
            "DTX_TLS_KEY: it is needed beside DTX_TLS_CERT",
        ),
        (
            vec![("DTX_TLS_KEY", &key)],
            "DTX_TLS_CERT: it is needed beside DTX_TLS_KEY",
        ),
        (
            vec![("DTX_TLS_CERT", &certificate), ("DTX_TLS_KEY", &root)],
            "DTX_TLS_KEY: ",
        ),
        (
            vec![("DTX_TLS_CERT", &missing), ("DTX_TLS_KEY", &key)],
            "DTX_TLS_CERT: ",
        ),
        (
            vec![("DTX_TLS_CERT", &certificate), ("DTX_TLS_KEY", &other)],
            "DTX_TLS_KEY: ",
        ),
    ];
    for (url, problem) in &in_url {
        cases.push((vec![("DATABASE_URL", url)], problem));
    }
    for (variables, problem) in cases {
        let (_directory, program) = start("serve", &variables);
        let ended = program.ended().await;
        assert_fails(&ended, &[problem]);
        assert!(!ended.stderr[0].contains("hidden"), "{ended:?}");

        let (_directory, program) = start("doctor", &variables);
        let ended = program.ended().await;
        assert_eq!(ended.status.code(), Some(1), "{ended:#?}");
        let shown = ended.stdout.join("\n");
        let (_, of_certificates) = shown.split_once("\nCertificates\n").unwrap();
        for (name, _) in variables {
            assert!(of_certificates.contains(name), "{shown}");
        }
        assert!(of_certificates.contains("    ! "), "{shown}");
        assert!(shown.ends_with("The site cannot start."), "{shown}");
        assert!(!shown.contains("hidden"), "{shown}");
    }
    let (_directory, program) = start("doctor", &[("DTX_TLS_CA", &root)]);
    let ended = program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:#?}");
}

//! Requests to other services go by the proxies of the environment, those between the roles do not.

use axum::http::Request;
use serde_json::{Value, json};

use crate::discord::{Discord, public_key};
use crate::program::send;
use crate::stub::{Received, Stub};
use crate::workers::{Server, details, end, start};

/// Refreshes a match from a Steam at this URL; the status.
async fn refresh(steam: &str, more: &[(&str, &str)]) -> u16 {
    let directory = tempfile::tempdir().unwrap();
    let mut variables = vec![("STEAM_API_URL", steam)];
    variables.extend(more);
    let server = Server::start(&directory, &variables).await;
    server.set_steam_match(77).await;
    let refresh = Request::post(format!("{}/api/matches/1/refresh/", server.url));
    let status = send(refresh, &server.captain, &json!({})).await.status();
    server.end().await;
    status.as_u16()
}

#[tokio::test]
async fn other_services_are_reached_by_the_proxy_with_its_password() {
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        let proxy = Stub::answering(details()).await;
        let url = proxy.url.replace("http://", "http://me:s3cret@");
        assert_eq!(refresh("http://steam.test", &[(name, &url)]).await, 200);
        let [
            Received {
                target, headers, ..
            },
        ] = &proxy.requests()[..]
        else {
            panic!("{:?}", proxy.requests());
        };
        assert!(target.starts_with("http://steam.test/"), "{target}");
        assert_eq!(headers["proxy-authorization"], "Basic bWU6czNjcmV0");
    }
    // The same by https: what it is asked for is a tunnel.
    let proxy = Stub::answering(Value::Null).await;
    refresh("https://steam.test", &[("HTTPS_PROXY", &proxy.url)]).await;
    assert_eq!(proxy.requests()[0].target, "steam.test:443");
}

#[tokio::test]
async fn no_proxy_comes_before_this_host_or_an_exception() {
    let proxy = Stub::answering(details()).await;
    let steam = Stub::answering(details()).await;
    let proxies = [("HTTP_PROXY", &*proxy.url), ("NO_PROXY", ".test")];
    assert_eq!(refresh(&steam.url, &proxies).await, 200);
    let by_name = steam.url.replace("127.0.0.1", "localhost");
    assert_eq!(refresh(&by_name, &proxies).await, 200);
    assert_eq!(refresh("http://steam.test", &proxies).await, 502);
    assert_eq!(steam.requests().len(), 2);
    assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
}

#[tokio::test]
async fn the_api_is_never_reached_by_a_proxy() {
    let directory = tempfile::tempdir().unwrap();
    let proxy = Stub::answering(json!({"games": []})).await;
    let key = public_key();
    let variables = [
        ("HTTP_PROXY", &*proxy.url),
        ("ALL_PROXY", &proxy.url),
        ("DTX_API_URL", "http://api.test:8000"),
        ("DTX_BOT_BIND", "127.0.0.1:0"),
        ("DISCORD_PUBLIC_KEY", &key),
    ];
    let mut program = start(&directory, &["bot"], &variables);
    let discord = Discord::of(&mut program).await;
    discord.command("games", &[]).await;
    program.event("bot_command_failed").await;
    end(program).await;
    assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
}

#[tokio::test]
async fn a_proxy_that_cannot_be_is_told_in_one_line_without_its_password() {
    let directory = tempfile::tempdir().unwrap();
    for url in [
        "ftp://me:s3cret@proxy",
        "http://me:s3cret@:x",
        "socks5://s3cret",
    ] {
        let program = start(&directory, &["serve"], &[("HTTP_PROXY", url)]);
        let ended = program.ended().await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        let expected = "HTTP_PROXY: it is not the URL of a proxy such as http://proxy.example:3128";
        assert!(ended.stderr[0].ends_with(expected), "{ended:?}");
        assert!(!format!("{ended:?}").contains("s3cret"), "{ended:?}");
    }
}

//! The servers that tests share.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use crate::leave_out;

const PATIENCE: Duration = Duration::from_secs(1);

/// Gives the URL of a server that answers: the one that a variable names, or else the usual one.
pub(crate) fn shared(name: &str, variable: &str, usual: &str) -> Option<String> {
    let named = std::env::var(variable);
    let url = named.as_deref().unwrap_or(usual);
    let address = address_of(url);
    let answers = address.to_socket_addrs().is_ok_and(|mut addresses| {
        addresses.any(|address| TcpStream::connect_timeout(&address, PATIENCE).is_ok())
    });
    if !answers {
        assert!(named.is_err(), "{variable}: nothing answers at {address}");
        leave_out(&format!("no {name} answers at {address}"));
    }
    answers.then(|| url.to_owned())
}

/// Host and port.
fn address_of(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    let server = rest.split('/').next().unwrap();
    server.rsplit('@').next().unwrap()
}

#[test]
fn the_address_is_what_is_between_the_credentials_and_the_path() {
    let address = "localhost:5672";
    for url in [
        "amqp://localhost:5672",
        "amqp://me:a%40b@localhost:5672/%2f",
    ] {
        assert_eq!(address_of(url), address);
    }
}

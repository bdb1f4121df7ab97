//! Whether a server answers, in its own protocol.

use std::fmt::{self, Display};
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::Context as _;

/// How long connecting may take, and then each answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a server speaks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Protocol {
    Postgres,
    Redis,
    Amqp,
}

/// The host and port of a URL.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address(String);

impl Address {
    /// Takes it from a URL that names both.
    ///
    /// # Errors
    ///
    /// When it does not. The error does not show the URL, which may hold a password.
    pub(super) fn of(url: &str) -> anyhow::Result<Self> {
        let authority = url.split_once("://").map(|(_, rest)| rest);
        let authority = authority.and_then(|rest| rest.split(['/', '?']).next());
        let host = authority.map(|all| all.rsplit_once('@').map_or(all, |(_, host)| host));
        let host = host.filter(|host| host.rsplit_once(':').is_some_and(|(_, port)| is_port(port)));
        let host =
            host.context("a server's URL is not of the form scheme://user:password@host:port/…")?;
        Ok(Self(host.to_owned()))
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let mut last = std::io::ErrorKind::NotFound.into();
        for address in self.0.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE))?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Protocol {
    /// Says whether the server takes clients: one that listens and is not ready yet does not.
    pub(super) fn answers(self, address: &Address) -> bool {
        let ask = || -> std::io::Result<Vec<u8>> {
            let mut stream = address.connect()?;
            stream.write_all(self.greeting())?;
            let mut answer = vec![0; 5];
            stream.read_exact(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| self.accepts(&answer))
    }

    /// What a client says first.
    fn greeting(self) -> &'static [u8] {
        match self {
            // The length, the version of the protocol (3.0), and parameters.
            Self::Postgres => b"\0\0\0\x29\0\x03\0\0user\0postgres\0database\0postgres\0\0",
            Self::Redis => b"PING\r\n",
            Self::Amqp => b"AMQP\0\0\x09\x01",
        }
    }

    fn accepts(self, answer: &[u8]) -> bool {
        match self {
            // It asks for a password, or for none. An error (`E`) is also that it starts up.
            Self::Postgres => answer.starts_with(b"R"),
            Self::Redis => [&b"+PONG"[..], b"-NOAU"].contains(&answer),
            // A frame of the method class, in the channel 0; another version would say its header.
            Self::Amqp => answer.starts_with(&[1, 0, 0]),
        }
    }
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn an_address_is_taken_from_a_url() {
        for (url, expected) in [
            ("redis://127.0.0.1:6379/", "127.0.0.1:6379"),
            ("postgres://me:p@ss@db:5433/x?sslmode=disable", "db:5433"),
            ("amqp://guest:guest@[::1]:5672/%2f", "[::1]:5672"),
        ] {
            assert_eq!(Address::of(url).unwrap().to_string(), expected);
        }
        for url in ["db:5433", "redis://:secret@db/", "redis://db:port/"] {
            let error = Address::of(url).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn the_greeting_of_postgres_says_its_own_length() {
        let greeting = Protocol::Postgres.greeting();
        assert_eq!(usize::from(greeting[3]), greeting.len());
    }

    #[test]
    fn a_server_answers_in_its_own_protocol_alone() {
        for (protocol, answer, expected) in [
            (Protocol::Postgres, &b"R\0\0\0\x08\0\0\0\0"[..], true),
            (Protocol::Postgres, b"E\0\0\0\x55SFATAL\0C57P03\0", false),
            (Protocol::Redis, b"+PONG\r\n", true),
            (
                Protocol::Redis,
                b"-NOAUTH Authentication required.\r\n",
                true,
            ),
            (Protocol::Redis, b"-LOADING Redis is loading\r\n", false),
            (Protocol::Amqp, b"\x01\0\0\0\0\x01\0\0\x0a\0\x0a", true),
            (Protocol::Amqp, b"AMQP\0\0\x09\x01", false),
            (Protocol::Amqp, b"", false),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = Address(listener.local_addr().unwrap().to_string());
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let (mut stream, _) = listener.accept().unwrap();
                    let mut greeting = [0; 6];
                    stream.read_exact(&mut greeting).unwrap();
                    stream.write_all(answer).unwrap();
                });
                assert_eq!(
                    protocol.answers(&address),
                    expected,
                    "{protocol:?} {answer:?}"
                );
            });
        }
    }

    #[test]
    fn nobody_answers_where_nobody_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = Address(listener.local_addr().unwrap().to_string());
        drop(listener);
        assert!(!Protocol::Redis.answers(&address));
    }
}

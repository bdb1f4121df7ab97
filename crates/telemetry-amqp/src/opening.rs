//! Making a connection that may be given up.
//!
//! lapin makes it on a thread of its own, which waits for the broker's answer for ever when nobody
//! waits for the connection any more. It ends when the socket does.

use std::io;
use std::net::{Shutdown, TcpStream};
#[cfg(unix)]
use std::os::fd::AsFd as _;
#[cfg(windows)]
use std::os::windows::io::AsSocket as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lapin::tcp::{AMQPUriTcpExt as _, AsyncTcpStream, RustlsConnector};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{Connection, ConnectionProperties};

/// Connects. Dropped before that is done, it hangs up.
pub(crate) async fn open(
    uri: AMQPUri,
    tls: Option<RustlsConnector>,
    properties: ConnectionProperties,
) -> lapin::Result<Connection> {
    let opening = Opening::default();
    let socket = Arc::clone(&opening.0);
    let runtime = lapin::runtime::default_runtime()?;
    let tls = tls.filter(|_| uri.scheme == AMQPScheme::AMQPS);
    let connecting = Connection::connector(
        uri,
        runtime,
        async move |uri, runtime| {
            let stream = match &tls {
                Some(tls) => {
                    let mut plain = uri.clone();
                    plain.scheme = AMQPScheme::AMQP;
                    let stream = plain.connect_async(&runtime).await?;
                    stream.into_rustls(tls, &uri.authority.host).await?
                }
                None => uri.connect_async(&runtime).await?,
            };
            let plain = match &stream {
                AsyncTcpStream::Plain(stream) => stream.get_ref(),
                AsyncTcpStream::Rustls(stream) => stream.get_ref().0.get_ref(),
                // There are no others without features that are not asked for.
                _ => return Ok(stream),
            };
            #[cfg(unix)]
            let plain = plain.as_fd().try_clone_to_owned()?;
            #[cfg(windows)]
            let plain = plain.as_socket().try_clone_to_owned()?;
            match &mut *lock(&socket) {
                Socket::GivenUp => return Err(io::Error::from(io::ErrorKind::TimedOut).into()),
                socket => *socket = Socket::There(plain.into()),
            }
            Ok(stream)
        },
        properties,
    );
    let connection = connecting.await?;
    // Held any longer, it would keep the socket open.
    *lock(&opening.0) = Socket::Awaited;
    Ok(connection)
}

/// The socket of a connection that is being made.
#[derive(Debug, Default)]
struct Opening(Arc<Mutex<Socket>>);

#[derive(Debug, Default)]
enum Socket {
    #[default]
    Awaited,
    There(TcpStream),
    GivenUp,
}

impl Drop for Opening {
    fn drop(&mut self) {
        let socket = std::mem::replace(&mut *lock(&self.0), Socket::GivenUp);
        if let Socket::There(socket) = socket {
            // It may be closed already.
            let _closed = socket.shutdown(Shutdown::Both);
        }
    }
}

fn lock(socket: &Mutex<Socket>) -> MutexGuard<'_, Socket> {
    socket.lock().unwrap_or_else(PoisonError::into_inner)
}

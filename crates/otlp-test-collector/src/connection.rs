//! One connection, and what can be done to it below HTTP.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::behaviour::Behaviour;
use crate::service;
use crate::store::Store;

/// No version of HTTP begins like this: not a status line, and a frame of HTTP/2 that is
/// longer than any may be.
const GARBAGE: &[u8] = &[0xff; 64];

/// What a request can do to the connection that it came on.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    store: Arc<Store>,
    garbage: AtomicBool,
    cut: Notify,
}

impl Connection {
    /// Serves a connection until it ends or is cut.
    pub(crate) async fn serve(stream: TcpStream, peer: SocketAddr, store: Arc<Store>) {
        let connection = Arc::new(Self {
            peer,
            store: Arc::clone(&store),
            garbage: AtomicBool::new(false),
            cut: Notify::new(),
        });
        let _open = store.connection();
        let wire = TokioIo::new(Wire {
            stream,
            connection: Arc::clone(&connection),
        });
        let service = service_fn(|request| {
            service::answer(request, Arc::clone(&connection), Arc::clone(&store))
        });
        let http = auto::Builder::new(TokioExecutor::new());
        let served = pin!(http.serve_connection(wire, service));
        // What was written before the cut is on its way, because serving goes first.
        tokio::select! {
            biased;
            // A client that leaves or talks nonsense is no failure of the collector.
            _ended = served => {}
            () = connection.cut.notified() => {}
        }
    }

    /// Closes the connection as soon as what has been written so far is sent.
    pub(crate) fn cut(&self) {
        self.cut.notify_one();
    }

    /// Sends garbage in place of what would be written next, and closes the connection.
    pub(crate) fn speak_garbage(&self) {
        self.garbage.store(true, Ordering::Relaxed);
    }
}

/// The socket, which can lose what is written to it.
#[derive(Debug)]
struct Wire {
    stream: TcpStream,
    connection: Arc<Connection>,
}

impl Wire {
    fn silent(&self) -> bool {
        *self.connection.store.behaviour() == Behaviour::BlackHole
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.silent() {
            return Poll::Ready(Ok(bytes.len()));
        }
        if !self.connection.garbage.load(Ordering::Relaxed) {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        }
        let written = Pin::new(&mut self.stream).poll_write(context, GARBAGE);
        written.map_ok(|_| {
            self.connection.cut();
            bytes.len()
        })
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.silent() {
            // Nothing has to wake this: the connection is dropped when the silence ends.
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

//! Ports in front of a server: with TLS, and such that packets are lost on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::ServerConfig;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional, split,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// What a client of PostgreSQL sends before TLS.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// The address of a server, of its URL.
pub(crate) fn address_of(url: &str) -> SocketAddr {
    let (_, rest) = url.split_once("://").unwrap();
    let server = rest.split('/').next().unwrap();
    server.rsplit('@').next().unwrap().parse().unwrap()
}

/// Opens a port with TLS in front of a server without.
pub(crate) async fn secure(tls: ServerConfig, behind: SocketAddr) -> u16 {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    serve(move |client| {
        let acceptor = acceptor.clone();
        async move {
            let mut client = acceptor.accept(client).await?;
            let mut server = TcpStream::connect(behind).await?;
            copy_bidirectional(&mut client, &mut server).await?;
            Ok(())
        }
    })
    .await
}

/// The same for PostgreSQL, whose clients ask for TLS first.
pub(crate) async fn secure_postgres(tls: ServerConfig, behind: SocketAddr) -> u16 {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    serve(move |mut client| {
        let acceptor = acceptor.clone();
        async move {
            let mut request = [0; 8];
            client.read_exact(&mut request).await?;
            assert_eq!(request, SSL_REQUEST);
            client.write_all(b"S").await?;
            let mut client = acceptor.accept(client).await?;
            let mut server = TcpStream::connect(behind).await?;
            copy_bidirectional(&mut client, &mut server).await?;
            Ok(())
        }
    })
    .await
}

/// A way to a server on which packets may be lost, in both directions. A connection that has lost
/// one stays dead, and nobody hears of it.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) port: u16,
    loses: watch::Sender<bool>,
}

impl Way {
    pub(crate) async fn open(behind: SocketAddr) -> Self {
        let (loses, losing) = watch::channel(false);
        let port = serve(move |client| {
            let losing = losing.clone();
            async move {
                let server = TcpStream::connect(behind).await?;
                let (from_client, to_client) = split(client);
                let (from_server, to_server) = split(server);
                let is_dead = AtomicBool::new(*losing.borrow());
                let forth = forward(from_client, to_server, &losing, &is_dead);
                let back = forward(from_server, to_client, &losing, &is_dead);
                tokio::try_join!(forth, back)?;
                Ok(())
            }
        })
        .await;
        Self { port, loses }
    }

    /// Loses all packets from now on, or none on new connections.
    pub(crate) fn lose(&self, loses: bool) {
        self.loses.send_replace(loses);
    }
}

async fn forward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    losing: &watch::Receiver<bool>,
    is_dead: &AtomicBool,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        if *losing.borrow() {
            is_dead.store(true, Ordering::Relaxed);
        }
        match (is_dead.load(Ordering::Relaxed), count) {
            (true, 0) => std::future::pending().await,
            (true, _) => {}
            (false, 0) => return to.shutdown().await,
            (false, _) => to.write_all(&buffer[..count]).await?,
        }
    }
}

/// Serves each connection of a port by a task, until the test's runtime ends.
async fn serve<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    telemetry_core::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let served = serve(client);
            telemetry_core::spawn(async move {
                // Either end may hang up.
                let _ended = served.await;
            });
        }
    });
    port
}

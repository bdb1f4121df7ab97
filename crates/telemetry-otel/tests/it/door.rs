//! Ports before a collector: of one protocol, with TLS, proxies, and ones that swallow.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use otlp_test_collector::{Collector, Protocol};
use rustls::ServerConfig;
use tokio::io::copy_bidirectional;
use tokio_rustls::TlsAcceptor;

/// What clients of HTTP/2 say first.
const PREFACE: &[u8] = b"PRI";

/// The settings that a server of HTTP/2 says first: none.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// Opens a port where this protocol is spoken, and the other answered as servers do.
pub(crate) fn open(only: Protocol, collector: &Collector) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let behind = collector.address();
    // It ends with the process.
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            thread::spawn(move || serve(only, client, behind));
        }
    });
    address
}

/// Serves a connection; whoever ends it ends it.
fn serve(only: Protocol, mut client: TcpStream, behind: SocketAddr) -> Option<()> {
    let mut start = [0; PREFACE.len()];
    client.read_exact(&mut start).ok()?;
    match (only, start == PREFACE) {
        (Protocol::Grpc, true) | (Protocol::Http, false) => {
            let mut server = TcpStream::connect(behind).ok()?;
            server.write_all(&start).ok()?;
            let (mut requests, mut to_server) =
                (client.try_clone().ok()?, server.try_clone().ok()?);
            thread::spawn(move || {
                let _ended = std::io::copy(&mut requests, &mut to_server);
                to_server.shutdown(Shutdown::Write)
            });
            std::io::copy(&mut server, &mut client).ok()?;
        }
        (Protocol::Grpc, false) => client.write_all(SETTINGS).ok()?,
        (Protocol::Http, true) => client
            .write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
            .ok()?,
    }
    client.shutdown(Shutdown::Both).ok()
}

/// Opens a port with TLS before a collector.
pub(crate) fn open_with_tls(tls: ServerConfig, collector: &Collector) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (behind, acceptor) = (collector.address(), TlsAcceptor::from(Arc::new(tls)));
    serve_in_background(listener, move |client| {
        let acceptor = acceptor.clone();
        async move {
            let mut client = acceptor.accept(client).await?;
            let mut server = tokio::net::TcpStream::connect(behind).await?;
            copy_bidirectional(&mut client, &mut server).await
        }
    });
    address
}

/// A path to a collector whose packets may begin to be swallowed, both ways, on connections that are
/// there and on later ones.
pub(crate) struct Path {
    pub(crate) address: SocketAddr,
    is_swallowing: Arc<AtomicBool>,
}

impl Path {
    pub(crate) fn open(collector: &Collector) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let behind = collector.address();
        let is_swallowing = Arc::new(AtomicBool::new(false));
        let swallowing = Arc::clone(&is_swallowing);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(behind).unwrap());
                // A connection that was swallowed once stays dead.
                let is_dead = Arc::new(AtomicBool::new(swallowing.load(Ordering::Relaxed)));
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let (swallowing, is_dead) = (Arc::clone(&swallowing), Arc::clone(&is_dead));
                    thread::spawn(move || forward(from, to, &swallowing, &is_dead));
                }
            }
        });
        Self {
            address,
            is_swallowing,
        }
    }

    pub(crate) fn swallow(&self, is_swallowing: bool) {
        self.is_swallowing.store(is_swallowing, Ordering::Relaxed);
    }
}

fn forward(
    mut from: TcpStream,
    mut to: TcpStream,
    is_swallowing: &AtomicBool,
    is_dead: &AtomicBool,
) -> Option<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).ok()?;
        if is_swallowing.load(Ordering::Relaxed) {
            is_dead.store(true, Ordering::Relaxed);
        }
        if is_dead.load(Ordering::Relaxed) {
            if read == 0 {
                return None;
            }
            continue;
        }
        if read == 0 {
            return to.shutdown(Shutdown::Write).ok();
        }
        to.write_all(&buffer[..read]).ok()?;
    }
}

/// A proxy of HTTP that sends everything to a collector, whatever it is asked for.
pub(crate) struct ProxyServer {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl ProxyServer {
    pub(crate) fn open(collector: &Collector) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let behind = collector.address();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heads);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, kept) = (client.unwrap(), Arc::clone(&kept));
                thread::spawn(move || proxy(client, behind, &kept));
            }
        });
        Self { address, heads }
    }

    /// The heads of the requests that came.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn proxy(mut client: TcpStream, behind: SocketAddr, heads: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(client.try_clone().ok()?);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        (reader.read_line(&mut head).ok()? > 0).then_some(())?;
    }
    heads.lock().unwrap().push(head.clone());
    let mut server = TcpStream::connect(behind).ok()?;
    if head.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
    } else {
        // The absolute form of the target is one that servers take.
        server.write_all(head.as_bytes()).ok()?;
    }
    let mut to_server = server.try_clone().ok()?;
    thread::spawn(move || {
        let _ended = std::io::copy(&mut reader, &mut to_server);
        to_server.shutdown(Shutdown::Write)
    });
    std::io::copy(&mut server, &mut client).ok()?;
    client.shutdown(Shutdown::Both).ok()
}

/// Serves each connection of a port by a task, on a thread that ends with the process.
fn serve_in_background<F, T>(
    listener: TcpListener,
    serve: impl Fn(tokio::net::TcpStream) -> F + Send + 'static,
) where
    F: Future<Output = std::io::Result<T>> + Send + 'static,
{
    listener.set_nonblocking(true).unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let served = serve(client);
                telemetry_core::spawn(async move {
                    let _ended = served.await;
                });
            }
        });
    });
}

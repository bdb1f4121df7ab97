//! A port that lets one protocol through to a collector.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use otlp_test_collector::{Collector, Protocol};

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

//! A client that says what it wants: bytes, and frames that no library would send.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::soon;

/// A frame that the server sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The first byte: FIN, reserved bits and opcode.
    pub(crate) head: u8,
    pub(crate) payload: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
}

impl Raw {
    /// Upgrades; panics when the server does not.
    pub(crate) async fn connect(address: SocketAddr, path: &str, headers: &str) -> Self {
        let (raw, head) = Self::request(address, path, headers).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        raw
    }

    /// Asks for an upgrade; gives the head of the response.
    pub(crate) async fn request(address: SocketAddr, path: &str, headers: &str) -> (Self, String) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon(stream.read_u8()).await.unwrap());
        }
        (Self { stream }, String::from_utf8(head).unwrap())
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        assert!(self.try_send(bytes).await);
    }

    /// Sends bytes; false when the server has closed.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Ends this half of the stream.
    pub(crate) async fn leave(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Reads one frame; `None` once the server has closed.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        soon(self.read_frame()).await.ok()
    }

    /// Reads until the server closes.
    pub(crate) async fn to_end(&mut self) -> Vec<Frame> {
        let mut frames = Vec::new();
        while let Some(frame) = self.next().await {
            frames.push(frame);
        }
        frames
    }

    async fn read_frame(&mut self) -> std::io::Result<Frame> {
        let head = self.stream.read_u8().await?;
        let length = match self.stream.read_u8().await? {
            126 => self.stream.read_u16().await?.into(),
            127 => self.stream.read_u64().await?,
            length => length.into(),
        };
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.stream.read_exact(&mut payload).await?;
        Ok(Frame { head, payload })
    }
}

/// A frame as a client sends it, with any first byte.
pub(crate) fn masked(head: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![head];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        length => match u16::try_from(length) {
            Ok(length) => {
                bytes.push(0x80 | 126);
                bytes.extend(length.to_be_bytes());
            }
            Err(_) => {
                bytes.push(0x80 | 127);
                bytes.extend((length as u64).to_be_bytes());
            }
        },
    }
    bytes.extend(mask);
    let payload = payload.iter().enumerate();
    bytes.extend(payload.map(|(at, byte)| byte ^ mask[at % 4]));
    bytes
}

/// A frame of the server's.
pub(crate) fn frame(head: u8, payload: &[u8]) -> Frame {
    Frame {
        head,
        payload: payload.to_vec(),
    }
}

/// The server's close frame with a code and no reason.
pub(crate) fn close(code: u16) -> Frame {
    frame(0x88, &code.to_be_bytes())
}

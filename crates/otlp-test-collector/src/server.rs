//! The collector's thread: accepting connections and changing the behaviour.

use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Handle};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

use crate::behaviour::Behaviour;
use crate::connection::Connection;
use crate::store::Store;

/// Backlog of connections that wait to be accepted.
const BACKLOG: u32 = 128;

/// A change of behaviour, and whom to tell when it is done.
pub(crate) type Change = (Behaviour, Sender<io::Result<()>>);

/// Where the server is, and its runtime.
pub(crate) type Started = (SocketAddr, Handle);

/// Serves until the other end of `changes` is dropped.
pub(crate) fn run(
    store: &Arc<Store>,
    changes: UnboundedReceiver<Change>,
    started: &Sender<io::Result<Started>>,
) {
    // Nobody waits any more if the receiver is gone.
    let tell = |result| drop(started.send(result));
    let runtime = match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tell(Err(error)),
    };
    runtime.block_on(async {
        match Server::bind(Arc::clone(store)) {
            Ok(mut server) => {
                tell(Ok((server.address, Handle::current())));
                server.serve(changes).await;
            }
            Err(error) => tell(Err(error)),
        }
    });
}

struct Server {
    address: SocketAddr,
    door: Door,
    connections: JoinSet<()>,
    store: Arc<Store>,
}

impl Server {
    fn bind(store: Arc<Store>) -> io::Result<Self> {
        let door = Door::bind((Ipv4Addr::LOCALHOST, 0).into())?.open()?;
        Ok(Self {
            address: door.address()?,
            door,
            connections: JoinSet::new(),
            store,
        })
    }

    async fn serve(&mut self, mut changes: UnboundedReceiver<Change>) {
        loop {
            tokio::select! {
                biased;
                change = changes.recv() => {
                    let Some((behaviour, done)) = change else { return };
                    let result = self.change(behaviour).await;
                    // The test may have stopped waiting.
                    drop(done.send(result));
                }
                Some(_ended) = self.connections.join_next() => {}
                (stream, peer) = self.door.accept() => {
                    let store = Arc::clone(&self.store);
                    self.connections.spawn(Connection::serve(stream, peer, store));
                }
            }
        }
    }

    async fn change(&mut self, behaviour: Behaviour) -> io::Result<()> {
        let refuses = behaviour == Behaviour::Refuse;
        let was_silent = *self.store.behaviour() == Behaviour::BlackHole;
        if refuses {
            self.door.shut(self.address)?;
        }
        // Half an answer may have been swallowed, so that a connection cannot be used again.
        if refuses || was_silent && behaviour != Behaviour::BlackHole {
            self.connections.shutdown().await;
        }
        self.store.set_behaviour(behaviour);
        if !refuses {
            self.door.reopen()?;
        }
        Ok(())
    }
}

/// The port: listened to, or kept from others without listening, which refuses connections.
enum Door {
    Open(TcpListener),
    Shut(Option<TcpSocket>),
}

impl Door {
    fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Connections that have just been closed do not keep the port.
        socket.set_reuseaddr(true)?;
        // The next socket is there before this one goes, so that nobody takes the port.
        #[cfg(unix)]
        socket.set_reuseport(true)?;
        socket.bind(address)?;
        Ok(Self::Shut(Some(socket)))
    }

    fn open(self) -> io::Result<Self> {
        match self {
            Self::Shut(Some(socket)) => Ok(Self::Open(socket.listen(BACKLOG)?)),
            Self::Shut(None) => Err(io::Error::other("the port has been lost")),
            Self::Open(_) => Ok(self),
        }
    }

    fn shut(&mut self, address: SocketAddr) -> io::Result<()> {
        if matches!(self, Self::Open(_)) {
            #[cfg(not(unix))]
            {
                *self = Self::Shut(None);
            }
            *self = Self::bind(address)?;
        }
        Ok(())
    }

    fn reopen(&mut self) -> io::Result<()> {
        *self = std::mem::replace(self, Self::Shut(None)).open()?;
        Ok(())
    }

    fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Open(listener) => listener.local_addr(),
            Self::Shut(_) => Err(io::Error::other("nothing is listened to")),
        }
    }

    async fn accept(&self) -> (TcpStream, SocketAddr) {
        let Self::Open(listener) = self else {
            return pending().await;
        };
        loop {
            match listener.accept().await {
                Ok(accepted) => return accepted,
                // The client has left again, or there are too many open files for now.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }
}

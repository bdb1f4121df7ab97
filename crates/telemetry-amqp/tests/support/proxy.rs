//! A way to the broker that can be cut.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What becomes of connections, old and new.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    Open,
    /// Whatever the broker says is held back.
    Silent,
    /// Connections are cut as soon as they come.
    Cut,
}

/// What is set, and how often all connections were to be cut.
type State = (Way, u32);

/// Passes on connections to another address, on a port of its own. Ends when it is dropped.
pub(crate) struct Proxy {
    pub(crate) address: String,
    state: watch::Sender<State>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    pub(crate) async fn start(to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, state) = watch::channel((Way::Open, 0));
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, to.to_owned(), state));
        Self {
            address,
            state: sender,
            _tasks: tasks,
        }
    }

    pub(crate) fn set(&self, way: Way) {
        self.state.send_modify(|state| {
            state.0 = way;
            state.1 += u32::from(way == Way::Cut);
        });
    }

    /// Cuts all connections, and lets new ones through.
    pub(crate) fn cut(&self) {
        self.set(Way::Cut);
        self.set(Way::Open);
    }
}

async fn accept(listener: TcpListener, to: String, state: watch::Receiver<State>) {
    let mut connections = JoinSet::new();
    loop {
        let (client, _) = listener.accept().await.unwrap();
        let (way, cuts) = *state.borrow();
        if way != Way::Cut
            && let Ok(server) = TcpStream::connect(&to).await
        {
            connections.spawn(pass(client, server, state.clone(), cuts));
        }
    }
}

async fn pass(client: TcpStream, server: TcpStream, state: watch::Receiver<State>, cuts: u32) {
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut cut = state.clone();
    tokio::select! {
        biased;
        _ = cut.wait_for(|state| state.1 != cuts) => {}
        () = copy(from_client, to_server, None) => {}
        () = copy(from_server, to_client, Some(state)) => {}
    }
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: Option<watch::Receiver<State>>,
) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        if let Some(state) = &mut state {
            let _gone = state.wait_for(|state| state.0 != Way::Silent).await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}

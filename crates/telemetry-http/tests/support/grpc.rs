//! A gRPC service, its server and its client, for both binaries of tests.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::http::uri::PathAndQuery;
use futures_util::{Stream, StreamExt as _, stream};
use http::Request;
use telemetry_http::HttpTelemetryLayer;
use tokio::net::TcpListener;
use tonic::server::NamedService;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};

/// The message of all calls: what is asked for, or answered.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Note {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
}

impl Note {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// Asks for a status.
    pub(crate) fn asking(code: Code, message: &str) -> Self {
        Self::new(format!("{}:{message}", i32::from(code)))
    }

    /// The status that is asked for.
    fn status(&self) -> Result<(), Status> {
        match self.text.split_once(':') {
            Some((code, message)) => Err(Status::new(
                Code::from(code.parse::<i32>().unwrap()),
                message,
            )),
            None => Ok(()),
        }
    }
}

type Notes = Pin<Box<dyn Stream<Item = Result<Note, Status>> + Send>>;

/// Answers as it is asked to: with one note or two, and then with a status.
#[derive(Clone)]
pub(crate) struct Scores;

impl Scores {
    pub(crate) const GET: &str = "/test.Scores/Get";
    pub(crate) const LIST: &str = "/test.Scores/List";
    pub(crate) const ADD: &str = "/test.Scores/Add";
    pub(crate) const CHAT: &str = "/test.Scores/Chat";
    pub(crate) const WAIT: &str = "/test.Scores/Wait";
    pub(crate) const PANIC: &str = "/test.Scores/Panic";

    async fn get(request: tonic::Request<Note>) -> Result<Response<Note>, Status> {
        request.get_ref().status()?;
        Ok(Response::new(Note::new("got")))
    }

    async fn list(request: tonic::Request<Note>) -> Result<Response<Notes>, Status> {
        let status = request.get_ref().status();
        let end = status.map(|()| Note::new("end"));
        let notes = [Ok(Note::new("one")), Ok(Note::new("two")), end];
        Ok(Response::new(Box::pin(stream::iter(notes))))
    }

    async fn add(request: tonic::Request<Streaming<Note>>) -> Result<Response<Note>, Status> {
        let mut notes = request.into_inner();
        let mut count = 0;
        while let Some(note) = notes.message().await? {
            note.status()?;
            count += 1;
        }
        Ok(Response::new(Note::new(count.to_string())))
    }

    async fn chat(request: tonic::Request<Streaming<Note>>) -> Result<Response<Notes>, Status> {
        let answers = request.into_inner().map(|note| {
            let note = note?;
            note.status()?;
            Ok(note)
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn wait(_: tonic::Request<Note>) -> Result<Response<Notes>, Status> {
        let one = stream::once(async { Ok(Note::new("one")) });
        Ok(Response::new(Box::pin(one.chain(stream::pending()))))
    }
}

impl NamedService for Scores {
    const NAME: &'static str = "test.Scores";
}

impl Service<Request<tonic::body::Body>> for Scores {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let mut grpc = tonic::server::Grpc::new(ProstCodec::<Note, Note>::default());
        Box::pin(async move {
            Ok(match request.uri().path() {
                Self::GET => grpc.unary(service_fn(Self::get), request).await,
                Self::LIST => grpc.server_streaming(service_fn(Self::list), request).await,
                Self::ADD => grpc.client_streaming(service_fn(Self::add), request).await,
                Self::CHAT => grpc.streaming(service_fn(Self::chat), request).await,
                Self::WAIT => grpc.server_streaming(service_fn(Self::wait), request).await,
                Self::PANIC => panic!("on purpose"),
                _ => Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Serves as tonic does, on a port of its own until the test's runtime ends.
pub(crate) async fn serve(layer: HttpTelemetryLayer) -> SocketAddr {
    let (listener, address) = listen().await;
    let server = Server::builder().layer(layer).add_service(Scores);
    let incoming = TcpIncoming::from(listener);
    telemetry_core::spawn(async move { server.serve_with_incoming(incoming).await });
    address
}

/// Serves a router, which may have gRPC among its routes, as axum does.
pub(crate) async fn serve_router(router: Router) -> SocketAddr {
    let (listener, address) = listen().await;
    telemetry_core::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A client of a gRPC server.
pub(crate) struct Client(tonic::client::Grpc<Channel>);

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        Self(tonic::client::Grpc::new(endpoint.connect_lazy()))
    }

    fn codec() -> ProstCodec<Note, Note> {
        ProstCodec::default()
    }

    /// Sends one note, and gets one or a status.
    pub(crate) async fn unary(&mut self, method: &'static str, note: Note) -> Result<Note, Status> {
        self.0.ready().await.unwrap();
        let (request, path) = (tonic::Request::new(note), PathAndQuery::from_static(method));
        let response = self.0.unary(request, path, Self::codec()).await?;
        Ok(response.into_inner())
    }

    /// Sends one note, and gets as many as come, which end with a status.
    pub(crate) async fn server_streaming(
        &mut self,
        method: &'static str,
        note: Note,
    ) -> Result<Streaming<Note>, Status> {
        self.0.ready().await.unwrap();
        let (request, path) = (tonic::Request::new(note), PathAndQuery::from_static(method));
        let response = self
            .0
            .server_streaming(request, path, Self::codec())
            .await?;
        Ok(response.into_inner())
    }

    /// Sends some notes, and gets one or a status.
    pub(crate) async fn client_streaming(
        &mut self,
        method: &'static str,
        notes: Vec<Note>,
    ) -> Result<Note, Status> {
        self.0.ready().await.unwrap();
        let request = tonic::Request::new(stream::iter(notes));
        let path = PathAndQuery::from_static(method);
        let response = self
            .0
            .client_streaming(request, path, Self::codec())
            .await?;
        Ok(response.into_inner())
    }

    /// Sends some notes, and gets as many as come.
    pub(crate) async fn streaming(
        &mut self,
        method: &'static str,
        notes: Vec<Note>,
    ) -> Result<Streaming<Note>, Status> {
        self.0.ready().await.unwrap();
        let request = tonic::Request::new(stream::iter(notes));
        let path = PathAndQuery::from_static(method);
        let response = self.0.streaming(request, path, Self::codec()).await?;
        Ok(response.into_inner())
    }
}

/// The texts of a stream of notes, and the status that it ended with.
pub(crate) async fn read(mut notes: Streaming<Note>) -> (Vec<String>, Code) {
    let mut texts = Vec::new();
    loop {
        match notes.message().await {
            Ok(Some(note)) => texts.push(note.text),
            Ok(None) => return (texts, Code::Ok),
            Err(status) => return (texts, status.code()),
        }
    }
}

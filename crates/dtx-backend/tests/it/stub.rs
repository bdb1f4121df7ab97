//! Another service, such as Steam.

use std::future::pending;
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::program::PATIENCE;

/// A service that answers as the test says, and keeps all requests.
#[derive(Clone, Debug)]
pub(crate) struct Stub {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<Received>>>,
    count: watch::Sender<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) target: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: String,
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Json(Value),
    Failure,
    /// Not at all.
    Silence,
    /// With JSON, once the test says so.
    Later(Value, watch::Receiver<bool>),
}

impl Stub {
    /// Answers all requests alike.
    pub(crate) async fn answering(answer: Value) -> Self {
        Self::start(move |_| Reply::Json(answer.clone())).await
    }

    /// Answers each request as `reply` says, which is told how many there were before.
    pub(crate) async fn start(
        reply: impl Fn(usize) -> Reply + Clone + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stub = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            requests: Arc::default(),
            count: watch::Sender::default(),
        };
        let service = stub.clone();
        let router = Router::new().fallback(any(async move |request: Request| {
            let before = service.keep(request).await;
            answer(reply(before)).await
        }));
        telemetry_core::spawn(async { axum::serve(listener, router).await });
        stub
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until there were so many requests.
    pub(crate) async fn requested(&self, times: usize) {
        let mut count = self.count.subscribe();
        let reached = count.wait_for(|count| *count >= times);
        timeout(PATIENCE, reached).await.unwrap().unwrap();
    }

    async fn keep(&self, request: Request) -> usize {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let before = {
            let mut requests = self.requests.lock().unwrap();
            requests.push(Received {
                target: head.uri.to_string(),
                headers: head.headers,
                body: String::from_utf8(body.to_vec()).unwrap(),
            });
            requests.len() - 1
        };
        self.count.send_replace(before + 1);
        before
    }
}

async fn answer(reply: Reply) -> Response {
    match reply {
        Reply::Json(answer) => Json(answer).into_response(),
        Reply::Failure => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Reply::Silence => pending().await,
        Reply::Later(answer, mut may) => {
            may.wait_for(|may| *may).await.unwrap();
            Json(answer).into_response()
        }
    }
}

//! Somebody who sends requests to a site.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Sends requests, with the cookie of its session once it is logged in.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) router: Router,
    pub(crate) cookie: Option<String>,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Null when the body is empty or no JSON.
    pub(crate) body: Value,
    pub(crate) text: String,
}

impl Client {
    pub(crate) fn new(router: Router) -> Self {
        Self {
            router,
            cookie: None,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send_request(request.unwrap()).await
    }

    /// Sends any request, and looks at what holds for every answer: it has a request id,
    /// and what goes wrong is told in JSON.
    pub(crate) async fn send_request(&self, mut request: Request<Body>) -> Answer {
        if let Some(cookie) = &self.cookie {
            let cookie = cookie.parse().unwrap();
            request.headers_mut().insert(header::COOKIE, cookie);
        }
        let what = format!("{} {}", request.method(), request.uri());
        let is_head = request.method() == Method::HEAD;
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let answer = Answer {
            status: head.status,
            headers: head.headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        };
        assert!(
            answer.header("x-request-id").is_some(),
            "{what}: {answer:?}"
        );
        if answer.status.as_u16() >= 400 && !is_head {
            answer.assert_is_error();
        }
        answer
    }

    /// Signs up and logs in.
    pub(crate) async fn sign_up(mut self, username: &str) -> Self {
        let password = "first-pick-roshan";
        let user = json!({"username": username, "password": password});
        self.post("/api/users/", user).await.assert_status(201);
        self.log_in(username, password).await;
        self
    }

    /// Logs in, and keeps the cookie.
    pub(crate) async fn log_in(&mut self, username: &str, password: &str) {
        let credentials = json!({"username": username, "password": password});
        let answer = self.post("/api/login/", credentials).await;
        let cookie = answer.assert_status(200).header("set-cookie").unwrap();
        self.cookie = cookie.split(';').next().map(str::to_owned);
    }

    /// Creates a record; its id.
    pub(crate) async fn create(&self, path: &str, body: Value) -> i64 {
        let answer = self.post(path, body).await;
        answer.assert_status(201).body["id"].as_i64().unwrap()
    }
}

impl Answer {
    #[track_caller]
    pub(crate) fn assert_status(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        self
    }

    /// Looks for an error of this status and code.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, code: &str) -> &Self {
        self.assert_status(status).assert_is_error();
        assert_eq!(self.body["error"]["code"], code, "{self:?}");
        self
    }

    /// Looks for an invalid field with this problem.
    #[track_caller]
    pub(crate) fn assert_invalid(&self, field: &str, problem: &str) -> &Self {
        self.assert_error(422, "invalid");
        let problems = &self.body["error"]["fields"][field];
        assert_eq!(*problems, json!([problem]), "{self:?}");
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    fn assert_is_error(&self) {
        assert_eq!(self.header("content-type"), Some("application/json"));
        let error = &self.body["error"];
        assert!(error["code"].is_string(), "{self:?}");
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{self:?}"
        );
        let fields = error.get("fields").is_some();
        assert_eq!(fields, self.status == 422, "{self:?}");
    }
}

//! An empty request, as the exporters would send it.

use bytes::Bytes;
use tokio::time::timeout;

use crate::config::{NetworkSettings, OtlpSettings, Protocol, Signal, with_path};
use crate::exporter::{ExportError, Transport, decode_empty_answer, encode_empty};

/// What is sent where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt<'a> {
    pub(super) settings: &'a OtlpSettings,
    pub(super) signal: Signal,
    pub(super) network: &'a NetworkSettings,
}

/// Why it was not accepted.
#[derive(Debug)]
pub(super) enum RequestFailure {
    /// The settings cannot be used.
    Settings(String),
    Export {
        error: ExportError,
        /// The other protocol, if the port speaks that and not the one of the settings.
        speaks: Option<Protocol>,
    },
}

impl Attempt<'_> {
    /// Sends one, and checks that it is accepted within the time that an export may take.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub(super) async fn send(self) -> Result<(), RequestFailure> {
        let error = match self.send_once().await? {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let mut speaks = None;
        if let ExportError::Protocol { protocol, .. } = &error {
            let other = other(*protocol);
            speaks = self.answers_by(other).await.then_some(other);
        }
        Err(RequestFailure::Export { error, speaks })
    }

    async fn send_once(self) -> Result<Result<(), ExportError>, RequestFailure> {
        let settings = self.settings;
        let transport = Transport::new(settings, self.signal, self.network).map_err(|error| {
            RequestFailure::Settings(telemetry_core::error_chain::sentence(&error))
        })?;
        let request = Bytes::from_static(encode_empty(settings.protocol()));
        let answer = timeout(settings.timeout(), transport.send(request)).await;
        Ok(match answer {
            Ok(Ok(answer)) => decode_empty_answer(self.signal, &answer, settings.protocol()),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(ExportError::TimedOut(settings.timeout())),
        })
    }

    /// Says whether the port answers in another protocol, be it with an error.
    async fn answers_by(self, protocol: Protocol) -> bool {
        let mut settings = self.settings.clone();
        settings.protocol = protocol;
        if protocol.is_http() && settings.endpoint.path() == "/" {
            settings.endpoint = with_path(&settings.endpoint, self.signal.path());
        }
        let attempt = Attempt {
            settings: &settings,
            ..self
        };
        matches!(
            attempt.send_once().await,
            Ok(Ok(()) | Err(ExportError::Http { .. } | ExportError::Grpc { .. }))
        )
    }
}

fn other(protocol: Protocol) -> Protocol {
    match protocol {
        Protocol::Grpc => Protocol::HttpProtobuf,
        Protocol::HttpProtobuf | Protocol::HttpJson => Protocol::Grpc,
    }
}

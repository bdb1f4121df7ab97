//! Whether a collector takes a signal: name, connection, request.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use telemetry_core::milliseconds;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use crate::config::{NetworkSettings, OtlpSettings, PrometheusAddress};
use crate::doctor::advice::{self, Failure};
use crate::doctor::report::SignalReport;
use crate::doctor::request::{Attempt, RequestFailure};
use crate::exporter::{self, ExportError};

/// Goes as far as it can in this time, and writes down how far that was.
pub(super) async fn check(
    settings: &OtlpSettings,
    network: &NetworkSettings,
    limit: Duration,
    report: &mut SignalReport,
) {
    let mut step = Step::Resolve;
    let steps = steps(settings, network, report, &mut step);
    let result = timeout(limit, steps).await;
    let failure = match result {
        Ok(Ok(())) => return,
        Ok(Err(failure)) => failure,
        Err(_) => Failure::TimedOut { step, limit },
    };
    report.problem = Some(failure.to_string());
    report.advice = Some(advice::advice(&failure, settings, report.signal));
}

/// Finds out whether Prometheus can fetch metrics. A port that is taken may be so by the very program
/// that is examined.
pub(super) fn check_prometheus(address: &PrometheusAddress, report: &mut SignalReport) {
    match exporter::check_prometheus(address) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let step = format!("{address} is taken: by this program, if it runs");
            report.steps.push(step);
        }
        Err(error) => {
            report.problem = Some(format!("cannot listen on {address}: {error}"));
            let advice = "Check OTEL_EXPORTER_PROMETHEUS_HOST: it is a name or an address of this \
                          machine, 0.0.0.0 for all.";
            report.advice = Some(advice.to_owned());
        }
    }
}

/// What is under way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Resolve,
    Connect,
    Send,
}

async fn steps(
    settings: &OtlpSettings,
    network: &NetworkSettings,
    report: &mut SignalReport,
    step: &mut Step,
) -> Result<(), Failure> {
    let (mut host, mut port) = host_and_port(settings);
    if let Some(proxy) = network.proxy_for(settings.endpoint()) {
        host = proxy.uri().host().unwrap_or_default().to_owned();
        port = proxy.uri().port_u16().unwrap_or(80);
        report.steps.push(format!(
            "the connection goes through the proxy {host}:{port}"
        ));
    }
    let addresses = resolve(&host, port).await?;
    let shown: Vec<_> = addresses.iter().map(|to| to.ip().to_string()).collect();
    report.steps.push(format!("{host} is {}", shown.join(", ")));

    *step = Step::Connect;
    let begun = Instant::now();
    let address = connect(&addresses).await?;
    let took = milliseconds(begun.elapsed());
    report
        .steps
        .push(format!("connected to {address} in {took} ms"));

    *step = Step::Send;
    let begun = Instant::now();
    let attempt = Attempt {
        settings,
        signal: report.signal,
        network,
    };
    attempt.send().await.map_err(|failure| match failure {
        RequestFailure::Settings(error) => Failure::Settings(error),
        RequestFailure::Export {
            error: ExportError::TimedOut(limit),
            ..
        } => Failure::TimedOut {
            step: Step::Send,
            limit,
        },
        RequestFailure::Export { error, speaks } => Failure::Export { error, speaks },
    })?;
    let took = milliseconds(begun.elapsed());
    report
        .steps
        .push(format!("an empty request was accepted in {took} ms"));
    Ok(())
}

pub(super) fn host_and_port(settings: &OtlpSettings) -> (String, u16) {
    let endpoint = &settings.endpoint;
    let host = endpoint.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let by_scheme = if endpoint.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    (host.to_owned(), endpoint.port_u16().unwrap_or(by_scheme))
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let failed = |error: io::Error| Failure::Resolve {
        host: host.to_owned(),
        error: error.to_string(),
    };
    let mut addresses = Vec::new();
    for address in lookup_host((host, port)).await.map_err(failed)? {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// Connects to the first address that lets it; the failure of the last.
async fn connect(addresses: &[SocketAddr]) -> Result<SocketAddr, Failure> {
    let mut failure = Failure::Resolve {
        host: String::new(),
        error: "it has no address".to_owned(),
    };
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(_) => return Ok(*address),
            Err(error) => {
                failure = Failure::Connect {
                    address: *address,
                    is_refused: error.kind() == io::ErrorKind::ConnectionRefused,
                    error: error.to_string(),
                }
            }
        }
    }
    Err(failure)
}

//! A broker that is not there, and what is shown of it.

use std::time::Duration;

use telemetry_amqp::{Broker, BrokerBuilder, Message, PublishError};
use telemetry_core::testing::capture_logs;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::place::{PATIENCE, until};

const HOUR: Duration = Duration::from_secs(3600);

fn message() -> Message {
    Message::new("", "nobody", "a")
}

/// A broker at a port where nobody listens.
fn nowhere() -> BrokerBuilder {
    Broker::builder("amqp://ann:s3cret@127.0.0.1:1/%2f")
}

#[tokio::test]
async fn publishing_without_a_broker_fails_at_once() {
    let logs = capture_logs();
    // Whoever waits for the next attempt, or for the end of its time, waits for an hour.
    let broker = nowhere()
        .with_backoff(HOUR, HOUR)
        .with_publish_timeout(HOUR);
    let broker = broker.build().unwrap();
    for _ in 0..10 {
        let publishing = timeout(PATIENCE, broker.publish(message()));
        let error = publishing.await.unwrap().unwrap_err();
        assert!(matches!(error, PublishError::Away(_)), "{error:?}");
        assert_eq!(error.to_string(), "the broker is away");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains("Connection refused"), "{source}");
    }
    let told = logs.single("broker_disconnected");
    assert_eq!(told.level, tracing::Level::WARN);
    assert_eq!(told["broker"], "127.0.0.1:1/");
    assert!(told["error"].to_string().contains("Connection refused"));
}

#[tokio::test]
async fn an_outage_is_told_once_however_often_it_is_tried_again() {
    let logs = capture_logs();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let broker = Broker::builder(format!("amqp://{address}/%2f"));
    let broker = broker.with_backoff(Duration::from_millis(1), Duration::from_millis(5));
    let broker = broker.build().unwrap();
    let hanging_up = async {
        for _ in 0..5 {
            listener.accept().await.unwrap();
        }
    };
    let (result, ()) = tokio::join!(broker.publish(message()), hanging_up);
    result.unwrap_err();
    assert_eq!(logs.named("broker_disconnected").len(), 1);
    assert_eq!(logs.named("broker_connected").len(), 0);
}

#[tokio::test]
async fn a_broker_that_never_answers_is_away_within_the_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let broker = Broker::builder(format!("amqp://{address}/%2f"))
        .with_connect_timeout(Duration::from_millis(200))
        .with_publish_timeout(HOUR)
        .build()
        .unwrap();
    let error = timeout(PATIENCE, broker.publish(message())).await;
    let error = error.unwrap().unwrap_err();
    assert!(matches!(error, PublishError::Away(_)), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_never_answers_is_hung_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let broker = Broker::builder(format!("amqp://{address}/%2f"))
        .with_connect_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let silent = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        socket.read_to_end(&mut read).await.unwrap();
        read
    };
    let both = async { tokio::join!(broker.publish(message()), silent) };
    let (result, read) = timeout(PATIENCE, both).await.unwrap();
    result.unwrap_err();
    assert_eq!(read, b"AMQP\0\0\x09\x01");
}

#[tokio::test]
async fn publishing_is_bounded_by_its_own_time_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let broker = Broker::builder(format!("amqp://{address}/%2f"))
        .with_publish_timeout(Duration::from_millis(100))
        .build()
        .unwrap();
    let error = broker.publish(message()).await.unwrap_err();
    assert!(matches!(error, PublishError::TimedOut(_)), "{error:?}");
    let told = "the broker did not confirm the message within 100ms";
    assert_eq!(error.to_string(), told);
}

#[tokio::test]
async fn a_connection_is_given_up_with_the_last_handle() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let broker = Broker::builder(format!("amqp://{address}/%2f"));
    let broker = broker.with_backoff(Duration::from_millis(1), Duration::from_millis(1));
    let broker = broker.build().unwrap();
    let other = broker.clone();
    let hanging_up = async { drop(listener.accept().await.unwrap()) };
    let (result, ()) = tokio::join!(broker.publish(message()), hanging_up);
    result.unwrap_err();
    drop(broker);
    listener.accept().await.unwrap();
    drop(other);
    // What was begun before comes still.
    let is_silent = async || {
        let next = timeout(Duration::from_millis(200), listener.accept());
        next.await.is_err()
    };
    until(is_silent).await;
}

#[tokio::test]
async fn a_password_is_never_shown() {
    let logs = capture_logs();
    let builder = nowhere();
    let mut shown = format!("{builder:?}");
    let broker = builder.build().unwrap();
    let error = broker.publish(message()).await.unwrap_err();
    let consumer = broker.consume("bot");
    shown += &format!("{broker:?} {consumer:?} {error:?} {error} {}", logs.text());
    for url in [
        "amqp:ann:s3cret@127.0.0.1",
        "ann:s3cret@127.0.0.1:5672",
        "amqp://ann:s3cret@127.0.0.1:port/",
        "s3cret",
        "",
    ] {
        let error = Broker::builder(url).build().unwrap_err();
        shown += &format!("{error:?} {error}");
    }
    assert!(!shown.contains("s3cret"), "{shown}");
}

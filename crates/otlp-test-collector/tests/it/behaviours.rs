//! What a client over HTTP/1 sees of each behaviour.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use otlp_test_collector::{Behaviour, Collector, Rejection};

use crate::raw::{answer, connect, is_silent, rest, send};

#[test]
fn a_connection_is_kept_for_further_requests() {
    let collector = Collector::start();
    let mut client = connect(&collector);
    for _ in 0..2 {
        send(&mut client);
        assert!(answer(&mut client).starts_with("HTTP/1.1 200 OK\r\n"));
    }
    assert_eq!(
        (collector.connections(), collector.requests().len()),
        (1, 2)
    );
    assert_eq!(collector.open_connections(), 1);
    drop(client);
    collector.wait_for(|collector| (collector.open_connections() == 0).then_some(()));
}

#[test]
fn refusing_closes_connections_and_takes_no_new_ones() {
    let collector = Collector::start();
    let mut client = connect(&collector);
    send(&mut client);
    answer(&mut client);

    collector.set_behaviour(Behaviour::Refuse);
    assert_eq!(rest(&mut client), b"");
    assert_eq!(collector.open_connections(), 0);
    let refused = TcpStream::connect(collector.address()).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn after_refusing_it_comes_back_on_the_same_port() {
    let collector = Collector::start();
    let address = collector.address();
    for round in 1..=3 {
        // A connection that is open each time must not keep the port.
        let mut client = connect(&collector);
        send(&mut client);
        answer(&mut client);
        collector.set_behaviour(Behaviour::Refuse);
        collector.set_behaviour(Behaviour::Refuse);
        TcpStream::connect(address).unwrap_err();
        collector.set_behaviour(Behaviour::Accept);
        assert_eq!(collector.requests().len(), round);
    }
    let mut client = connect(&collector);
    send(&mut client);
    assert!(answer(&mut client).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn refusing_leaves_a_request_under_way_without_an_answer() {
    let collector = Collector::start();
    collector.set_behaviour(Behaviour::Delay(Duration::from_secs(3600)));
    let mut client = connect(&collector);
    send(&mut client);
    collector.wait_for_requests(1);
    collector.set_behaviour(Behaviour::Refuse);
    assert_eq!(rest(&mut client), b"");
}

#[test]
fn a_black_hole_takes_requests_and_says_nothing() {
    let collector = Collector::start();
    let mut old = connect(&collector);
    send(&mut old);
    answer(&mut old);

    collector.set_behaviour(Behaviour::BlackHole);
    let mut new = connect(&collector);
    send(&mut old);
    send(&mut new);
    let requests = collector.wait_for_requests(3);
    assert_eq!(
        requests.iter().filter(|request| request.accepted).count(),
        1
    );
    assert!(is_silent(&mut old) && is_silent(&mut new));
    assert_eq!(collector.connections(), 2);

    collector.set_behaviour(Behaviour::Accept);
    assert_eq!((rest(&mut old), rest(&mut new)), (vec![], vec![]));
    let mut client = connect(&collector);
    send(&mut client);
    assert!(answer(&mut client).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn a_black_hole_does_not_even_greet_over_http2() {
    let collector = Collector::start();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    let mut client = connect(&collector);
    client.write_all(preface).unwrap();
    assert_eq!(client.read(&mut [0; 9]).unwrap(), 9);

    collector.set_behaviour(Behaviour::BlackHole);
    let mut client = connect(&collector);
    client.write_all(preface).unwrap();
    assert!(is_silent(&mut client));
}

#[test]
fn a_black_hole_swallows_an_answer_under_way() {
    let collector = Collector::start();
    collector.set_behaviour(Behaviour::Delay(Duration::from_secs(3600)));
    let mut client = connect(&collector);
    send(&mut client);
    collector.wait_for_requests(1);
    // The change ends the delay.
    collector.set_behaviour(Behaviour::BlackHole);
    assert!(is_silent(&mut client));
}

#[test]
fn rejections_have_their_status_and_say_when_to_try_again() {
    let collector = Collector::start();
    let mut client = connect(&collector);
    for (rejection, line) in [
        (Rejection::unavailable(), "HTTP/1.1 503 Service Unavailable"),
        (Rejection::status(400), "HTTP/1.1 400 Bad Request"),
        (
            Rejection::status(401).with_message("who?"),
            "HTTP/1.1 401 Unauthorized",
        ),
    ] {
        collector.set_behaviour(Behaviour::Reject(rejection.clone()));
        send(&mut client);
        let answer = answer(&mut client);
        assert!(answer.starts_with(line), "{answer}");
        assert!(answer.contains(&rejection.message), "{answer}");
        assert!(!answer.contains("retry-after"), "{answer}");
    }

    let wait = Duration::from_millis(1500);
    collector.set_behaviour(Behaviour::Reject(Rejection::throttled(wait)));
    send(&mut client);
    let answer = answer(&mut client);
    assert!(
        answer.starts_with("HTTP/1.1 429 Too Many Requests"),
        "{answer}"
    );
    assert!(answer.contains("\r\nretry-after: 2\r\n"), "{answer}");
    assert_eq!(collector.connections(), 1);
    assert!(collector.requests().iter().all(|request| !request.accepted));
}

#[test]
fn garbage_is_no_http_and_ends_the_connection() {
    let collector = Collector::start();
    let mut old = connect(&collector);
    send(&mut old);
    answer(&mut old);
    collector.set_behaviour(Behaviour::Garbage);
    for client in [&mut old, &mut connect(&collector)] {
        send(client);
        assert_eq!(rest(client), [0xff; 64]);
    }
    assert_eq!(collector.requests().len(), 3);
}

#[test]
fn a_garbage_body_is_good_http() {
    let collector = Collector::start();
    collector.set_behaviour(Behaviour::GarbageBody);
    let mut client = connect(&collector);
    send(&mut client);
    let answer = answer(&mut client);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with(&"\u{fffd}".repeat(16)), "{answer}");
}

#[test]
fn a_truncated_answer_promises_more_than_it_has() {
    let collector = Collector::start();
    collector.set_behaviour(Behaviour::Truncate);
    let mut client = connect(&collector);
    send(&mut client);
    let answer = rest(&mut client);
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
    let text = String::from_utf8_lossy(&answer);
    assert!(text.contains("\r\ncontent-length: 64\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\n\x0a\x3e"), "{text}");
}

#[test]
fn a_delay_holds_the_answer_but_not_the_request() {
    let collector = Collector::start();
    let delay = Duration::from_millis(60);
    collector.set_behaviour(Behaviour::Delay(delay));
    let mut client = connect(&collector);
    let begin = Instant::now();
    send(&mut client);
    assert!(answer(&mut client).starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(begin.elapsed() >= delay);

    collector.set_behaviour(Behaviour::Delay(Duration::from_secs(3600)));
    send(&mut client);
    assert!(collector.wait_for_requests(2)[1].accepted);
    assert!(is_silent(&mut client));
    collector.set_behaviour(Behaviour::Accept);
    assert!(answer(&mut client).starts_with("HTTP/1.1 200 OK\r\n"));
}

#[test]
fn a_partial_success_says_how_many_were_rejected() {
    let collector = Collector::start();
    collector.set_behaviour(Behaviour::PartialSuccess { rejected: 3 });
    let mut client = connect(&collector);
    send(&mut client);
    let answer = answer(&mut client);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.ends_with("\x0a\x1e\x08\x03\x12\x1athe test asked to reject 3"),
        "{answer:?}"
    );
    assert!(collector.requests()[0].accepted);
}

#[test]
fn dropping_the_collector_closes_everything() {
    let collector = Collector::start();
    let address = collector.address();
    let mut client = connect(&collector);
    send(&mut client);
    answer(&mut client);
    drop(collector);
    assert_eq!(rest(&mut client), b"");
    TcpStream::connect(address).unwrap_err();
}

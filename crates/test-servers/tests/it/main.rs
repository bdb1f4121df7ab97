//! Servers that come, go and come back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use test_servers::{PostgresServer, RabbitMqServer, RedisServer};

/// One after the other, as the processes of all are beneath that of the test.
#[test]
fn each_ends_comes_back_where_it_was_and_leaves_no_process_behind() {
    goes_and_comes_back(
        PostgresServer::start,
        PostgresServer::url,
        PostgresServer::crash,
        PostgresServer::start_again,
    );
    goes_and_comes_back(
        RedisServer::start,
        RedisServer::url,
        RedisServer::crash,
        RedisServer::start_again,
    );
    goes_and_comes_back(
        RabbitMqServer::start,
        RabbitMqServer::url,
        RabbitMqServer::crash,
        RabbitMqServer::start_again,
    );
}

fn goes_and_comes_back<S>(
    start: fn() -> Option<S>,
    url: fn(&S) -> String,
    crash: fn(&S),
    start_again: fn(&S),
) {
    let Some(server) = start() else { return };
    let before = url(&server);
    assert!(answers(&before));
    crash(&server);
    assert!(!answers(&before));
    // It is down already.
    crash(&server);
    start_again(&server);
    assert_eq!(url(&server), before);
    assert!(answers(&before));
    let processes = beneath(std::process::id());
    assert!(!processes.is_empty());
    drop(server);
    assert!(!answers(&before));
    // Those that its process had started may take a moment.
    let begun = Instant::now();
    while let Some(id) = processes.iter().find(|id| is_there(**id)) {
        let status = fs::read_to_string(format!("/proc/{id}/status"));
        assert!(begun.elapsed() < Duration::from_secs(60), "{status:?}");
    }
}

fn answers(url: &str) -> bool {
    let server = url.split('/').nth(2).unwrap();
    TcpStream::connect(server.rsplit('@').next().unwrap()).is_ok()
}

/// The ids of the processes that this one has started, and those have.
fn beneath(id: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{id}/task"))
        .into_iter()
        .flatten();
    let children = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("children")));
    let mut all = Vec::new();
    for child in children.flatten().collect::<String>().split_whitespace() {
        let child = child.parse().unwrap();
        all.push(child);
        all.extend(beneath(child));
    }
    all
}

fn is_there(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"));
    // What nobody has waited for is a zombie.
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

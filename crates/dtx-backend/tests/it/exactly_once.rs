//! Each game goes to its next state once, and each event is announced once: however many daemons
//! there are, and whatever is away meanwhile.

use std::time::Duration;

use axum::http::Request;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::program::{PATIENCE, get, send};
use crate::stack::Stack;
use crate::watched::{Watched, count};

/// Looks whether each of these games was announced as about to begin and as begun, once each, and
/// nothing else was of any.
fn assert_announced_once(stack: &Stack, games: &[i64]) {
    let posts = stack.posts();
    for game in games {
        let begins = format!("Game **{game}** of tournament 1 begins at");
        let begun = format!("Game **{game}** has begun.");
        for text in [begins, begun] {
            assert_eq!(posts.get(&text), Some(&1), "{text}");
        }
    }
    let doubled: Vec<_> = posts.iter().filter(|(_, count)| **count > 1).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
}

/// The games of the tournament that is played, in order.
async fn games(stack: &Stack) -> Vec<i64> {
    let database = stack.database().await;
    database
        .ids("SELECT id FROM games WHERE tournament_id = 1 AND round = 900 ORDER BY id")
        .await
}

/// Waits until all that is due was announced, and nothing waits.
async fn all_is_told(stack: &Stack) {
    let database = stack.database().await;
    let left = async || {
        let mut left = Vec::new();
        for sql in [
            "SELECT COUNT(*) FROM games WHERE round = 900 AND state = 'scheduled'",
            "SELECT COUNT(*) FROM games WHERE round = 900 AND NOT EXISTS \
             (SELECT 1 FROM notifications WHERE game_id = games.id AND sent_at IS NOT NULL)",
            "SELECT COUNT(*) FROM outbox",
            "SELECT COUNT(*) FROM announcements WHERE announced_at IS NULL",
        ] {
            left.push(database.count(sql).await);
        }
        left
    };
    stack.until(vec![0; 4], left).await;
    let games = games(stack).await;
    let announced = async || {
        let posts = stack.posts();
        let announced = games.iter().filter(|game| {
            posts.contains_key(&format!("Game **{game}** has begun."))
                && posts.contains_key(&format!("Game **{game}** of tournament 1 begins at"))
        });
        announced.count()
    };
    stack.until(games.len(), announced).await;
}

async fn end_all(programs: impl IntoIterator<Item = Watched>) -> Vec<Vec<Value>> {
    let mut lines = Vec::new();
    for program in programs {
        lines.push(program.end().await);
    }
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_each_daemon_move_and_announce_a_thousand_games_once_each() {
    let Some(stack) = Stack::start(&[]).await else {
        return;
    };
    let roles = [
        "bot",
        "bot",
        "notifier",
        "notifier",
        "transitioner",
        "transitioner",
    ];
    let mut programs = Vec::new();
    for role in roles {
        programs.push(stack.play(role).await);
    }
    let insert = "INSERT INTO games (tournament_id, league_id, round, first_team_id, \
                  second_team_id, scheduled_at, created_at) \
                  SELECT 1, 1, 900, 1, 2, now(), now() FROM generate_series(1, 1000)";
    stack.database().await.execute(insert).await.unwrap();
    all_is_told(&stack).await;
    let games = games(&stack).await;
    assert_eq!(games.len(), 1000);
    assert_announced_once(&stack, &games);
    let lines = end_all(programs).await;
    let total = |event| lines.iter().map(|lines| count(lines, event)).sum::<usize>();
    assert_eq!(
        total("notification_sent"),
        1000 + total_of_others(&stack).await
    );
    assert_eq!(total("game_transitioned"), 1000);
    // Neither of two did everything.
    for (role, lines) in roles.iter().zip(&lines) {
        let event = match *role {
            "bot" => "event_announced",
            "notifier" => "notification_sent",
            _ => "game_transitioned",
        };
        assert!(count(lines, event) > 0, "a {role} did nothing");
    }
    stack.serve.end().await;
}

/// How many games of the sample data had a notice.
async fn total_of_others(stack: &Stack) -> usize {
    let database = stack.database().await;
    let others = "SELECT COUNT(*) FROM notifications JOIN games ON games.id = game_id \
                  WHERE round <> 900";
    usize::try_from(database.count(others).await).unwrap()
}

/// Creates games through the API that are due at once, one after the other, as long as anybody wants
/// to know how many were answered.
async fn create_games(url: String, cookie: String, answered: watch::Sender<usize>) {
    let game = json!({"tournament_id": 1, "round": 900, "first_team_id": 1, "second_team_id": 2});
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    while !answered.is_closed() {
        pace.tick().await;
        let request = Request::post(format!("{url}/api/games/"));
        let status = send(request, &cookie, &game).await.status().as_u16();
        // It is created, or the answer says that the database is away; nothing else.
        assert!([201, 503].contains(&status), "{status}");
        answered.send_modify(|count| *count += 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_go_and_come_back_under_load_lose_and_double_nothing() {
    let Some(stack) = Stack::start(&[]).await else {
        return;
    };
    let [bot, notifier, transitioner] = [
        stack.play("bot").await,
        stack.play("notifier").await,
        stack.play("transitioner").await,
    ];
    let (answers, mut answered) = watch::channel(0);
    let load = create_games(stack.url.clone(), stack.captain().await, answers);
    let load = telemetry_core::spawn(load);
    let mut more_requests = async |count: usize| {
        let so_far = *answered.borrow();
        let reached = answered.wait_for(|answered| *answered >= so_far + count);
        timeout(PATIENCE, reached).await.unwrap().unwrap();
    };
    let more_posts = async |count: usize| {
        let so_far = stack.posts().len();
        let reached = async || stack.posts().len() >= so_far + count;
        stack.until(true, reached).await;
    };
    more_posts(10).await;
    let told = (
        bot.tells("broker_disconnected"),
        stack.serve.tells("events_delayed"),
    );
    stack.broker.crash();
    tokio::join!(told.0, told.1, more_requests(40));
    stack.broker.start_again();
    more_posts(10).await;
    let told = stack.serve.tells("cache_unavailable");
    stack.redis.crash();
    tokio::join!(told, more_requests(40));
    stack.redis.start_again();
    more_posts(10).await;
    let told = (
        notifier.tells("cycle_failed"),
        transitioner.tells("cycle_failed"),
    );
    stack.postgres.crash();
    // Each request waits in vain for some time.
    tokio::join!(told.0, told.1, more_requests(3));
    stack.postgres.start_again();
    more_posts(10).await;
    drop(answered);
    load.await.unwrap();

    all_is_told(&stack).await;
    let games = games(&stack).await;
    assert!(games.len() > 40, "{}", games.len());
    assert_announced_once(&stack, &games);
    let posts = stack.posts();
    for game in &games {
        let set = format!("Game **{game}** of tournament 1 is set for");
        assert_eq!(posts.get(&set), Some(&1), "{set}");
    }
    // Each says once that something is away, and once that it is back.
    let left = async || {
        // Whether the cache is back, who asks it learns.
        get(format!("{}/api/tournaments/1/standings/", stack.url)).await;
        [&bot, &notifier, &transitioner, &stack.serve].map(outages)
    };
    stack.until([[false; 4]; 4], left).await;
    let serve = stack.serve.end().await;
    end_all([bot, notifier, transitioner]).await;
    let failed = serve
        .iter()
        .filter(|line| line["event"] == "request_failed");
    for line in failed {
        assert_eq!(line["http.status_code"], 503, "{line}");
    }
}

/// Which of these a program has last said to be away: the broker, whoever is told of events, the
/// cache, what its cycles need. It may not have said so twice in one outage.
fn outages(program: &Watched) -> [bool; 4] {
    [
        ("broker_disconnected", "broker_connected"),
        ("events_delayed", "events_resumed"),
        ("cache_unavailable", "cache_recovered"),
        ("cycle_failed", "cycle_recovered"),
    ]
    .map(|(gone, back)| {
        let mut is_away = false;
        for line in program.lines() {
            if line["event"] == gone {
                assert!(!is_away, "again: {line}");
                is_away = true;
            } else if line["event"] == back {
                is_away = false;
            }
        }
        is_away
    })
}

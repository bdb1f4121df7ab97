//! Background jobs, in processes of their own and in the one that serves.

use axum::http::Request;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::program::{Program, succeed};
use crate::stub::{Reply, Stub};
use crate::workers::{Server, TABLE, TRACE, attempts, details, end, players, start, worker};

const STATS: &str = "ProcessMatchStats";
const STANDINGS: &str = "RecomputeStandings";

/// Reads lines of a worker up to the event that ends a job of this name.
async fn job(worker: &mut Program, name: &str) -> Vec<Value> {
    let mut lines = Vec::new();
    loop {
        let line = worker.line().await.unwrap();
        let event = line["event"].as_str().unwrap();
        let is_end =
            line["task.name"] == name && ["task_completed", "task_failed"].contains(&event);
        lines.push(line);
        if is_end {
            return lines;
        }
    }
}

#[tokio::test]
async fn a_job_and_the_job_that_it_enqueues_have_the_context_of_the_request() {
    let directory = tempfile::tempdir().unwrap();
    let steam = Stub::answering(details()).await;
    let mut server = Server::start(&directory, &[]).await;
    let mut worker = worker(&directory, &[("STEAM_API_URL", &steam.url)]).await;
    let request_id = server.set_steam_match(77).await;

    let enqueued = server.program.event("task_enqueued").await;
    assert_eq!(enqueued["child_task_name"], STATS);
    let mut lines = job(&mut worker, STATS).await;
    while attempts(&lines, STANDINGS)
        .iter()
        .filter(|(event, _)| event == "task_completed")
        .count()
        < 2
    {
        lines.extend(job(&mut worker, STANDINGS).await);
    }
    for line in lines.iter().filter(|line| line["task.id"].is_string()) {
        assert_eq!(line["request.id"], *request_id, "{line}");
        assert_eq!(line["user.id"], 1, "{line}");
        assert_eq!(line["labels"], json!(["match"]), "{line}");
        assert_eq!(line["trace_id"], TRACE, "{line}");
    }
    let find = |event: &str| lines.iter().find(|line| line["event"] == event).unwrap();
    let recorded = find("match_stats_recorded");
    assert_eq!(recorded["task.id"], enqueued["child_task_id"]);
    assert_eq!(
        (&recorded["match.id"], &recorded["players"]),
        (&json!(1), &json!(3))
    );
    // By the job, in the worker.
    let child = find("task_enqueued");
    assert_eq!(child["child_task_name"], STANDINGS);
    assert_eq!(child["task.id"], enqueued["child_task_id"]);
    assert_eq!(find("standings_recomputed")["tournament.id"], 1);

    assert_eq!(server.get("/api/tournaments/1/players/").await, players());
    assert_eq!(server.stored_table().await, TABLE);
    let [request] = &steam.requests()[..] else {
        panic!("{:?}", steam.requests());
    };
    assert_eq!(request.headers["x-request-id"], request_id);
    let lines = end(worker).await;
    let events: Vec<_> = lines
        .iter()
        .map(|line| line["event"].as_str().unwrap())
        .collect();
    assert_eq!(events, ["worker_stopping", "worker_stopped"]);
    server.end().await;
}

#[tokio::test]
async fn a_job_is_tried_again_until_steam_answers() {
    let directory = tempfile::tempdir().unwrap();
    let steam = Stub::start(|before| match before {
        0 | 1 => Reply::Failure,
        _ => Reply::Json(details()),
    });
    let steam = steam.await;
    let server = Server::start(&directory, &[]).await;
    let mut worker = worker(&directory, &[("STEAM_API_URL", &steam.url)]).await;
    let request_id = server.set_steam_match(77).await;
    let lines = job(&mut worker, STATS).await;
    let expected = [
        ("task_started", 1),
        ("task_retrying", 1),
        ("task_started", 2),
        ("task_retrying", 2),
        ("task_started", 3),
        ("task_completed", 3),
    ];
    let expected = expected.map(|(event, attempt)| (event.to_owned(), attempt));
    assert_eq!(attempts(&lines, STATS), expected);
    for line in lines.iter().filter(|line| line["task.name"] == STATS) {
        assert_eq!(line["request.id"], *request_id, "{line}");
    }
    assert_eq!(server.get("/api/tournaments/1/players/").await, players());
    end(worker).await;
    server.end().await;
}

#[tokio::test]
async fn a_job_that_fails_for_good_is_dead_until_the_staff_puts_it_back() {
    let directory = tempfile::tempdir().unwrap();
    let (answers, mut may_answer) = watch::channel(false);
    may_answer.mark_unchanged();
    let steam = Stub::start(move |_| match *may_answer.borrow() {
        false => Reply::Failure,
        true => Reply::Json(details()),
    });
    let steam = steam.await;
    let mut server = Server::start(&directory, &[]).await;
    let mut worker = worker(&directory, &[("STEAM_API_URL", &steam.url)]).await;
    let request_id = server.set_steam_match(77).await;
    let lines = job(&mut worker, STATS).await;
    let failed = lines.last().unwrap();
    assert_eq!(
        (&failed["event"], &failed["task.attempt"]),
        (&json!("task_failed"), &json!(5))
    );
    assert_eq!(attempts(&lines, STATS).len(), 10);
    assert_eq!(steam.requests().len(), 5);

    let staff = server.staff().await;
    // It is noted a moment after it has failed.
    let mut listed = server.get_as(&staff, "/api/jobs/").await;
    while listed["count"] == 0 {
        listed = server.get_as(&staff, "/api/jobs/").await;
    }
    let listed = &listed["results"][0];
    assert_eq!(listed["id"], failed["task.id"]);
    assert_eq!(listed["name"], "process_match_stats");
    assert_eq!(listed["status"], "dead");
    assert_eq!(
        (&listed["attempts"], &listed["max_attempts"]),
        (&json!(5), &json!(5))
    );
    assert_eq!(listed["last_error"], failed["error"]);
    assert_eq!(listed["request_id"], *request_id);
    assert!(listed["finished_at"].is_string(), "{listed}");

    answers.send_replace(true);
    assert_eq!(server.retry(&staff, &listed["id"]).await, 200);
    let revived = server.program.event("job_revived").await;
    assert_eq!(revived["child_task_id"], listed["id"]);
    let lines = job(&mut worker, STATS).await;
    let completed = lines.last().unwrap();
    assert_eq!(completed["event"], "task_completed");
    assert_eq!(completed["task.id"], listed["id"]);
    // It is the same job, of the same request.
    assert_eq!(completed["request.id"], *request_id);
    let dead = server.get_as(&staff, "/api/jobs/").await;
    assert_eq!(dead["count"], 0);
    assert_eq!(server.get("/api/tournaments/1/players/").await, players());
    end(worker).await;
    server.end().await;
}

#[tokio::test]
async fn what_steam_does_not_know_is_asked_once() {
    let directory = tempfile::tempdir().unwrap();
    let steam = Stub::answering(json!({"result": {"error": "Match ID not found"}})).await;
    let server = Server::start(&directory, &[]).await;
    let mut worker = worker(&directory, &[("STEAM_API_URL", &steam.url)]).await;
    server.set_steam_match(77).await;
    let lines = job(&mut worker, STATS).await;
    let failed = ("task_failed".to_owned(), 1);
    assert_eq!(
        attempts(&lines, STATS),
        [("task_started".to_owned(), 1), failed]
    );
    end(worker).await;
    assert_eq!(steam.requests().len(), 1);
    let staff = server.staff().await;
    let dead = server.get_as(&staff, "/api/jobs/").await;
    assert_eq!(dead["results"][0]["attempts"], 1, "{dead}");
    server.end().await;
}

#[tokio::test]
async fn a_job_whose_worker_was_killed_is_done_by_another_and_counts_once() {
    let directory = tempfile::tempdir().unwrap();
    let steam = Stub::start(|before| match before {
        0 => Reply::Silence,
        _ => Reply::Json(details()),
    });
    let steam = steam.await;
    let server = Server::start(&directory, &[]).await;
    let variables = [("STEAM_API_URL", &*steam.url), ("DTX_WORKER_TIMEOUT", "2")];
    let mut killed = worker(&directory, &variables).await;
    let request_id = server.set_steam_match(77).await;
    steam.requested(1).await;
    killed.signal(Signal::KILL);
    killed.status().await;

    let mut second = worker(&directory, &variables).await;
    let lines = job(&mut second, STATS).await;
    let expected = ["task_started", "task_completed"].map(|event| (event.to_owned(), 2));
    assert_eq!(attempts(&lines, STATS), expected);
    assert_eq!(lines.last().unwrap()["request.id"], *request_id);
    assert_eq!(server.get("/api/tournaments/1/players/").await, players());
    assert_eq!(server.stored_table().await, TABLE);
    end(second).await;
    let staff = server.staff().await;
    let jobs = server.get_as(&staff, "/api/jobs/?status=all").await;
    let jobs = jobs["results"].as_array().unwrap();
    // Of the request one of each, and one of the job.
    assert_eq!(jobs.len(), 3, "{jobs:?}");
    for job in jobs {
        assert_eq!(job["status"], "done", "{job}");
    }
    server.end().await;
}

#[tokio::test]
async fn the_same_change_twice_does_its_job_once() {
    let directory = tempfile::tempdir().unwrap();
    let steam = Stub::answering(details()).await;
    let server = Server::start(&directory, &[]).await;
    let game = Request::patch(format!("{}/api/games/6/", server.url));
    succeed(game, &server.captain, &json!({"state": "finished"})).await;
    let result = json!({"game_id": 6, "winner_id": 2, "steam_match_id": 77});
    for status in [201, 409] {
        let request = Request::post(format!("{}/api/matches/", server.url));
        let response = crate::program::send(request, &server.captain, &result).await;
        assert_eq!(response.status(), status);
    }
    server.set_steam_match(78).await;
    server.set_steam_match(78).await;
    let mut worker = worker(&directory, &[("STEAM_API_URL", &steam.url)]).await;
    let mut lines = job(&mut worker, STATS).await;
    lines.extend(job(&mut worker, STATS).await);
    lines.extend(end(worker).await);
    let started = attempts(&lines, STATS);
    let started = started.iter().filter(|(event, _)| event == "task_started");
    assert_eq!(started.count(), 2);
    let targets: Vec<_> = steam.requests().iter().map(|r| r.target.clone()).collect();
    let of = |id| targets.iter().filter(|target| target.contains(id)).count();
    assert_eq!(
        (of("match_id=77"), of("match_id=78")),
        (1, 1),
        "{targets:?}"
    );
    server.end().await;
}

#[tokio::test]
async fn the_clean_up_has_a_scope_of_its_own_at_each_tick() {
    let directory = tempfile::tempdir().unwrap();
    let schedule = [("DTX_CLEANUP_SCHEDULE", "* * * * * *")];
    let mut worker = worker(&directory, &schedule).await;
    let ticks = [
        worker.event("cleaned_up").await,
        worker.event("cleaned_up").await,
    ];
    assert_ne!(ticks[0]["request.id"], ticks[1]["request.id"]);
    assert_ne!(ticks[0]["task.id"], ticks[1]["task.id"]);
    for tick in &ticks {
        assert_eq!(tick["request.id"], tick["task.id"], "{tick}");
        assert_eq!(tick["task.name"], "clean_up");
        assert_eq!(tick["task.attempt"], 1);
        assert!(tick.get("user.id").is_none(), "{tick}");
    }
    end(worker).await;
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_worker_without_jobs_does_next_to_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let schedule = [("DTX_CLEANUP_SCHEDULE", "* * * * * *")];
    let mut worker = worker(&directory, &schedule).await;
    // The clean-up tells the time.
    worker.event("cleaned_up").await;
    let before = worker.cpu_ticks();
    for _ in 0..2 {
        worker.event("cleaned_up").await;
    }
    let ticks = worker.cpu_ticks() - before;
    // Of the 200 hundredths of a second that there are on one CPU.
    assert!(ticks < 50, "{ticks}");
    end(worker).await;
}

#[tokio::test]
async fn all_roles_in_one_process_let_a_job_finish_when_they_are_told_to_stop() {
    let directory = tempfile::tempdir().unwrap();
    let (answers, may_answer) = watch::channel(false);
    let steam = Stub::start(move |_| Reply::Later(details(), may_answer.clone())).await;
    let program = start(&directory, &[], &[("STEAM_API_URL", &steam.url)]);
    let mut server = Server::of(program).await;
    server.set_steam_match(77).await;
    steam.requested(1).await;
    server.stored_table().await;
    server.program.signal(Signal::TERM);
    let stopping = server.program.event("worker_stopping").await;
    assert_eq!(
        (&stopping["signal"], &stopping["running"]),
        (&json!("SIGTERM"), &json!(1))
    );
    answers.send_replace(true);
    let completed = server.program.event("task_completed").await;
    assert_eq!(completed["task.name"], STATS);
    let stopped = server.program.event("worker_stopped").await;
    assert_eq!(stopped["released"], 0);
    let ended = server.program.ended().await;
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");

    // Nothing is left but, maybe, the job that the job has enqueued.
    let server = Server::start(&directory, &[]).await;
    assert_eq!(server.get("/api/tournaments/1/players/").await, players());
    let staff = server.staff().await;
    for (status, counts) in [
        ("running", 0..1),
        ("dead", 0..1),
        ("pending", 0..2),
        ("all", 3..4),
    ] {
        let path = format!("/api/jobs/?status={status}");
        let jobs = server.get_as(&staff, &path).await;
        let count = jobs["count"].as_u64().unwrap();
        assert!(counts.contains(&count), "{count} {status}");
    }
    server.end().await;
}

#[tokio::test]
async fn a_worker_that_stops_gives_back_what_waits_or_takes_too_long() {
    for (reply, patience) in [(Reply::Failure, "30"), (Reply::Silence, "1")] {
        let directory = tempfile::tempdir().unwrap();
        let is_silent = matches!(reply, Reply::Silence);
        let steam = Stub::start(move |_| reply.clone()).await;
        let server = Server::start(&directory, &[]).await;
        let variables = [
            ("STEAM_API_URL", &*steam.url),
            ("DTX_JOB_BACKOFF_MS", "3600000"),
            ("DTX_SHUTDOWN_TIMEOUT", patience),
        ];
        let mut stopped = worker(&directory, &variables).await;
        server.set_steam_match(77).await;
        steam.requested(1).await;
        server.stored_table().await;
        if !is_silent {
            stopped.event("task_retrying").await;
        }
        let lines = end(stopped).await;
        let find = |event: &str| lines.iter().find(|line| line["event"] == event);
        assert_eq!(
            find("worker_stop_timed_out").is_some(),
            is_silent,
            "{lines:?}"
        );
        assert_eq!(find("worker_stopped").unwrap()["released"], 1, "{lines:?}");

        let answering = Stub::answering(details()).await;
        let mut second = worker(&directory, &[("STEAM_API_URL", &answering.url)]).await;
        let completed = job(&mut second, STATS).await.pop().unwrap();
        assert_eq!(completed["event"], "task_completed");
        assert_eq!(completed["task.attempt"], 2);
        end(second).await;
        server.end().await;
    }
}

//! Temporary bindings whose guards end in any order.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use proptest::prelude::*;
use telemetry_core::testing::{LogCapture, capture_logs};
use telemetry_core::{
    FutureExt as _, Scope, TemporaryBinding, Value, bind, bind_temporarily, spawn, unbind,
};
use tokio::time::sleep;

/// Binds a shard for as long as it works. The one with the lowest number takes longest.
async fn in_shard(shard: u64) {
    let _bound = bind_temporarily("shard", shard);
    sleep(Duration::from_millis(10 - shard)).await;
    tracing::info!(own = shard, "in_shard");
}

fn shard_now() -> Option<Value> {
    Scope::current().unwrap().get("shard")
}

/// Checks that each branch had its own shard on its line.
fn assert_each_has_its_own(logs: &LogCapture) {
    let lines = logs.named("in_shard");
    assert_eq!(lines.len(), 3);
    for line in lines {
        assert_eq!(line["shard"], line["own"], "{}", line.line);
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_last_guard_of_joined_futures_no_line_has_the_key() {
    let logs = capture_logs();
    async {
        join_all((0..3).map(in_shard)).await;
        tracing::info!("after_all");
    }
    .in_scope(Scope::new())
    .await;
    // They share a scope: a line has the shard of one of them that has not ended yet.
    let lines = logs.named("in_shard");
    assert_eq!(lines.len(), 3);
    assert!(lines.iter().all(|line| line.get("shard").is_some()));
    assert!(logs.single("after_all").get("shard").is_none());
}

#[tokio::test(start_paused = true)]
async fn joined_futures_that_carry_the_context_show_their_own() {
    let logs = capture_logs();
    async {
        bind("shard", "all");
        join_all((0..3).map(|shard| in_shard(shard).carry_context())).await;
        tracing::info!("after_all");
    }
    .in_scope(Scope::new())
    .await;
    assert_each_has_its_own(&logs);
    assert_eq!(logs.single("after_all")["shard"], "all");
}

#[tokio::test(start_paused = true)]
async fn buffered_futures_that_carry_the_context_show_their_own() {
    let logs = capture_logs();
    async {
        let branches = stream::iter(0..3).map(|shard| in_shard(shard).carry_context());
        branches.buffer_unordered(3).collect::<Vec<_>>().await;
        tracing::info!("after_all");
    }
    .in_scope(Scope::new())
    .await;
    assert_each_has_its_own(&logs);
    assert!(logs.single("after_all").get("shard").is_none());
}

#[tokio::test(start_paused = true)]
async fn branches_of_a_select_that_carry_the_context_show_their_own() {
    let logs = capture_logs();
    async {
        // Each line is written while the other branches are bound, or have just been dropped.
        for shards in [[0, 1, 2], [1, 2, 0], [2, 0, 1]] {
            tokio::select! {
                () = in_shard(shards[0]).carry_context() => {}
                () = in_shard(shards[1]).carry_context() => {}
                () = in_shard(shards[2]).carry_context() => {}
            }
            assert_eq!(shard_now(), None);
        }
        tracing::info!("after_all");
    }
    .in_scope(Scope::new())
    .await;
    assert_each_has_its_own(&logs);
    assert!(logs.single("after_all").get("shard").is_none());
}

#[test]
fn a_plain_bind_under_a_guard_survives_it() {
    Scope::new().in_scope(|| {
        bind("shard", 1);
        let (first, second) = (bind_temporarily("shard", 2), bind_temporarily("shard", 3));
        bind("shard", 4);
        let third = bind_temporarily("shard", 5);
        drop(first);
        assert_eq!(shard_now().unwrap(), 5);
        drop(third);
        assert_eq!(shard_now().unwrap(), 4);
        drop(second);
        assert_eq!(shard_now().unwrap(), 4);
    });
}

#[test]
fn an_unbind_under_a_guard_survives_it() {
    Scope::new().in_scope(|| {
        bind("shard", 1);
        let guard = bind_temporarily("shard", 2);
        assert!(unbind("shard"));
        assert_eq!(shard_now(), None);
        let later = bind_temporarily("shard", 3);
        drop(guard);
        assert_eq!(shard_now().unwrap(), 3);
        drop(later);
        assert_eq!(shard_now(), None);
    });
}

#[test]
fn a_reserved_and_a_secret_key_end_in_any_order_too() {
    Scope::new().in_scope(|| {
        bind("level", 0);
        for key in ["level", "password"] {
            let (first, second) = (bind_temporarily(key, 1), bind_temporarily(key, 2));
            drop(first);
            drop(second);
        }
        let fields = Scope::current().unwrap().fields();
        assert_eq!(fields, [("field.level".to_owned(), Value::I64(0))]);
    });
}

#[tokio::test]
async fn a_snapshot_taken_under_a_guard_keeps_the_value_of_the_moment() {
    let scope = Scope::new();
    let mut task = None;
    async {
        let guard = bind_temporarily("shard", 1);
        let snapshot = Scope::snapshot();
        task = Some(spawn(async {
            // The guard belongs to the other scope, and what it binds here stays here.
            let inner = bind_temporarily("shard", 2);
            tokio::task::yield_now().await;
            drop(inner);
            shard_now()
        }));
        drop(guard);
        assert_eq!(shard_now(), None);
        assert_eq!(snapshot.get("shard").unwrap(), 1);
    }
    .in_scope(scope)
    .await;
    assert_eq!(task.unwrap().await.unwrap().unwrap(), 1);
}

#[test]
fn a_guard_works_through_every_handle_and_after_the_end_of_its_scope() {
    let scope = Scope::new();
    let handle = scope.clone();
    let (first, second) = (
        scope.bind_temporarily("shard", 1),
        handle.bind_temporarily("shard", 2),
    );
    let inside = scope.in_scope(|| bind_temporarily("shard", 3));
    std::thread::spawn(move || drop(second)).join().unwrap();
    drop(inside);
    assert_eq!(handle.get("shard").unwrap(), 1);
    scope.mark_ended();
    drop((scope, handle));
    // Within another scope, whose shard is another.
    Scope::builder().field("shard", 9).build().in_scope(|| {
        drop(first);
        assert_eq!(shard_now().unwrap(), 9);
    });
}

#[derive(Clone, Debug)]
enum Step {
    Bind(usize, i64),
    Unbind(usize),
    BindTemporarily(usize, i64),
    /// One of the guards that there are.
    Drop(usize),
}

const KEYS: [&str; 3] = ["a", "b\"", "event"];

fn step() -> impl Strategy<Value = Step> {
    let key = 0..KEYS.len();
    prop_oneof![
        1 => (key.clone(), 0..100i64).prop_map(|(key, value)| Step::Bind(key, value)),
        1 => key.clone().prop_map(Step::Unbind),
        3 => (key, 0..100i64).prop_map(|(key, value)| Step::BindTemporarily(key, value)),
        3 => (0..100usize).prop_map(Step::Drop),
    ]
}

/// What the keys of a scope are bound to: the plain value first, then the temporary ones.
#[derive(Default)]
struct Model(HashMap<usize, Vec<(Option<u64>, i64)>>);

impl Model {
    fn visible(&self, key: usize) -> Option<i64> {
        Some(self.0.get(&key)?.last()?.1)
    }
}

proptest! {
    #[test]
    fn a_key_has_what_the_last_binding_that_is_left_says(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let (scope, mut model) = (Scope::new(), Model::default());
        let mut guards: Vec<(u64, TemporaryBinding)> = Vec::new();
        for (number, step) in (0..).zip(steps) {
            match step {
                Step::Bind(key, value) => {
                    scope.bind(KEYS[key], value);
                    model.0.insert(key, vec![(None, value)]);
                }
                Step::Unbind(key) => {
                    let was_bound = model.visible(key).is_some();
                    prop_assert_eq!(scope.unbind(KEYS[key]), was_bound);
                    model.0.remove(&key);
                }
                Step::BindTemporarily(key, value) => {
                    guards.push((number, scope.bind_temporarily(KEYS[key], value)));
                    model.0.entry(key).or_default().push((Some(number), value));
                }
                Step::Drop(_) if guards.is_empty() => {}
                Step::Drop(any) => {
                    let (id, guard) = guards.remove(any % guards.len());
                    drop(guard);
                    for values in model.0.values_mut() {
                        values.retain(|(of, _)| *of != Some(id));
                    }
                }
            }
            for (key, name) in KEYS.iter().enumerate() {
                prop_assert_eq!(scope.get(name), model.visible(key).map(Value::I64));
            }
        }
    }
}

//! Binding, unbinding and reading.

use std::panic::{AssertUnwindSafe, catch_unwind};

use telemetry_core::{
    FutureExt as _, Scope, Value, bind, bind_temporarily, context, statistics, unbind,
};

fn keys() -> Vec<String> {
    context().into_iter().map(|(key, _)| key).collect()
}

#[test]
fn what_is_bound_reads_back_with_its_type() {
    Scope::new().in_scope(|| {
        bind("bool", true);
        bind("signed", -5);
        bind("unsigned", u64::MAX);
        bind("float", 1.5);
        bind("text", "ü\n\"");
        bind("owned", String::from("o"));
        bind("list", ["a", "b\\"]);
        bind("vector", vec![String::from("c")]);
        bind("empty", [""; 0]);
        let expected = [
            ("bool", Value::Bool(true)),
            ("signed", Value::I64(-5)),
            ("unsigned", Value::U64(u64::MAX)),
            ("float", Value::F64(1.5)),
            ("text", Value::String("ü\n\"".into())),
            ("owned", Value::String("o".into())),
            ("list", Value::List(vec!["a".into(), "b\\".into()])),
            ("vector", Value::List(vec!["c".into()])),
            ("empty", Value::List(vec![])),
        ];
        assert_eq!(
            context(),
            expected.map(|(key, value)| (key.to_owned(), value))
        );
    });
}

#[test]
fn binding_again_replaces_and_unbinding_removes() {
    Scope::new().in_scope(|| {
        bind("a", 1);
        bind("b", 2);
        bind("a", 3);
        assert_eq!(Scope::current().unwrap().get("a").unwrap(), 3);
        assert!(unbind("a"));
        assert!(!unbind("a"));
        assert_eq!(keys(), ["b"]);
        bind("level", 1);
        assert!(unbind("level"));
        assert_eq!(keys(), ["b"]);
    });
}

#[test]
fn a_temporary_binding_ends_with_its_guard() {
    Scope::new().in_scope(|| {
        bind("a", 1);
        {
            let _a = bind_temporarily("a", 2);
            let _b = bind_temporarily("b", 3);
            assert_eq!(Scope::current().unwrap().get("a").unwrap(), 2);
            assert_eq!(keys(), ["a", "b"]);
        }
        assert_eq!(Scope::current().unwrap().get("a").unwrap(), 1);
        assert_eq!(keys(), ["a"]);
    });
}

#[tokio::test]
async fn a_temporary_binding_lasts_across_awaits() {
    let scope = Scope::new();
    async {
        let bound = bind_temporarily("a", 1);
        tokio::task::yield_now().await;
        assert_eq!(keys(), ["a"]);
        drop(bound);
        assert_eq!(keys(), [""; 0]);
    }
    .in_scope(scope)
    .await;
}

#[test]
fn a_binding_reaches_everything_beneath_and_the_scope_itself() {
    let scope = Scope::new();
    scope.in_scope(|| {
        let deeper = || bind("deep", 1);
        deeper();
    });
    assert_eq!(scope.get("deep").unwrap(), 1);
}

#[test]
fn scopes_nest_and_the_inner_one_counts() {
    let (outer, inner) = (Scope::new(), Scope::new());
    outer.in_scope(|| {
        inner.in_scope(|| bind("a", "inner"));
        bind("a", "outer");
        // Entering the current one again changes nothing.
        outer.in_scope(|| bind("b", "outer"));
        assert_eq!(keys(), ["a", "b"]);
    });
    assert_eq!(inner.get("a").unwrap(), "inner");
    assert_eq!(outer.get("a").unwrap(), "outer");
    assert!(Scope::current().is_none());
}

#[test]
fn without_a_scope_nothing_is_bound_and_it_is_counted() {
    let before = statistics().unbound;
    bind("a", 1);
    drop(bind_temporarily("a", 1));
    assert!(!unbind("a"));
    assert!(context().is_empty());
    assert!(statistics().unbound >= before + 2);
}

#[test]
fn a_value_may_bind_and_log_while_it_formats_itself() {
    struct Chatty;
    impl telemetry_core::FieldValue for Chatty {
        fn encode(&self, encoder: telemetry_core::ValueEncoder<'_>) {
            bind("inner", 1);
            tracing::info!("inner");
            Scope::new().in_scope(|| bind("elsewhere", 2));
            encoder.display(&"chatty");
        }
    }
    let lines = crate::lines_of(|| Scope::new().in_scope(|| bind("a", Chatty)));
    assert_eq!(lines.len(), 1);
    Scope::new().in_scope(|| {
        bind("a", Chatty);
        assert_eq!(keys(), ["inner", "a"]);
    });
}

#[test]
fn a_panic_leaves_no_scope_behind() {
    let scope = Scope::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        scope.in_scope(|| {
            bind("a", 1);
            panic!("on purpose");
        });
    }));
    assert!(panicked.is_err());
    assert!(Scope::current().is_none());
    assert_eq!(scope.get("a").unwrap(), 1);
}

#[test]
fn an_ended_scope_gives_its_room_to_the_next_but_not_its_fields() {
    for round in 0..10 {
        let scope = Scope::new();
        assert_eq!(scope.fields(), []);
        scope.bind("a", "x".repeat(round * 1000));
        scope.bind("b", round);
    }
}

#[test]
fn an_owned_scope_is_current_meanwhile_and_comes_back() {
    let outer = Scope::builder().field("a", 1).build();
    let mut slot = Some(Scope::builder().field("b", 2).build());
    outer.in_scope(|| {
        Scope::with_owned(&mut slot, || {
            assert_eq!(keys(), ["b"]);
            bind("c", 3);
            let panicked =
                catch_unwind(|| Scope::with_owned(&mut Some(Scope::new()), || panic!("…")));
            assert!(panicked.is_err());
            assert_eq!(keys(), ["b", "c"]);
        });
        assert_eq!(keys(), ["a"]);
        Scope::with_owned(&mut None, || assert_eq!(keys(), ["a"]));
    });
    assert_eq!(slot.unwrap().get("c").unwrap(), 3);
}

#[test]
fn the_end_of_a_unit_is_known_to_every_handle_of_its_scope_and_to_no_snapshot() {
    let scope = Scope::builder().field("a", 1).build();
    let (handle, snapshot) = (scope.clone(), scope.in_scope(Scope::snapshot));
    assert!(!handle.has_ended());
    scope.mark_ended();
    drop(scope);
    assert!(handle.has_ended() && !snapshot.has_ended());
    // It takes nothing away.
    handle.in_scope(|| bind("b", 2));
    assert_eq!(handle.get("b").unwrap(), 2);
}

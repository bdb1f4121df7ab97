//! The bound on the keys of a scope. In a process of its own: the warning is written once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;

use telemetry_core::testing::capture_logs;
use telemetry_core::{
    FutureExt as _, Scope, UnitOfWork, bind, bind_temporarily, context, propagation, statistics,
    unbind,
};

const MAX_KEYS: usize = 256;

#[tokio::test]
async fn a_scope_has_256_keys_and_what_is_beyond_is_counted_and_reported_once() {
    let logs = capture_logs();
    let scope = Scope::builder().field("request.id", "abc-123").build();
    async {
        // By `bind`, with keys that are ever new.
        for number in 0..16_000 {
            bind(&format!("key_{number}"), number);
        }
        assert_eq!(context().len(), MAX_KEYS);
        assert_eq!(statistics().refused_keys, 16_000 - 255);
        let current = Scope::current().unwrap();
        assert_eq!(current.get("key_254").unwrap(), 254);
        assert!(current.get("key_255").is_none());

        // A key that is there can be bound again, also temporarily.
        bind("key_3", "changed");
        let guard = bind_temporarily("key_3", "for now");
        assert_eq!(current.get("key_3").unwrap(), "for now");
        drop(guard);
        assert_eq!(current.get("key_3").unwrap(), "changed");
        assert_eq!(statistics().refused_keys, 16_000 - 255);

        // A new one cannot, until there is room.
        let refused = bind_temporarily("late", 1);
        assert_eq!(statistics().refused_keys, 16_000 - 254);
        assert!(current.get("late").is_none());
        assert!(unbind("key_3"));
        bind("late", 2);
        drop(refused);
        assert_eq!(current.get("late").unwrap(), 2);
        assert_eq!(context().len(), MAX_KEYS);

        // A snapshot is as full as the scope.
        Scope::snapshot().bind("later", 1);
        assert_eq!(statistics().refused_keys, 16_000 - 253);
    }
    .in_scope(scope)
    .await;

    let before = statistics().refused_keys;
    let mut unit = UnitOfWork::new("import");
    for number in 0..300 {
        unit = unit.with_field(&format!("key_{number}"), number);
    }
    unit.run(async {
        assert_eq!(context().len(), MAX_KEYS);
        Ok::<_, String>(())
    })
    .await
    .unwrap();
    let refused_by_unit = statistics().refused_keys - before;
    assert!((44..=46).contains(&refused_by_unit), "{refused_by_unit}");

    // What comes as baggage takes the room that there is.
    let before = statistics().refused_keys;
    let mut builder = Scope::builder();
    for number in 0..MAX_KEYS - 1 {
        builder.field(&format!("key_{number}"), number as u64);
    }
    let baggage = HashMap::from([(
        "baggage".to_owned(),
        "request.id=abc-123,user.id=42,labels=game".to_owned(),
    )]);
    propagation::extract_trusted(&baggage, &mut builder);
    let scope = builder.build();
    assert_eq!(scope.fields().len(), MAX_KEYS);
    assert_eq!(scope.get("request.id").unwrap(), "abc-123");
    assert_eq!(statistics().refused_keys, before + 2);

    let warning = logs.single("context_limit_reached");
    assert_eq!(warning.level, tracing::Level::WARN);
    assert_eq!(warning["key_limit"], 256);
    // It has the context of the first that was refused.
    assert_eq!(warning["request.id"], "abc-123");
}

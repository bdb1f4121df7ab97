//! A subscriber of the application's own that has the layer of the test kit, in a binary of its own.

use telemetry_core::Scope;
use telemetry_core::testing::{capture_layer, capture_logs};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

#[test]
fn logs_are_captured_where_another_subscriber_has_the_layer() {
    tracing_subscriber::registry().with(capture_layer()).init();
    for id in 1..=2 {
        let logs = capture_logs();
        let scope = Scope::builder().field("id", id).build();
        scope.in_scope(|| tracing::debug!(players = 12, "shown"));
        let event = logs.single("shown");
        assert_eq!(event["players"], 12);
        assert_eq!(event["id"], id);
    }
}

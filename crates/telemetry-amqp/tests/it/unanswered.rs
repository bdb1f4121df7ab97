//! Messages that the broker has, and does not confirm.

use std::time::Duration;

use telemetry_amqp::{Message, PublishError};

use crate::place::{until, with_place};
use crate::proxy::{Proxy, Way};
use crate::started;

#[tokio::test]
async fn a_message_that_is_not_confirmed_in_time_is_an_error() {
    with_place(async |place| {
        let proxy = Proxy::start(place.address()).await;
        let builder = place.builder_at(&proxy.address);
        let builder = builder.with_publish_timeout(Duration::from_millis(1_500));
        let broker = builder.build().unwrap();
        // The connection has to be made in that time too.
        until(async || broker.publish(started(place, 1)).await.is_ok()).await;
        proxy.set(Way::Silent);
        let error = broker.publish(started(place, 2)).await.unwrap_err();
        assert!(matches!(error, PublishError::TimedOut(_)), "{error:?}");
        proxy.set(Way::Open);
        until(async || broker.publish(started(place, 3)).await.is_ok()).await;
    })
    .await;
}

#[tokio::test]
async fn messages_do_not_wait_for_the_confirmations_of_others() {
    with_place(async |place| {
        let proxy = Proxy::start(place.address()).await;
        let broker = place.broker_at(&proxy.address);
        // Channels are open then for as many at once.
        let publish = |id: u32| broker.publish(started(place, id));
        let ten = |from: u32| futures_util::future::join_all((from..from + 10).map(publish));
        for result in ten(0).await {
            result.unwrap();
        }
        place.wait_for(&place.queue, 10).await;
        proxy.set(Way::Silent);
        tokio::select! {
            _ = ten(10) => panic!("nothing is confirmed"),
            () = place.wait_for(&place.queue, 20) => {}
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_dropped_leaves_the_next_one_alone() {
    with_place(async |place| {
        let proxy = Proxy::start(place.address()).await;
        let broker = place.broker_at(&proxy.address);
        broker.publish(started(place, 1)).await.unwrap();
        proxy.set(Way::Silent);
        let nobody = Message::new(&place.exchange, "nobody", "a");
        tokio::select! {
            _ = broker.publish(nobody) => panic!("nothing is confirmed"),
            () = tokio::time::sleep(Duration::from_millis(100)) => {}
        }
        proxy.set(Way::Open);
        // The return of the one that was dropped is not taken for theirs.
        for id in 2..6 {
            broker.publish(started(place, id)).await.unwrap();
        }
        place.wait_for(&place.queue, 5).await;
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_is_lost_meanwhile_is_told_of() {
    with_place(async |place| {
        let proxy = Proxy::start(place.address()).await;
        let broker = place.broker_at(&proxy.address);
        broker.publish(started(place, 1)).await.unwrap();
        proxy.set(Way::Silent);
        let publishing = broker.publish(started(place, 2));
        let cutting = async {
            place.wait_for(&place.queue, 2).await;
            proxy.cut();
        };
        let (result, ()) = tokio::join!(publishing, cutting);
        let error = result.unwrap_err();
        assert!(matches!(error, PublishError::Lost(_)), "{error:?}");
        // Whoever publishes next waits for the new connection.
        broker.publish(started(place, 3)).await.unwrap();
    })
    .await;
}

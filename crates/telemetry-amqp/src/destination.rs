//! What a message is sent to or taken from, by the semantic conventions for RabbitMQ.

/// The destination when neither exchange nor routing key has a name.
const DEFAULT: &str = "amq.default";

/// The name of a destination: of what is there of exchange, routing key and queue, with colons
/// between.
pub(crate) fn name(exchange: &str, routing_key: &str, queue: &str) -> String {
    // A queue that is addressed by its name is named once.
    let queue = if queue == routing_key { "" } else { queue };
    let parts = [exchange, routing_key, queue];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        DEFAULT.to_owned()
    } else {
        parts.join(":")
    }
}

/// What begins the names that the broker makes up: of queues, and of those that answers go to
/// without a queue. With the template of them all.
const GENERATED: [(&str, &str); 2] = [
    ("amq.gen-", "amq.gen-*"),
    ("amq.rabbitmq.reply-to.", "amq.rabbitmq.reply-to.*"),
];

/// The template of a name that the broker made up; `None` of any other.
pub(crate) fn template(name: &str) -> Option<&'static str> {
    let generated = GENERATED.iter().find(|(begin, _)| name.starts_with(begin));
    generated.map(|(_, template)| *template)
}

/// The part of where a message is sent to that has few values: the exchange, or the queue that
/// the default exchange delivers to.
pub(crate) fn few<'a>(exchange: &'a str, routing_key: &'a str) -> &'a str {
    match (exchange, routing_key) {
        ("", "") => DEFAULT,
        ("", queue) => queue,
        (exchange, _) => exchange,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_has_the_parts_that_there_are() {
        assert_eq!(name("games", "game.started", ""), "games:game.started");
        assert_eq!(name("games", "", ""), "games");
        assert_eq!(name("", "bot", ""), "bot");
        assert_eq!(name("", "", ""), "amq.default");
        assert_eq!(
            name("games", "game.started", "bot"),
            "games:game.started:bot"
        );
        assert_eq!(name("games", "", "bot"), "games:bot");
        assert_eq!(name("", "bot", "bot"), "bot");
        assert_eq!(name("games", "bot", "bot"), "games:bot");
    }

    #[test]
    fn names_that_the_broker_makes_up_have_a_template() {
        assert_eq!(
            template("amq.gen-JzTY20BRgKO-HjmUJj0wLg"),
            Some("amq.gen-*")
        );
        let answers = "amq.rabbitmq.reply-to.g1h2AA5yZXBseUAyNjU";
        assert_eq!(template(answers), Some("amq.rabbitmq.reply-to.*"));
        for name in ["amq.topic", "amq.default", "games", "amq.general"] {
            assert_eq!(template(name), None, "{name}");
        }
    }

    #[test]
    fn few_destinations_have_no_routing_key() {
        assert_eq!(few("games", "game.5"), "games");
        assert_eq!(few("", "bot"), "bot");
        assert_eq!(few("", ""), "amq.default");
    }
}

//! The settings of where events go.

use std::fmt;

use http::Uri;
use telemetry_core::EnvironmentReader;

const DEFAULT_EXCHANGE: &str = "dtx.events";
/// AMQP has names of up to 255 bytes; those of queues have something added.
const LONGEST_EXCHANGE: usize = 200;

/// Where events go.
#[derive(Clone)]
#[non_exhaustive]
pub struct EventSettings {
    /// `AMQP_URL`.
    pub amqp_url: Option<String>,
    /// `DTX_EVENTS_EXCHANGE`.
    pub exchange: String,
    /// `DISCORD_WEBHOOK_URL`.
    pub webhook_url: Option<String>,
}

impl fmt::Debug for EventSettings {
    /// Shows what is there alone: both URLs have secrets in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSettings")
            .field("has_amqp_url", &self.amqp_url.is_some())
            .field("exchange", &self.exchange)
            .field("has_webhook_url", &self.webhook_url.is_some())
            .finish()
    }
}

impl EventSettings {
    /// Reads the settings; what is wrong is with the reader.
    pub(super) fn read(reader: &mut EnvironmentReader<'_>) -> Self {
        let mut settings = Self {
            amqp_url: None,
            exchange: DEFAULT_EXCHANGE.to_owned(),
            webhook_url: None,
        };
        let shown = |_: &Option<String>| "none";
        reader.parsed(
            "AMQP_URL",
            &mut settings.amqp_url,
            |text| parse(text, &["amqp", "amqps"], "amqp://user:password@host:5672"),
            shown,
        );
        reader.parsed(
            "DTX_EVENTS_EXCHANGE",
            &mut settings.exchange,
            parse_exchange,
            String::clone,
        );
        reader.parsed(
            "DISCORD_WEBHOOK_URL",
            &mut settings.webhook_url,
            |text| {
                parse(
                    text,
                    &["http", "https"],
                    "https://discord.com/api/webhooks/1/token",
                )
            },
            shown,
        );
        settings
    }
}

fn parse(text: &str, schemes: &[&str], example: &str) -> Result<Option<String>, String> {
    let uri = text.parse::<Uri>().ok();
    let is_right = uri.is_some_and(|uri| {
        uri.scheme_str()
            .is_some_and(|scheme| schemes.contains(&scheme))
            && uri.host().is_some()
    });
    // The text is not shown: it may hold a password.
    is_right
        .then(|| Some(text.to_owned()))
        .ok_or_else(|| format!("it is not a URL such as {example}"))
}

fn parse_exchange(text: &str) -> Result<String, String> {
    let is_valid = text.len() <= LONGEST_EXCHANGE
        && !text.starts_with("amq.")
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    is_valid.then(|| text.to_owned()).ok_or_else(|| {
        format!("{text:?} is not the name of an exchange such as {DEFAULT_EXCHANGE}")
    })
}

//! The settings of the bot, and of how the API knows it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use telemetry_core::EnvironmentReader;

use crate::settings::{parse_address, parse_url};

const DEFAULT_BIND: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8001);
const SHORTEST_TOKEN: usize = 16;

/// How the bot is reached, and how it reaches the API.
#[derive(Clone)]
#[non_exhaustive]
pub struct BotSettings {
    /// `DTX_BOT_BIND`.
    pub bind: SocketAddr,
    /// `DISCORD_PUBLIC_KEY`.
    pub public_key: Option<[u8; 32]>,
    /// `DTX_API_URL`.
    pub api_url: Option<String>,
    /// `DTX_API_TOKEN`.
    pub api_token: Option<String>,
}

impl fmt::Debug for BotSettings {
    /// Shows the token's presence alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotSettings")
            .field("bind", &self.bind)
            .field("has_public_key", &self.public_key.is_some())
            .field("api_url", &self.api_url)
            .field("has_api_token", &self.api_token.is_some())
            .finish()
    }
}

impl BotSettings {
    /// Reads the settings; what is wrong is with the reader.
    pub(super) fn read(reader: &mut EnvironmentReader<'_>) -> Self {
        let mut settings = Self {
            bind: DEFAULT_BIND,
            public_key: None,
            api_url: None,
            api_token: None,
        };
        reader.parsed(
            "DTX_BOT_BIND",
            &mut settings.bind,
            |text| parse_address(text, DEFAULT_BIND),
            ToString::to_string,
        );
        reader.parsed(
            "DISCORD_PUBLIC_KEY",
            &mut settings.public_key,
            parse_key,
            |_| "none",
        );
        reader.parsed(
            "DTX_API_URL",
            &mut settings.api_url,
            |text| parse_url(text, "http://127.0.0.1:8000").map(Some),
            |_| "the address of DTX_BIND",
        );
        reader.parsed(
            "DTX_API_TOKEN",
            &mut settings.api_token,
            parse_token,
            |_| "none",
        );
        settings
    }
}

fn parse_key(text: &str) -> Result<Option<[u8; 32]>, String> {
    let mut key = [0; 32];
    hex::decode_to_slice(text, &mut key)
        .map(|()| Some(key))
        .map_err(|_| "it is not a key of 64 hexadecimal digits".to_owned())
}

fn parse_token(text: &str) -> Result<Option<String>, String> {
    let is_valid = text.len() >= SHORTEST_TOKEN && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_valid
        .then(|| Some(text.to_owned()))
        .ok_or_else(|| format!("it is not at least {SHORTEST_TOKEN} characters of ASCII"))
}

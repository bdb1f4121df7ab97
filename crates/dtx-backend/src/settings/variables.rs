//! The table of what is read.

use telemetry_core::Variable;

/// Every variable that the application reads, beside those of telemetry.
pub static VARIABLES: &[Variable] = &[
    Variable {
        name: "DTX_BIND",
        default: "127.0.0.1:8000",
        meaning: "The address and port to listen on. Port 0 is any free one.",
    },
    Variable {
        name: "DATABASE_URL",
        default: "sqlite:data/dtx.sqlite",
        meaning: "The SQLite file, which is made when it is not there; or postgres://user:password@host:port/database, with sslmode, sslrootcert, sslcert and sslkey. The password is never shown.",
    },
    Variable {
        name: "REDIS_URL",
        default: "unset",
        meaning: "The Redis in which tables and sessions are cached. Without it each process does so itself, for a second.",
    },
    Variable {
        name: "DTX_SAMPLE_DATA",
        default: "true on a loopback address, else false",
        meaning: "Fill an empty database with sample data, a login that everybody knows included.",
    },
    Variable {
        name: "DTX_COOKIE_SECURE",
        default: "false",
        meaning: "Let browsers send the session cookie over TLS alone.",
    },
    Variable {
        name: "DTX_DEBUG_ROUTES",
        default: "false",
        meaning: "Add routes that panic, fail, wait and stream. On a loopback address alone.",
    },
    Variable {
        name: "DTX_BOT_BIND",
        default: "127.0.0.1:8001",
        meaning: "The address and port on which the bot takes interactions. Port 0 is any free one.",
    },
    Variable {
        name: "DISCORD_PUBLIC_KEY",
        default: "unset",
        meaning: "The key that interactions are signed with, in hexadecimal. Without it none are taken.",
    },
    Variable {
        name: "DTX_API_URL",
        default: "the address of DTX_BIND",
        meaning: "The API that the bot uses.",
    },
    Variable {
        name: "DTX_API_TOKEN",
        default: "a new one in each process",
        meaning: "What the API knows the bot by. Never shown. Without it the bot of another process can only read.",
    },
    Variable {
        name: "STEAM_API_URL",
        default: "https://api.steampowered.com",
        meaning: "The Steam web API, which matches are refreshed from.",
    },
    Variable {
        name: "STEAM_API_KEY",
        default: "unset",
        meaning: "The key of the Steam web API. Never shown.",
    },
    Variable {
        name: "DTX_SHUTDOWN_TIMEOUT",
        default: "30",
        meaning: "How many seconds requests in flight, WebSockets and running jobs have to finish.",
    },
    Variable {
        name: "DTX_PICK_SECONDS",
        default: "30",
        meaning: "How many seconds a captain has for a pick, until the clock picks.",
    },
    Variable {
        name: "DTX_JOB_BACKOFF_MS",
        default: "1000",
        meaning: "How many milliseconds a job that failed waits to be tried again; then twice as long each time.",
    },
    Variable {
        name: "DTX_WORKER_TIMEOUT",
        default: "15",
        meaning: "How many seconds a worker may be silent until others do its jobs.",
    },
    Variable {
        name: "DTX_CLEANUP_SCHEDULE",
        default: "0 0 3 * * *",
        meaning: "When old sessions and jobs are removed, in UTC: second, minute, hour, day, month, weekday.",
    },
    Variable {
        name: "AMQP_URL",
        default: "unset",
        meaning: "The RabbitMQ that events go through. Without it the bot takes them from the database. Never shown.",
    },
    Variable {
        name: "DTX_EVENTS_EXCHANGE",
        default: "dtx.events",
        meaning: "The exchange that events are published to. The queue of the bot is named after it.",
    },
    Variable {
        name: "DISCORD_WEBHOOK_URL",
        default: "unset",
        meaning: "Where the bot posts what happens. Without it, that is on log lines alone. Never shown.",
    },
    Variable {
        name: "DTX_CYCLE_SECONDS",
        default: "5",
        meaning: "How many seconds the notifier and the transitioner wait until they look again.",
    },
    Variable {
        name: "DTX_NOTIFY_BEFORE",
        default: "15",
        meaning: "How many minutes before a game its notice is sent.",
    },
    Variable {
        name: "DTX_GAME_MINUTES",
        default: "60",
        meaning: "How many minutes a game runs, unless somebody ends it before.",
    },
    Variable {
        name: "SSL_CERT_FILE",
        default: "those of the system, else Mozilla's",
        meaning: "A file of the authorities that are trusted, in PEM. For every connection with TLS.",
    },
    Variable {
        name: "SSL_CERT_DIR",
        default: "unset",
        meaning: "Directories of such files, separated by colons.",
    },
    Variable {
        name: "DTX_TLS_CA",
        default: "the authorities of all connections",
        meaning: "A file of the authorities that sign the certificates of Redis and RabbitMQ, in PEM. For rediss:// and amqps://.",
    },
    Variable {
        name: "DTX_TLS_CERT",
        default: "unset",
        meaning: "A file with the certificate that Redis and RabbitMQ are shown, in PEM.",
    },
    Variable {
        name: "DTX_TLS_KEY",
        default: "unset",
        meaning: "A file with the key of that certificate.",
    },
    Variable {
        name: "HTTP_PROXY",
        default: "unset",
        meaning: "The proxy of requests to other services by http. Never of those to this host or to the API. Never shown.",
    },
    Variable {
        name: "HTTPS_PROXY",
        default: "unset",
        meaning: "The same for https.",
    },
    Variable {
        name: "ALL_PROXY",
        default: "unset",
        meaning: "Either, where it is unset.",
    },
    Variable {
        name: "NO_PROXY",
        default: "unset",
        meaning: "The hosts that are reached without one, separated by commas.",
    },
];

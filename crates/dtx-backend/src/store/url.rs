//! Which database it is.

use std::fmt;
use std::path::Path;
use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use crate::settings::TlsSettings;
use crate::tls;

const DEFAULT_FILE: &str = "data/dtx.sqlite";

/// The parameters of PostgreSQL's URLs that name files of certificates.
const PARAMETERS: [&str; 3] = [ROOT, "sslcert", KEY];
const ROOT: &str = "sslrootcert";
const KEY: &str = "sslkey";

/// Where the data is: a database of PostgreSQL, or a SQLite file, by default `data/dtx.sqlite` in
/// the working directory.
///
/// It shows itself without what is needed to get in.
#[derive(Clone)]
pub struct DatabaseUrl(pub(super) Options);

/// How to connect to it.
#[derive(Clone)]
pub(super) enum Options {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

impl DatabaseUrl {
    /// Reads `postgres://<user>:<password>@<host>:<port>/<database>`, or `sqlite:<path>`, with
    /// the parameters of PostgreSQL's and SQLite's own URLs. What the first leaves out is taken
    /// from PostgreSQL's own variables, such as `PGHOST`.
    ///
    /// # Errors
    ///
    /// When it is anything else: what would be right; and when a file of `sslrootcert`, `sslcert` or
    /// `sslkey` cannot be used. The URL, which may hold a password, is not shown.
    pub fn parse(url: &str) -> Result<Self, String> {
        let url = Self::parse_without_files(url)?;
        for file in url.tls_files() {
            file.check()
                .map_err(|problem| format!("{}: {problem}", file.parameter))?;
        }
        Ok(url)
    }

    /// The same, without a look at the files that it names.
    pub(crate) fn parse_without_files(url: &str) -> Result<Self, String> {
        let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let options = match is_postgres {
            true => PgConnectOptions::from_str(url)
                .ok()
                .map(|options| Options::Postgres(Box::new(options))),
            false => sqlite(url).map(|options| Options::Sqlite(Box::new(options))),
        };
        options.map(Self).ok_or_else(|| {
            format!(
                "not the URL of a database such as postgres://user:password@localhost/dtx, or of \
                 a SQLite file such as sqlite:{DEFAULT_FILE}"
            )
        })
    }

    /// The files of certificates that it names.
    pub(crate) fn tls_files(&self) -> Vec<TlsFile> {
        let Options::Postgres(options) = &self.0 else {
            return Vec::new();
        };
        let url = options.to_url_lossy();
        let files = url.query_pairs().filter_map(|(parameter, value)| {
            let parameter = PARAMETERS.into_iter().find(|name| *name == parameter)?;
            // Anything else is the certificate itself.
            let path = value.strip_prefix("file: ")?.to_owned();
            Some(TlsFile { parameter, path })
        });
        files.collect()
    }

    /// The options of PostgreSQL with the authorities of the settings, unless it names others.
    pub(super) fn secured(
        &self,
        options: &PgConnectOptions,
        tls: &TlsSettings,
    ) -> PgConnectOptions {
        let url = options.to_url_lossy();
        let has_authorities = url.query_pairs().any(|(name, _)| name == ROOT);
        if has_authorities {
            return options.clone();
        }
        let authorities = tls.common().authorities_in_pem();
        options.clone().ssl_root_cert_from_pem(authorities)
    }

    /// The SQLite database in this file.
    pub fn file(path: impl AsRef<Path>) -> Self {
        let options = SqliteConnectOptions::new().filename(path);
        Self(Options::Sqlite(Box::new(options)))
    }
}

/// A file that a URL of PostgreSQL names.
pub(crate) struct TlsFile {
    pub(crate) parameter: &'static str,
    pub(crate) path: String,
}

impl TlsFile {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// When it is not what it should be.
    pub(crate) fn check(&self) -> Result<(), String> {
        let path = Path::new(&self.path);
        match self.parameter {
            KEY => tls::read_key(path).map(drop),
            _ => tls::read_certificates(path).map(drop),
        }
    }
}

impl Default for DatabaseUrl {
    fn default() -> Self {
        Self::file(DEFAULT_FILE)
    }
}

impl fmt::Display for DatabaseUrl {
    /// Shows the name of the file; of PostgreSQL the host, the port and the database.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Options::Sqlite(options) => options.get_filename().display().fmt(f),
            Options::Postgres(options) => {
                let database = options.get_database().unwrap_or(options.get_username());
                match options.get_socket() {
                    Some(socket) => write!(f, "{}/{database}", socket.display()),
                    None => {
                        let (host, port) = (options.get_host(), options.get_port());
                        write!(f, "{host}:{port}/{database}")
                    }
                }
            }
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    /// Shows what [`Display`](fmt::Display) does: the options have the password in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

fn sqlite(url: &str) -> Option<SqliteConnectOptions> {
    let is_file =
        url.starts_with("sqlite:") && !url.contains(":memory:") && !url.contains("mode=memory");
    is_file
        .then(|| SqliteConnectOptions::from_str(url).ok())
        .flatten()
        // Without a name SQLite gives every connection a database of its own.
        .filter(|options| !options.get_filename().as_os_str().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_urls_name_their_file() {
        for (url, file) in [
            ("sqlite:data/dtx.sqlite", "data/dtx.sqlite"),
            ("sqlite://data/dtx.sqlite", "data/dtx.sqlite"),
            ("sqlite:///data/dtx.sqlite?mode=rwc", "/data/dtx.sqlite"),
            ("sqlite:a%20b.sqlite", "a b.sqlite"),
        ] {
            assert_eq!(DatabaseUrl::parse(url).unwrap().to_string(), file, "{url}");
        }
    }

    #[test]
    fn postgres_urls_show_where_the_database_is_and_no_password() {
        for (url, shown) in [
            ("postgres://dtx:s3cret@db/site", "db:5432/site"),
            ("postgresql://dtx:s3cret@db:6543/site", "db:6543/site"),
            ("postgres://dtx@localhost/", "localhost:5432/dtx"),
            ("postgres://dtx:s3cret@%2Frun%2Fdb/site", "/run/db/site"),
            (
                "postgres://db/site?user=dtx&password=s3cret",
                "db:5432/site",
            ),
        ] {
            let parsed = DatabaseUrl::parse(url).unwrap();
            assert_eq!(parsed.to_string(), shown, "{url}");
            assert_eq!(format!("{parsed:?}"), format!("DatabaseUrl({shown})"));
        }
    }

    #[test]
    fn other_urls_are_refused_and_not_shown() {
        for url in [
            "",
            "dtx.sqlite",
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "sqlite:x?mode=memory",
            "sqlite:dtx.sqlite?mode=x",
            "SQLITE:dtx",
            "mysql://root:s3cret@localhost/dtx",
            "postgres:s3cret",
            "postgres://dtx:s3cret@db:port/site",
            "postgresql+tls://dtx:s3cret@db/site",
        ] {
            let problem = DatabaseUrl::parse(url).unwrap_err();
            assert!(!problem.contains("s3cret"), "{url}: {problem}");
        }
    }
}

//! PostgreSQL.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;

use crate::leave_out;
use crate::server::{Greeting, Server};
use crate::shared::shared;

/// Whom the server runs as when the test is root, which it refuses to be.
const USER: &str = "postgres";
/// Begins a session, which is answered by a request for authentication and else by an error.
const GREETING: Greeting = Greeting(
    b"\x00\x00\x00\x29\x00\x03\x00\x00user\x00postgres\x00database\x00postgres\x00\x00",
    b"R",
);

/// A cluster with one database.
#[derive(Debug)]
pub struct PostgresServer {
    server: Server,
    programs: PathBuf,
    /// User and group, where these are not the test's.
    owner: Option<(u32, u32)>,
}

impl PostgresServer {
    /// Starts one. Gives `None` where PostgreSQL is not installed, and says so on the standard
    /// error.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            leave_out("there is no initdb of PostgreSQL");
            return None;
        };
        let server = Server::new();
        let directory = server.directory();
        let is_root = directory.metadata().unwrap().uid() == 0;
        let owner = is_root.then(ids_of_user);
        if let Some((user, group)) = owner {
            chown(directory, Some(user), Some(group)).unwrap();
        }
        let server = Self {
            server,
            programs,
            owner,
        };
        let mut initdb = server.command("initdb");
        initdb.current_dir(server.server.directory());
        let output = initdb
            .args(["-A", "trust", "-U", "postgres", "--no-sync"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{initdb:?}: {output:?}");
        server.start_again();
        Some(server)
    }

    /// Gives the URL of the server that tests share, if it answers: the one that
    /// `TEST_POSTGRES_URL` names, which then has to, or one on the usual port of this machine. Says
    /// on the standard error when none does.
    ///
    /// # Panics
    ///
    /// When one is named and does not answer.
    pub fn shared() -> Option<String> {
        let usual = "postgres://postgres:postgres@127.0.0.1:5432/postgres";
        shared("PostgreSQL", "TEST_POSTGRES_URL", usual)
    }

    /// Gives the URL of its database, which it keeps.
    pub fn url(&self) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/postgres",
            self.server.port()
        )
    }

    /// Ends it as a power cut does: what was committed stays.
    pub fn crash(&self) {
        self.server.crash();
    }

    /// Starts it where it was, with what it has kept, and waits until it answers.
    ///
    /// # Panics
    ///
    /// When it runs, or does not start.
    pub fn start_again(&self) {
        let mut command = self.command("postgres");
        command.args(["-p", &self.server.port().to_string()]);
        let settings = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            // What the kernel has outlives the process.
            "fsync=off",
        ];
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        // Which ends all its processes at once; killed, it would leave them behind.
        self.server.start(command, Signal::QUIT, GREETING);
    }

    /// One of the programs, told where the data is.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command.arg("-D").arg(self.server.directory().join("data"));
        command
    }
}

/// Finds where the programs of the newest version of Debian's are, or else in the search path.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let of_debian = versions.flatten().map(|version| version.path().join("bin"));
    let mut of_debian: Vec<_> = of_debian.collect();
    of_debian.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = std::env::split_paths(&path).chain(of_debian);
    all.filter(|path| path.join("initdb").exists()).last()
}

fn ids_of_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let mut users = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>());
    let user = users.find(|fields| fields[0] == USER);
    let user = user.unwrap_or_else(|| panic!("there is no user {USER}"));
    (user[2].parse().unwrap(), user[3].parse().unwrap())
}

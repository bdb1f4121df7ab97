-- Users, and who is logged in.

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL CHECK (username <> ''),
    -- In PHC form: the parameters and the salt are in it.
    password_hash TEXT NOT NULL,
    is_staff BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TEXT NOT NULL
);
CREATE UNIQUE INDEX users_username ON users (lower(username));

CREATE TABLE sessions (
    -- SHA-256 of the token that the client holds.
    token_hash BLOB PRIMARY KEY CHECK (length(token_hash) = 32),
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- What is played for. Everything beneath an organization belongs to its owner.

CREATE TABLE organizations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE CHECK (name <> ''),
    owner_id INTEGER NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL
);
CREATE INDEX organizations_owner ON organizations (owner_id);

CREATE TABLE leagues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id INTEGER NOT NULL REFERENCES organizations (id),
    name TEXT NOT NULL CHECK (name <> ''),
    created_at TEXT NOT NULL,
    UNIQUE (organization_id, name)
);

CREATE TABLE tournaments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    league_id INTEGER NOT NULL REFERENCES leagues (id),
    name TEXT NOT NULL CHECK (name <> ''),
    starts_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (league_id, name),
    UNIQUE (id, league_id)
);

-- Who plays. A team plays in one league and belongs to its captain.

CREATE TABLE teams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    league_id INTEGER NOT NULL REFERENCES leagues (id),
    name TEXT NOT NULL CHECK (name <> ''),
    captain_id INTEGER NOT NULL REFERENCES users (id),
    created_at TEXT NOT NULL,
    UNIQUE (league_id, name),
    UNIQUE (id, league_id)
);
CREATE INDEX teams_captain ON teams (captain_id);

-- What is played. The league stands in each row so that the foreign keys keep both teams
-- within the league of the tournament.

CREATE TABLE drafts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tournament_id INTEGER NOT NULL,
    league_id INTEGER NOT NULL,
    first_team_id INTEGER NOT NULL,
    second_team_id INTEGER NOT NULL,
    starts_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CHECK (first_team_id <> second_team_id),
    FOREIGN KEY (tournament_id, league_id) REFERENCES tournaments (id, league_id),
    FOREIGN KEY (first_team_id, league_id) REFERENCES teams (id, league_id),
    FOREIGN KEY (second_team_id, league_id) REFERENCES teams (id, league_id)
);
CREATE INDEX drafts_tournament ON drafts (tournament_id);
CREATE INDEX drafts_first_team ON drafts (first_team_id);
CREATE INDEX drafts_second_team ON drafts (second_team_id);

CREATE TABLE games (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tournament_id INTEGER NOT NULL,
    league_id INTEGER NOT NULL,
    round INTEGER NOT NULL CHECK (round >= 1),
    first_team_id INTEGER NOT NULL,
    second_team_id INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'scheduled' CHECK (state IN ('scheduled', 'running', 'finished')),
    scheduled_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT,
    created_at TEXT NOT NULL,
    CHECK (first_team_id <> second_team_id),
    CHECK ((state = 'scheduled') = (started_at IS NULL)),
    CHECK ((state = 'finished') = (finished_at IS NOT NULL)),
    UNIQUE (id, first_team_id, second_team_id),
    FOREIGN KEY (tournament_id, league_id) REFERENCES tournaments (id, league_id),
    FOREIGN KEY (first_team_id, league_id) REFERENCES teams (id, league_id),
    FOREIGN KEY (second_team_id, league_id) REFERENCES teams (id, league_id)
);
CREATE INDEX games_tournament ON games (tournament_id, round);
CREATE INDEX games_first_team ON games (first_team_id);
CREATE INDEX games_second_team ON games (second_team_id);
CREATE INDEX games_due ON games (state, scheduled_at);

-- The result of a finished game. The teams stand in each row so that the winner is one of
-- them; a draw has no winner.
CREATE TABLE matches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    game_id INTEGER NOT NULL UNIQUE,
    first_team_id INTEGER NOT NULL,
    second_team_id INTEGER NOT NULL,
    winner_id INTEGER CHECK (winner_id IN (first_team_id, second_team_id)),
    first_score INTEGER NOT NULL CHECK (first_score >= 0),
    second_score INTEGER NOT NULL CHECK (second_score >= 0),
    created_at TEXT NOT NULL,
    FOREIGN KEY (game_id, first_team_id, second_team_id)
        REFERENCES games (id, first_team_id, second_team_id)
);

-- Each match as each of its two teams sees it.
CREATE VIEW results (tournament_id, team_id, won, lost, scored, conceded) AS
SELECT
    games.tournament_id,
    matches.first_team_id,
    CASE WHEN matches.winner_id = matches.first_team_id THEN 1 ELSE 0 END,
    CASE WHEN matches.winner_id = matches.second_team_id THEN 1 ELSE 0 END,
    matches.first_score,
    matches.second_score
FROM matches JOIN games ON games.id = matches.game_id
UNION ALL
SELECT
    games.tournament_id,
    matches.second_team_id,
    CASE WHEN matches.winner_id = matches.second_team_id THEN 1 ELSE 0 END,
    CASE WHEN matches.winner_id = matches.first_team_id THEN 1 ELSE 0 END,
    matches.second_score,
    matches.first_score
FROM matches JOIN games ON games.id = matches.game_id;

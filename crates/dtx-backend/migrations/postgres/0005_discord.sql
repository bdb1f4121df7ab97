-- The face of the site in a chat: who somebody is there, and who takes part in a game.

-- An id of Discord, in digits: it does not fit the numbers of JSON.
ALTER TABLE users ADD COLUMN discord_id TEXT CHECK (discord_id <> '');
CREATE UNIQUE INDEX users_discord_id ON users (discord_id);

CREATE TABLE game_players (
    game_id BIGINT NOT NULL REFERENCES games (id) ON DELETE CASCADE,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    joined_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (game_id, user_id)
);
CREATE INDEX game_players_user ON game_players (user_id);

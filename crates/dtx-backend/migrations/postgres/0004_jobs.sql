-- What background jobs work out. The jobs themselves are in the schema `apalis`, which has
-- migrations of its own.

-- How each player did in a match, as Steam has it. Whoever hides the account is left out.
CREATE TABLE player_stats (
    match_id BIGINT NOT NULL REFERENCES matches (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL,
    kills BIGINT NOT NULL CHECK (kills >= 0),
    deaths BIGINT NOT NULL CHECK (deaths >= 0),
    assists BIGINT NOT NULL CHECK (assists >= 0),
    PRIMARY KEY (match_id, account_id)
);

-- The tables of tournaments, for as long as nothing changes that they follow from.
CREATE TABLE stored_tables (
    tournament_id BIGINT PRIMARY KEY REFERENCES tournaments (id) ON DELETE CASCADE,
    computed_at TIMESTAMPTZ NOT NULL
);
CREATE TABLE stored_standings (
    tournament_id BIGINT NOT NULL REFERENCES stored_tables (tournament_id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    team_id BIGINT NOT NULL,
    team TEXT NOT NULL,
    played BIGINT NOT NULL,
    won BIGINT NOT NULL,
    drawn BIGINT NOT NULL,
    lost BIGINT NOT NULL,
    scored BIGINT NOT NULL,
    conceded BIGINT NOT NULL,
    points BIGINT NOT NULL,
    PRIMARY KEY (tournament_id, position)
);

-- A table that is out of date is not there: so nobody ever reads one. Whoever changes what it
-- follows from locks the tournament, as whoever stores it does: else a table that is being stored
-- would not be seen here. Not its key, which others refer to meanwhile.
CREATE FUNCTION forget_table(changed BIGINT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM tournaments WHERE id = changed FOR NO KEY UPDATE;
    DELETE FROM stored_tables WHERE tournament_id = changed;
END $$;

CREATE FUNCTION match_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM forget_table(tournament_id) FROM games
        WHERE games.id = COALESCE(NEW.game_id, OLD.game_id);
    RETURN NULL;
END $$;
CREATE TRIGGER match_changed AFTER INSERT OR UPDATE OR DELETE ON matches
    FOR EACH ROW EXECUTE FUNCTION match_changed();

CREATE FUNCTION game_changed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM forget_table(COALESCE(NEW.tournament_id, OLD.tournament_id));
    RETURN NULL;
END $$;
CREATE TRIGGER game_changed AFTER INSERT OR DELETE ON games
    FOR EACH ROW EXECUTE FUNCTION game_changed();

CREATE FUNCTION team_renamed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    -- In one order: two that rename at once do not wait for each other.
    PERFORM forget_table(id) FROM
        (SELECT id FROM tournaments WHERE league_id = NEW.league_id ORDER BY id) AS theirs;
    RETURN NULL;
END $$;
CREATE TRIGGER team_renamed AFTER UPDATE OF name ON teams
    FOR EACH ROW EXECUTE FUNCTION team_renamed();

-- What Steam had of another match says nothing of this one.
CREATE FUNCTION forget_stats() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM player_stats WHERE match_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER match_of_another_steam_match AFTER UPDATE OF steam_match_id ON matches
    FOR EACH ROW WHEN (OLD.steam_match_id IS DISTINCT FROM NEW.steam_match_id)
    EXECUTE FUNCTION forget_stats();

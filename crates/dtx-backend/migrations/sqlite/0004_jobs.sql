-- What background jobs work out. The jobs themselves are in the tables `Jobs` and `Workers` of
-- apalis, which has migrations of its own: no table here may have these names, in any case.

-- How each player did in a match, as Steam has it. Whoever hides the account is left out.
CREATE TABLE player_stats (
    match_id INTEGER NOT NULL REFERENCES matches (id) ON DELETE CASCADE,
    account_id BIGINT NOT NULL,
    kills INTEGER NOT NULL CHECK (kills >= 0),
    deaths INTEGER NOT NULL CHECK (deaths >= 0),
    assists INTEGER NOT NULL CHECK (assists >= 0),
    PRIMARY KEY (match_id, account_id)
);

-- The tables of tournaments, for as long as nothing changes that they follow from.
CREATE TABLE stored_tables (
    tournament_id INTEGER PRIMARY KEY REFERENCES tournaments (id) ON DELETE CASCADE,
    computed_at TEXT NOT NULL
);
CREATE TABLE stored_standings (
    tournament_id INTEGER NOT NULL REFERENCES stored_tables (tournament_id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    team_id INTEGER NOT NULL,
    team TEXT NOT NULL,
    played INTEGER NOT NULL,
    won INTEGER NOT NULL,
    drawn INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    scored INTEGER NOT NULL,
    conceded INTEGER NOT NULL,
    points INTEGER NOT NULL,
    PRIMARY KEY (tournament_id, position)
);

-- A table that is out of date is not there: so nobody ever reads one.

CREATE TRIGGER match_created AFTER INSERT ON matches BEGIN
    DELETE FROM stored_tables WHERE tournament_id =
        (SELECT tournament_id FROM games WHERE games.id = NEW.game_id);
END;
CREATE TRIGGER match_updated AFTER UPDATE ON matches BEGIN
    DELETE FROM stored_tables WHERE tournament_id =
        (SELECT tournament_id FROM games WHERE games.id = NEW.game_id);
END;
CREATE TRIGGER match_deleted AFTER DELETE ON matches BEGIN
    DELETE FROM stored_tables WHERE tournament_id =
        (SELECT tournament_id FROM games WHERE games.id = OLD.game_id);
END;
CREATE TRIGGER game_created AFTER INSERT ON games BEGIN
    DELETE FROM stored_tables WHERE tournament_id = NEW.tournament_id;
END;
CREATE TRIGGER game_deleted AFTER DELETE ON games BEGIN
    DELETE FROM stored_tables WHERE tournament_id = OLD.tournament_id;
END;
CREATE TRIGGER team_renamed AFTER UPDATE OF name ON teams BEGIN
    DELETE FROM stored_tables WHERE tournament_id IN
        (SELECT id FROM tournaments WHERE tournaments.league_id = NEW.league_id);
END;

-- What Steam had of another match says nothing of this one.
CREATE TRIGGER match_of_another_steam_match AFTER UPDATE OF steam_match_id ON matches
WHEN OLD.steam_match_id IS NOT NEW.steam_match_id BEGIN
    DELETE FROM player_stats WHERE match_id = NEW.id;
END;

-- The match on Steam whose result a match has: NULL when somebody entered it by hand.
ALTER TABLE matches ADD COLUMN steam_match_id BIGINT;

-- Live drafts: begun by a captain, and then the captains pick in turn.

ALTER TABLE drafts ADD COLUMN started_at TEXT;

-- Two captains who pick at once, or a clock that runs out meanwhile, make one pick: the position
-- is the key.
CREATE TABLE draft_picks (
    draft_id INTEGER NOT NULL REFERENCES drafts (id) ON DELETE CASCADE,
    position INTEGER NOT NULL CHECK (position >= 1),
    team_id INTEGER NOT NULL,
    hero TEXT NOT NULL,
    is_automatic BOOLEAN NOT NULL,
    picked_at TEXT NOT NULL,
    PRIMARY KEY (draft_id, position),
    UNIQUE (draft_id, hero)
);

-- What is to be told to others, and what was told.

-- Events that no broker has yet: stored in the transaction that makes them true.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    routing_key TEXT NOT NULL,
    body TEXT NOT NULL,
    -- The context of who did it, as JSON: so the trace goes on, whenever it is sent.
    headers TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- Whoever sends it has until then.
    claimed_until TIMESTAMPTZ NOT NULL
);
CREATE INDEX outbox_claims ON outbox (claimed_until);

-- Notices of games that are about to begin. A game that is put off has another one.
CREATE TABLE notifications (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    game_id BIGINT NOT NULL REFERENCES games (id) ON DELETE CASCADE,
    scheduled_at TIMESTAMPTZ NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    next_attempt_at TIMESTAMPTZ NOT NULL,
    sent_at TIMESTAMPTZ,
    UNIQUE (game_id, scheduled_at)
);
CREATE INDEX notifications_due ON notifications (next_attempt_at) WHERE sent_at IS NULL;

-- Events that were announced in the chat, or are about to be: a broker may bring one twice.
CREATE TABLE announcements (
    event_id TEXT PRIMARY KEY,
    claimed_until TIMESTAMPTZ NOT NULL,
    announced_at TIMESTAMPTZ
);

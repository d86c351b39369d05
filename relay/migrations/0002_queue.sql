-- The queue of letters for other operators: one row for each recipient, gone once its letter is settled.
-- The table of 0001 was never used.
DROP TABLE outbound;
CREATE TABLE outbound (
    id {ID},
    queue {INT} NOT NULL,
    body {INT} NOT NULL,
    head {INT} NOT NULL,
    domain {TEXT} NOT NULL,
    -- Recipient (it may be an INS), sender, wishes about reports.
    sealed_envelope {BYTES} NOT NULL,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    -- waiting, held, quarantined.
    state {TEXT} NOT NULL,
    -- When a worker may take it: the next try, or the end of the lease of whoever has it.
    due_at {INT} NOT NULL,
    -- The worker that has it, 0 for none. Left behind by a worker that died: the next one counts a strike.
    lease {INT} NOT NULL,
    attempts {INT} NOT NULL,
    strikes {INT} NOT NULL,
    -- When the sender was told that it is late.
    told_late_at {INT},
    -- Why it still waits. A peer's reply may quote a recipient, so it is sealed.
    sealed_reason {BYTES}
) {STRICT};
CREATE INDEX outbound_due ON outbound (due_at, id) WHERE state = 'waiting';
CREATE INDEX outbound_queue ON outbound (queue);
-- What became of each recipient, for support: kept when its row is gone.
CREATE TABLE outbound_trace (
    queue {INT} NOT NULL,
    id {INT} NOT NULL,
    at {INT} NOT NULL,
    domain {TEXT} NOT NULL,
    -- delivered, failed, expired, dropped.
    outcome {TEXT} NOT NULL,
    attempts {INT} NOT NULL,
    -- Recipient, the peer's reply, its name, the TLS under it.
    sealed_trace {BYTES} NOT NULL,
    PRIMARY KEY (queue, id)
) {CLUSTERED};

-- Notices waiting to leave the house, or gone. They name an account and a kind, nothing else: where
-- they go is asked of the directory when they leave, and what they say is one fixed text.
CREATE TABLE alert (
    id {ID},
    account {INT} NOT NULL,
    kind {TEXT} NOT NULL,
    audience {TEXT} NOT NULL,
    due_at {INT} NOT NULL,
    created_at {INT} NOT NULL,
    -- waiting, sent, failed, muted
    state {TEXT} NOT NULL,
    lease_until {INT} NOT NULL,
    attempts {INT} NOT NULL,
    settled_at {INT},
    last_error {TEXT}
) {STRICT};
CREATE INDEX alert_due ON alert (due_at) WHERE state = 'waiting';
CREATE INDEX alert_latest ON alert (account, due_at);
-- Which of an alert's destinations have been reached already, by keyed hash: a retry skips them.
CREATE TABLE alert_reached (
    alert {INT} NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    destination {BYTES} NOT NULL,
    reached_at {INT} NOT NULL,
    PRIMARY KEY (alert, destination)
) {CLUSTERED};
-- Letters for other operators: one row for each recipient. The envelope is sealed.
CREATE TABLE outbound (
    id {ID},
    queue {INT} NOT NULL,
    body {INT} NOT NULL,
    head {INT} NOT NULL,
    domain {TEXT} NOT NULL,
    envelope {BYTES} NOT NULL,
    due_at {INT} NOT NULL,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    state {TEXT} NOT NULL,
    lease_until {INT} NOT NULL,
    attempts {INT} NOT NULL,
    strikes {INT} NOT NULL,
    last_reply {TEXT}
) {STRICT};
CREATE INDEX outbound_due ON outbound (due_at) WHERE state = 'waiting';
CREATE INDEX outbound_queue ON outbound (queue);

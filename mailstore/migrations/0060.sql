-- Entries that came lately, in the order in which they came (ADR 0041): one page takes twenty of them, whosesoever they
-- are. Some hundred at a time they move to `entry`, where they stand by folder. SQLite only: PostgreSQL puts a new row
-- where there is room, and this table stays empty there.
CREATE TABLE fresh_entry (
    id {ID},
    folder {INT} NOT NULL,
    uid {INT} NOT NULL,
    account {INT} NOT NULL,
    modseq {INT} NOT NULL,
    flags {INT} NOT NULL,
    keywords {TEXT},
    internal_date {INT} NOT NULL,
    size {INT} NOT NULL,
    head {INT} NOT NULL,
    body {INT} NOT NULL,
    origin {INT} NOT NULL,
    hidden {INT} NOT NULL,
    conversation {INT},
    queue {INT},
    saved_at {INT}
) {STRICT};
-- All of them: what is read is read here. What is changed is moved first, and changed in `entry`.
CREATE VIEW entries AS
SELECT folder, uid, id, account, modseq, remarked, flags, keywords, internal_date, size, head, body, origin, hidden,
    conversation, queue, saved_at FROM entry
UNION ALL
SELECT folder, uid, id, account, modseq, CAST(NULL AS {INT}), flags, keywords, internal_date, size, head, body, origin,
    hidden, conversation, queue, saved_at FROM fresh_entry;

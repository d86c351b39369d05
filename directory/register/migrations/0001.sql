-- Which generation of the national entries is in force: one row, moved by one statement. A row of
-- register_row is seen at generation g when since <= g and g < until (docs/adr/0024-register-generations.md).
CREATE TABLE register_pointer (
    id {ID},
    generation {INT} NOT NULL,
    -- Grows with every flip and every local change: for caches, ETags and pages.
    version {INT} NOT NULL,
    next_id {INT} NOT NULL,
    next_record {INT} NOT NULL,
    entries {INT} NOT NULL,
    mailboxes {INT} NOT NULL,
    activities {INT} NOT NULL,
    flipped_at {INT} NOT NULL
) {STRICT};
INSERT INTO register_pointer
    (id, generation, version, next_id, next_record, entries, mailboxes, activities, flipped_at)
    VALUES (1, 0, 1, 1, 1, 0, 0, 0, 0);

-- A version of an entry, small: imports compare digests here and read nothing else. The key is P or S and the
-- national identifier; entries are written in its order, so a first import only appends.
CREATE TABLE register_row (
    national_key {BYTES} NOT NULL,
    since {INT} NOT NULL,
    until {INT} NOT NULL,
    id {INT} NOT NULL,
    record {INT} NOT NULL,
    activity_digest {BYTES},
    mailbox_digest {BYTES},
    mailboxes {INT} NOT NULL,
    activities {INT} NOT NULL,
    changed_at {INT} NOT NULL,
    PRIMARY KEY (national_key, since)
) {CLUSTERED};
CREATE INDEX register_row_of ON register_row (id, since);

-- What a version says: what the activity extract tells of the entry, and what the mailbox extract tells.
CREATE TABLE register_record (
    record {ID},
    id {INT} NOT NULL,
    activity {BYTES},
    mailbox {BYTES}
) {STRICT};

-- Who holds an address, and of which kind it is for ever. Rows stay when the entry goes: address and kind
-- never change (DOMAIN §1.5). The entry in force says whether the mailbox still exists.
CREATE TABLE register_address (
    address {BYTES} NOT NULL,
    holder {INT} NOT NULL,
    kind {TEXT} NOT NULL,
    since {INT} NOT NULL,
    PRIMARY KEY (address, holder)
) {CLUSTERED};

-- Versions that a generation ended: swept once nobody reads the generation before.
CREATE TABLE register_ended (
    until {INT} NOT NULL,
    national_key {BYTES} NOT NULL,
    since {INT} NOT NULL,
    record {INT} NOT NULL,
    PRIMARY KEY (until, national_key)
) {CLUSTERED};

-- Imports: the one under way or unfinished, and the finished ones.
CREATE TABLE register_import (
    generation {ID},
    state {TEXT} NOT NULL,
    files {TEXT} NOT NULL,
    digest {BYTES} NOT NULL,
    started_at {INT} NOT NULL,
    finished_at {INT},
    -- Nobody else goes on with it before this instant.
    held_until {INT} NOT NULL,
    holder {INT} NOT NULL,
    changes_done {INT} NOT NULL,
    addresses_done {INT} NOT NULL,
    summary {TEXT} NOT NULL
) {STRICT};

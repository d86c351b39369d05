-- The account keys: a database of their own, with short-lived backups, so that destroying a key here
-- destroys its account's content in old backups of the data too (DESIGN §2.3).

CREATE TABLE account_key (
    account {ID},
    wrapped {BYTES} NOT NULL,
    created_at {INT} NOT NULL
) {STRICT};

-- What was destroyed, replayed when an older backup of this file is restored.
CREATE TABLE destroyed_key (
    account {ID},
    destroyed_at {INT} NOT NULL
) {STRICT};

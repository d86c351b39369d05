-- Keys of programs that ask the directory over HTTPS. Of a key only a keyed hash is kept. A key that publishes
-- mailboxes does so for the structures it is given, by national number.
CREATE TABLE api_key (
    id {ID},
    label {TEXT} NOT NULL,
    lookup {BYTES} NOT NULL UNIQUE,
    created_at {INT} NOT NULL,
    revoked_at {INT}
) {STRICT};

CREATE TABLE api_key_structure (
    api_key {INT} NOT NULL REFERENCES api_key (id),
    structure {TEXT} NOT NULL,
    PRIMARY KEY (api_key, structure)
) {STRICT};

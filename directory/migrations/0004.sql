-- The one salt of all application passwords (docs/adr/0019-one-salt.md). Drawn when the house is first
-- opened, never changed: every verifier was made with it.
CREATE TABLE scram_salt (
    id {ID},
    salt {BYTES} NOT NULL
) {STRICT};

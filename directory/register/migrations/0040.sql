-- Numbers of one structure that a line of an official extract states together: SIRET and FINESS of its site
-- (docs/adr/0033-two-numbers-one-structure.md). At generation g the row with the largest since <= g counts. Without a
-- FINESS: the lines of one day name several, and nothing is joined.
CREATE TABLE register_alias (
    siret {INT} NOT NULL,
    since {INT} NOT NULL,
    finess {TEXT},
    PRIMARY KEY (siret, since)
) {CLUSTERED};
CREATE INDEX register_alias_of ON register_alias (finess);

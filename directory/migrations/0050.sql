-- How far the import of a large table of patients is, by the hash of its file. Nobody's traits stand here.
CREATE TABLE patient_import (
    digest {BYTES} NOT NULL PRIMARY KEY,
    name {TEXT} NOT NULL,
    started_at {INT} NOT NULL,
    -- Everything up to this line of the file is in.
    line {INT} NOT NULL,
    added {INT} NOT NULL,
    changed {INT} NOT NULL,
    unchanged {INT} NOT NULL,
    finished_at {INT}
) {STRICT};

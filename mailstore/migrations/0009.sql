-- A small body stands behind the first head of its letter, whose number is the body's own: one row instead of
-- two that each left a third of a page empty (ADR 0022). What lists of letters read comes first in the row. The
-- first head needs no index to be found by its body.
CREATE TABLE head_and_body (
    id {ID},
    body {INT} NOT NULL,
    sealed_summary {BYTES} NOT NULL,
    sealed_block {BYTES} NOT NULL,
    -- Sealed frames of the body, when small: in its first head.
    frames {BYTES}
) {STRICT};
INSERT INTO head_and_body (id, body, sealed_summary, sealed_block)
    SELECT id, body, sealed_summary, sealed_block FROM head;
DROP TABLE head;
ALTER TABLE head_and_body RENAME TO head;
CREATE INDEX head_body ON head (body) WHERE id <> body;

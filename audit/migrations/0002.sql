-- The trail in the order of time (ADR 0023). A line of an account no longer stands beside the others of its
-- chain, where each opened a page of its own: all lines of a commit stand at the end, and each knows the one
-- before it in its chain.
CREATE TABLE audit_trail (
    id {ID},
    chain {INT} NOT NULL,
    seq {INT} NOT NULL,
    at {INT} NOT NULL,
    salt {BYTES},
    line {TEXT},
    commitment {BYTES} NOT NULL,
    hash {BYTES} NOT NULL,
    -- The line before it in its chain; none for the first.
    previous {INT}
) {STRICT};
INSERT INTO audit_trail (id, chain, seq, at, salt, line, commitment, hash, previous)
    SELECT number, chain, seq, at, salt, line, commitment, hash, CASE WHEN seq = 1 THEN NULL ELSE number - 1 END
    FROM (SELECT ROW_NUMBER() OVER (ORDER BY chain, seq) AS number, chain, seq, at, salt, line, commitment, hash
        FROM audit_line) numbered;
DROP TABLE audit_line;
ALTER TABLE audit_trail RENAME TO audit_line;
ALTER TABLE chain_head ADD COLUMN tail {INT};
CREATE INDEX audit_line_once ON audit_line (chain, seq);
UPDATE chain_head SET tail = (SELECT l.id FROM audit_line l WHERE l.chain = chain_head.chain AND l.seq = chain_head.seq);
DROP INDEX audit_line_once;
-- Every 64th line of a chain is found by its number; from there one walks back.
CREATE UNIQUE INDEX audit_line_mark ON audit_line (chain, seq) WHERE seq % 64 = 0;

-- The trail. One chain for each account (its id) and one for the house (0).
CREATE TABLE chain_head (
    chain {ID},
    seq {INT} NOT NULL,
    hash {BYTES} NOT NULL
) {STRICT};
-- A line whose text and salt are gone was erased; its commitment keeps the chain whole.
CREATE TABLE audit_line (
    chain {INT} NOT NULL,
    seq {INT} NOT NULL,
    at {INT} NOT NULL,
    salt {BYTES},
    line {TEXT},
    commitment {BYTES} NOT NULL,
    hash {BYTES} NOT NULL,
    PRIMARY KEY (chain, seq)
) {CLUSTERED};
CREATE TABLE audit_checkpoint (
    number {ID},
    at {INT} NOT NULL,
    root {BYTES} NOT NULL,
    public_key {BYTES} NOT NULL,
    signature {BYTES} NOT NULL
) {STRICT};
-- The heads that moved since the checkpoint before.
CREATE TABLE audit_checkpoint_head (
    number {INT} NOT NULL,
    chain {INT} NOT NULL,
    seq {INT} NOT NULL,
    hash {BYTES} NOT NULL,
    PRIMARY KEY (number, chain)
) {CLUSTERED};

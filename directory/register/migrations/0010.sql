-- Entries of this house: what holders of our own mailboxes publish, whole, as the last change left it. They win
-- over the national entry of the same holder, and their addresses over the same address there. A row without a
-- listing says that the entry is gone, to processes that still know it.
CREATE TABLE register_local (
    id {ID},
    -- P or S and the national identifier.
    holder {BYTES} NOT NULL UNIQUE,
    -- What register_pointer.version became with this change: who knows an older one reads what is above.
    version {INT} NOT NULL,
    listing {BYTES}
) {STRICT};
CREATE INDEX register_local_version ON register_local (version);

CREATE TABLE register_local_address (
    address {BYTES} NOT NULL PRIMARY KEY,
    id {INT} NOT NULL REFERENCES register_local (id)
) {CLUSTERED};
CREATE INDEX register_local_address_of ON register_local_address (id);

-- What entries are found by (docs/adr/0025-directory-search.md): segments that never change. A base segment
-- holds entries that no other base segment of its generation holds; a later one hides what earlier ones say of
-- the same entries, and of those it says are gone.
CREATE TABLE register_segment (
    id {ID},
    entries {INT} NOT NULL,
    base {BOOL} NOT NULL,
    octets {INT} NOT NULL
) {STRICT};

-- Its parts, in pieces: 0 what it is about, 1 its words, 2 its postings.
CREATE TABLE register_segment_piece (
    segment {INT} NOT NULL REFERENCES register_segment (id),
    part {INT} NOT NULL,
    piece {INT} NOT NULL,
    octets {BYTES} NOT NULL,
    PRIMARY KEY (segment, part, piece)
) {STRICT};

-- Which segments make up the index of a generation, in their order.
CREATE TABLE register_index (
    generation {INT} NOT NULL,
    place {INT} NOT NULL,
    segment {INT} NOT NULL REFERENCES register_segment (id),
    PRIMARY KEY (generation, place)
) {CLUSTERED};

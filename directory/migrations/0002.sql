-- The trust list: where each domain and each name comes from, and what happened to the list.

-- Why a domain is trusted. `trusted_domain` holds what follows from these rows: configuration wins over
-- what was entered by hand, and both over the national list.
CREATE TABLE trusted_source (
    domain {TEXT} NOT NULL,
    source {TEXT} NOT NULL,
    place {TEXT} NOT NULL,
    since {INT} NOT NULL,
    PRIMARY KEY (domain, source)
) {CLUSTERED};
CREATE INDEX trusted_source_source ON trusted_source (source, domain);

INSERT INTO trusted_source (domain, source, place, since) SELECT domain, 'manual', place, 0 FROM trusted_domain;

-- Names are found by their canonical key; earlier rows had none, and importing brings them back.
DROP TABLE trusted_name;

CREATE TABLE trusted_name (
    domain {TEXT} NOT NULL,
    source {TEXT} NOT NULL,
    dn_key {TEXT} NOT NULL,
    dn {TEXT} NOT NULL,
    since {INT} NOT NULL,
    description {TEXT} NOT NULL,
    contact {TEXT} NOT NULL,
    support {TEXT} NOT NULL,
    PRIMARY KEY (domain, dn_key, source),
    FOREIGN KEY (domain, source) REFERENCES trusted_source (domain, source)
) {CLUSTERED};
CREATE INDEX trusted_name_key ON trusted_name (dn_key);
CREATE INDEX trusted_name_source ON trusted_name (domain, source);

-- The list in force; one row. Loaders wait for each other here.
CREATE TABLE trust_list (
    id {ID},
    version {INT},
    sha256 {BYTES},
    -- What else decided how it was applied: the same octets are applied again when it changes.
    applied_with {TEXT} NOT NULL,
    source {TEXT} NOT NULL,
    entries {INT} NOT NULL,
    loaded_at {INT},
    checked_at {INT}
) {STRICT};
INSERT INTO trust_list (id, applied_with, source, entries) VALUES (1, '', '', 0);

-- What happened to the list, and alarms; the same again is counted, not repeated.
CREATE TABLE trust_event (
    kind {TEXT} NOT NULL,
    fingerprint {TEXT} NOT NULL,
    text {TEXT} NOT NULL,
    first_at {INT} NOT NULL,
    last_at {INT} NOT NULL,
    times {INT} NOT NULL,
    PRIMARY KEY (kind, fingerprint)
) {CLUSTERED};

-- Public keys seen in verified certificates of peers, and whose they are.
CREATE TABLE peer_key (
    spki {BYTES} NOT NULL,
    holder {TEXT} NOT NULL,
    dn_key {TEXT} NOT NULL,
    first_seen {INT} NOT NULL,
    last_seen {INT} NOT NULL,
    PRIMARY KEY (spki, dn_key)
) {CLUSTERED};
CREATE INDEX peer_key_dn ON peer_key (dn_key);

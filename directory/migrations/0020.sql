-- The life of a profile (DESIGN §2.5, DOMAIN §6.1): when it falls due, what its person was told, the code they
-- were given, who is activating it, what was agreed to, who else asks to represent a child, what was erased.

-- When an announced profile becomes a created one: six weeks after its announcement left; none before.
ALTER TABLE patient ADD COLUMN due_at {INT};
UPDATE patient SET due_at = announced_at + 3628800000 WHERE announced_at IS NOT NULL;
DROP INDEX patient_announced;
CREATE INDEX patient_due ON patient (due_at) WHERE state = 'announced';
-- When a closed profile is erased because its person asked for it; otherwise it is archived (`archive_years`).
ALTER TABLE patient ADD COLUMN erase_at {INT};
-- Keyed hash of birth name, first name and date of birth: how a parent who is invited by name is found. Written
-- with the traits; rows from before get it when they are next written.
ALTER TABLE patient ADD COLUMN identity_hash {BYTES};
CREATE INDEX patient_identity ON patient (identity_hash) WHERE identity_hash IS NOT NULL;
CREATE INDEX patient_closed ON patient (closed_at) WHERE state = 'closed';

-- The temporary code of a profile, as keyed hash. One at a time: a new one replaces the one before.
CREATE TABLE temporary_code (
    patient {ID},
    number {INT} NOT NULL,
    code {BYTES} NOT NULL,
    created_at {INT} NOT NULL,
    used_at {INT},
    FOREIGN KEY (patient) REFERENCES patient (id)
) {STRICT};

-- What people are told outside about their profile: leased by a worker. A code stands here sealed until it
-- left, and never after.
CREATE TABLE profile_notice (
    id {ID},
    patient {INT} NOT NULL REFERENCES patient (id),
    kind {TEXT} NOT NULL,
    -- email, sms, letter
    way {TEXT} NOT NULL,
    -- waiting, spooled (a letter that is to be printed), sent, failed
    state {TEXT} NOT NULL,
    sealed_code {BYTES},
    due_at {INT} NOT NULL,
    created_at {INT} NOT NULL,
    lease_until {INT} NOT NULL,
    attempts {INT} NOT NULL,
    settled_at {INT},
    last_error {TEXT}
) {STRICT};
CREATE INDEX profile_notice_due ON profile_notice (due_at) WHERE state = 'waiting';
CREATE INDEX profile_notice_spooled ON profile_notice (id) WHERE state = 'spooled';
CREATE INDEX profile_notice_patient ON profile_notice (patient);

-- An activation under way in a browser, which holds the token: what was chosen so far is sealed.
CREATE TABLE activation (
    id {ID},
    token {BYTES} NOT NULL UNIQUE,
    patient {INT} NOT NULL REFERENCES patient (id),
    draft {BYTES} NOT NULL,
    expires_at {INT} NOT NULL
) {STRICT};
CREATE INDEX activation_patient ON activation (patient);
CREATE INDEX activation_expiry ON activation (expires_at);

-- Emergency access, as answered at activation: no answer is a refusal.
CREATE TABLE emergency_consent (
    patient {ID},
    samu {BOOL} NOT NULL,
    professionals {BOOL} NOT NULL,
    masked {BOOL} NOT NULL,
    -- The user who answered.
    holder {INT} NOT NULL,
    answered_at {INT} NOT NULL,
    FOREIGN KEY (patient) REFERENCES patient (id)
) {STRICT};

-- Which text of the terms a user accepted, by its hash, and when.
CREATE TABLE accepted_terms (
    holder {INT} NOT NULL REFERENCES patient_user (id),
    terms {TEXT} NOT NULL,
    accepted_at {INT} NOT NULL,
    PRIMARY KEY (holder, terms)
) {CLUSTERED};

-- One parent invites the other to represent a child too.
CREATE TABLE representation (
    id {ID},
    child {INT} NOT NULL REFERENCES patient (id),
    asked_by {INT} NOT NULL REFERENCES patient_user (id),
    -- The user invited; none when nobody fits: such a row looks the same to whoever asked.
    invited {INT},
    -- Names as they were typed, sealed: shown again to whoever asked.
    sealed_name {BYTES} NOT NULL,
    -- waiting, accepted, refused; waiting past its end is expired
    state {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    answered_at {INT}
) {STRICT};
CREATE INDEX representation_invited ON representation (invited) WHERE state = 'waiting';
CREATE INDEX representation_child ON representation (child);

-- What was erased, by numbers alone: replayed when an older backup of the data is restored beside keys that
-- still know the account, and the other way round.
CREATE TABLE erased_profile (
    account {ID},
    patient {INT} NOT NULL,
    erased_at {INT} NOT NULL
) {STRICT};

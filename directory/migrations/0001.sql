-- Professionals, as the national directory knows them. Nobody here is a patient.
CREATE TABLE person (
    id {ID},
    national_id {TEXT} NOT NULL UNIQUE,
    civility {TEXT} NOT NULL,
    given_name {TEXT} NOT NULL,
    family_name {TEXT} NOT NULL,
    profession_code {TEXT},
    profession_label {TEXT},
    specialty {TEXT}
) {STRICT};

CREATE TABLE organisation (
    id {ID},
    national_id {TEXT} NOT NULL UNIQUE,
    finess {TEXT},
    siret {TEXT},
    name {TEXT} NOT NULL,
    folded_name {TEXT} NOT NULL,
    sector {TEXT},
    street {TEXT} NOT NULL,
    postal_code {TEXT} NOT NULL,
    town {TEXT} NOT NULL
) {STRICT};

-- Folded words of name, town and postal code, as bytes: both engines then compare them alike,
-- whatever the collation, and a prefix is a plain range.
CREATE TABLE organisation_word (
    word {BYTES} NOT NULL,
    organisation {INT} NOT NULL REFERENCES organisation (id),
    PRIMARY KEY (word, organisation)
) {CLUSTERED};
CREATE INDEX organisation_word_of ON organisation_word (organisation, word);

CREATE TABLE mailbox (
    account {ID},
    address {TEXT} NOT NULL UNIQUE,
    kind {TEXT} NOT NULL,
    person {INT} REFERENCES person (id),
    organisation {INT} REFERENCES organisation (id),
    description {TEXT},
    service {TEXT},
    red_list {BOOL} NOT NULL,
    rank {INT} NOT NULL,
    state {TEXT} NOT NULL,
    state_since {INT} NOT NULL
) {STRICT};
CREATE INDEX mailbox_of_person ON mailbox (person);
CREATE INDEX mailbox_of_organisation ON mailbox (organisation);

CREATE TABLE member (
    mailbox {INT} NOT NULL REFERENCES mailbox (account),
    person {INT} NOT NULL REFERENCES person (id),
    rights {TEXT} NOT NULL,
    PRIMARY KEY (mailbox, person)
) {CLUSTERED};
CREATE INDEX member_person ON member (person);

CREATE TABLE delegation (
    mailbox {INT} NOT NULL REFERENCES mailbox (account),
    person {INT} NOT NULL REFERENCES person (id),
    rights {TEXT} NOT NULL,
    starts_at {INT} NOT NULL,
    ends_at {INT},
    PRIMARY KEY (mailbox, person)
) {CLUSTERED};
CREATE INDEX delegation_person ON delegation (person);

-- Patients: who they are is sealed, the INS is found by keyed hash. Ids, state and dates stay visible.
CREATE TABLE patient (
    id {ID},
    account {INT} NOT NULL UNIQUE,
    ins_hash {BYTES} NOT NULL UNIQUE,
    traits {BYTES} NOT NULL,
    state {TEXT} NOT NULL,
    announced_at {INT},
    created_at {INT},
    activated_at {INT},
    opposed_at {INT},
    closed_at {INT},
    time_zone {TEXT} NOT NULL
) {STRICT};
CREATE INDEX patient_announced ON patient (state, announced_at);

-- The person who signs in. The login id may hold a name, so it is sealed and found by keyed hash;
-- the Argon2id hash is sealed too, so that a stolen dump cannot be ground without the master key.
CREATE TABLE patient_user (
    id {ID},
    patient {INT} NOT NULL UNIQUE REFERENCES patient (id),
    login_hash {BYTES} NOT NULL UNIQUE,
    contact {BYTES} NOT NULL,
    password {BYTES} NOT NULL,
    password_since {INT} NOT NULL
) {STRICT};

CREATE TABLE mandate (
    holder {INT} NOT NULL REFERENCES patient_user (id),
    patient {INT} NOT NULL REFERENCES patient (id),
    relation {TEXT} NOT NULL,
    starts_at {INT} NOT NULL,
    ends_at {INT},
    PRIMARY KEY (holder, patient)
) {CLUSTERED};
CREATE INDEX mandate_patient ON mandate (patient);

-- What a professional or a machine proves who they are with. A person's secret opens every mailbox
-- they may use; a machine's belongs to its mailbox. `lookup` is a keyed hash of the secret: one
-- verifier is computed per attempt, however many devices a team has.
CREATE TABLE credential (
    id {ID},
    person {INT} REFERENCES person (id),
    mailbox {INT} REFERENCES mailbox (account),
    kind {TEXT} NOT NULL,
    label {TEXT} NOT NULL,
    lookup {BYTES} NOT NULL UNIQUE,
    parameters {TEXT} NOT NULL,
    verifier {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    revoked_at {INT}
) {STRICT};
CREATE INDEX credential_person ON credential (person);
CREATE INDEX credential_mailbox ON credential (mailbox);

-- A sign-in that waits for its code. `holder` is null when the first factor was wrong: such a row
-- exists so that right and wrong take the same steps.
CREATE TABLE one_time_code (
    id {ID},
    pending {BYTES} NOT NULL UNIQUE,
    holder {INT} REFERENCES patient_user (id),
    code {BYTES} NOT NULL,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    tries {INT} NOT NULL,
    used {BOOL} NOT NULL
) {STRICT};
CREATE INDEX one_time_code_holder ON one_time_code (holder, created_at);
CREATE INDEX one_time_code_created ON one_time_code (created_at);

CREATE TABLE session (
    id {ID},
    token {BYTES} NOT NULL UNIQUE,
    holder {INT} NOT NULL REFERENCES patient_user (id),
    acting {INT} NOT NULL REFERENCES patient (id),
    csrf {TEXT} NOT NULL,
    assurance {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    seen_at {INT} NOT NULL,
    ends_at {INT} NOT NULL
) {STRICT};
CREATE INDEX session_holder ON session (holder);

CREATE TABLE trusted_domain (
    domain {TEXT} PRIMARY KEY NOT NULL,
    place {TEXT} NOT NULL
) {STRICT};

CREATE TABLE trusted_name (
    domain {TEXT} NOT NULL REFERENCES trusted_domain (domain),
    dn {TEXT} NOT NULL,
    PRIMARY KEY (domain, dn)
) {CLUSTERED};
CREATE INDEX trusted_name_dn ON trusted_name (dn);

-- Counts every change of this room: caches keep the number they were filled at.
CREATE TABLE directory_generation (
    id {ID},
    generation {INT} NOT NULL
) {STRICT};
INSERT INTO directory_generation (id, generation) VALUES (1, 1);

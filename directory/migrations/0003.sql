-- Professionals who sign in to the professional space with a password and a code. Those who sign in by
-- the national identity provider or by certificate need no row. Where codes go is sealed, and so is the
-- Argon2id hash, which is absent until the invitation was used.
CREATE TABLE professional_user (
    person {ID},
    contact {BYTES} NOT NULL,
    password {BYTES},
    password_since {INT},
    FOREIGN KEY (person) REFERENCES person (id)
) {STRICT};

-- What an administrator gave to a professional to choose a first password, or another: a keyed hash.
CREATE TABLE professional_invitation (
    id {ID},
    person {INT} NOT NULL REFERENCES professional_user (person),
    code {BYTES} NOT NULL,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    used {BOOL} NOT NULL
) {STRICT};
CREATE INDEX professional_invitation_of ON professional_invitation (person);

-- A sign-in that waits for its code, as `one_time_code` is for patients.
CREATE TABLE professional_code (
    id {ID},
    pending {BYTES} NOT NULL UNIQUE,
    holder {INT} REFERENCES professional_user (person),
    code {BYTES} NOT NULL,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    tries {INT} NOT NULL,
    used {BOOL} NOT NULL
) {STRICT};
CREATE INDEX professional_code_holder ON professional_code (holder, created_at);
CREATE INDEX professional_code_created ON professional_code (created_at);

CREATE TABLE professional_session (
    id {ID},
    token {BYTES} NOT NULL UNIQUE,
    person {INT} NOT NULL REFERENCES person (id),
    csrf {TEXT} NOT NULL,
    proof {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    seen_at {INT} NOT NULL,
    ends_at {INT} NOT NULL
) {STRICT};
CREATE INDEX professional_session_person ON professional_session (person);

-- Administrators of the console. The Argon2id hash and the secret of the second factor are sealed; both
-- are absent until the invitation was used. There is none by default.
CREATE TABLE administrator (
    id {ID},
    login {TEXT} NOT NULL UNIQUE,
    name {TEXT} NOT NULL,
    roles {TEXT} NOT NULL,
    everywhere {BOOL} NOT NULL,
    state {TEXT} NOT NULL,
    password {BYTES},
    totp {BYTES},
    -- The last thirty seconds whose code was taken: none is taken twice.
    totp_step {INT} NOT NULL,
    created_at {INT} NOT NULL
) {STRICT};

-- The organisations an administrator is limited to, when not everywhere.
CREATE TABLE administrator_organisation (
    administrator {INT} NOT NULL REFERENCES administrator (id),
    organisation {INT} NOT NULL REFERENCES organisation (id),
    PRIMARY KEY (administrator, organisation)
) {CLUSTERED};

-- What is handed over to choose a password and a second factor: a keyed hash.
CREATE TABLE administrator_invitation (
    id {ID},
    administrator {INT} NOT NULL REFERENCES administrator (id),
    code {BYTES} NOT NULL,
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    used {BOOL} NOT NULL
) {STRICT};
CREATE INDEX administrator_invitation_of ON administrator_invitation (administrator);

-- An enrolment between the password and the first code: it takes the invitation only at its end.
CREATE TABLE administrator_enrolment (
    id {ID},
    pending {BYTES} NOT NULL UNIQUE,
    administrator {INT} NOT NULL REFERENCES administrator (id),
    invitation {INT} NOT NULL REFERENCES administrator_invitation (id),
    password {BYTES} NOT NULL,
    totp {BYTES} NOT NULL,
    expires_at {INT} NOT NULL,
    tries {INT} NOT NULL
) {STRICT};

-- For a lost telephone: keyed hashes, each serves once.
CREATE TABLE administrator_recovery (
    administrator {INT} NOT NULL REFERENCES administrator (id),
    code {BYTES} NOT NULL,
    used_at {INT},
    PRIMARY KEY (administrator, code)
) {CLUSTERED};

-- A sign-in that waits for its second factor. `holder` is null when the password was wrong: such a row
-- exists so that right and wrong take the same steps.
CREATE TABLE administrator_pending (
    id {ID},
    pending {BYTES} NOT NULL UNIQUE,
    holder {INT} REFERENCES administrator (id),
    created_at {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    tries {INT} NOT NULL,
    used {BOOL} NOT NULL
) {STRICT};
CREATE INDEX administrator_pending_created ON administrator_pending (created_at);

CREATE TABLE administrator_session (
    id {ID},
    token {BYTES} NOT NULL UNIQUE,
    administrator {INT} NOT NULL REFERENCES administrator (id),
    csrf {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    -- When the second factor was last shown.
    proved_at {INT} NOT NULL,
    seen_at {INT} NOT NULL,
    ends_at {INT} NOT NULL
) {STRICT};
CREATE INDEX administrator_session_of ON administrator_session (administrator);

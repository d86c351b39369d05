-- What we keep (DESIGN §2.3). Columns called "sealed" or of type bytes hold ciphertext, except hashes;
-- ids, sizes, dates, flags and states are plain: docs list what a stolen dump shows.
-- Few foreign keys and few indexes on purpose: each is paid by every letter. `pli verify` checks what
-- they would have promised.

CREATE TABLE account (
    id {ID},
    -- PER, ORG, APP, CAB, PAT.
    kind {TEXT} NOT NULL,
    -- open, closed, erased.
    state {TEXT} NOT NULL,
    created_at {INT} NOT NULL,
    -- The last UIDVALIDITY given to a folder here: a folder made again never gets its old one.
    uidvalidity {INT} NOT NULL
) {STRICT};

CREATE TABLE folder (
    id {ID},
    account {INT} NOT NULL REFERENCES account (id),
    -- Keyed hash of account and name: finds a folder by name without opening the others.
    name_hash {BYTES} NOT NULL,
    sealed_name {BYTES} NOT NULL,
    -- inbox, sent, drafts, trash, junk, archive, or none.
    role {TEXT},
    subscribed {BOOL} NOT NULL,
    uidvalidity {INT} NOT NULL,
    uid_next {INT} NOT NULL,
    modseq {INT} NOT NULL,
    -- Counters, kept by the statement that gives uids.
    messages {INT} NOT NULL,
    unseen {INT} NOT NULL,
    size {INT} NOT NULL
) {STRICT};
CREATE UNIQUE INDEX folder_name ON folder (account, name_hash);

CREATE TABLE body (
    id {ID},
    size {INT} NOT NULL,
    -- Sealed frames, when small ...
    inline_frames {BYTES},
    -- ... else the random name of the blob that holds them.
    blob {TEXT}
) {STRICT};
CREATE UNIQUE INDEX body_blob ON body (blob) WHERE blob IS NOT NULL;

-- Header block and summary as one recipient, or all, may see them; sealed under the message key. The
-- summary stands here and not in the entry, so that fifty recipients share one.
CREATE TABLE head (
    id {ID},
    body {INT} NOT NULL,
    sealed_block {BYTES} NOT NULL,
    sealed_summary {BYTES} NOT NULL
) {STRICT};
CREATE INDEX head_body ON head (body);

-- The message key of a body, sealed for one owner account: the reference that keeps a body alive.
-- uses = entries and documents of that account that lean on it.
CREATE TABLE body_key (
    body {INT} NOT NULL,
    account {INT} NOT NULL,
    wrapped {BYTES} NOT NULL,
    uses {INT} NOT NULL,
    PRIMARY KEY (body, account)
) {CLUSTERED};

CREATE TABLE entry (
    folder {INT} NOT NULL,
    uid {INT} NOT NULL,
    id {INT} NOT NULL,
    account {INT} NOT NULL,
    modseq {INT} NOT NULL,
    flags {INT} NOT NULL,
    -- Sorted, separated by spaces.
    keywords {TEXT},
    internal_date {INT} NOT NULL,
    size {INT} NOT NULL,
    head {INT} NOT NULL,
    body {INT} NOT NULL,
    -- 0 received, 1 appended, 2 copied, 3 sent.
    origin {INT} NOT NULL,
    -- Bits: 1 hidden from the patient, 2 hidden from legal representatives.
    hidden {INT} NOT NULL,
    conversation {INT},
    queue {INT},
    PRIMARY KEY (folder, uid)
) {CLUSTERED};
-- Patients only: a professional's letter pays nothing for it.
CREATE INDEX entry_conversation ON entry (conversation, id) WHERE conversation IS NOT NULL;

CREATE TABLE expunged (
    folder {INT} NOT NULL,
    modseq {INT} NOT NULL,
    uid {INT} NOT NULL,
    PRIMARY KEY (folder, modseq, uid)
) {CLUSTERED};

-- A local account (its party has the account's number) or a remote address.
CREATE TABLE party (
    id {ID},
    account {INT},
    address_hash {BYTES},
    sealed_address {BYTES}
) {STRICT};
CREATE UNIQUE INDEX party_address ON party (address_hash) WHERE address_hash IS NOT NULL;

CREATE TABLE contact (
    patient {INT} NOT NULL,
    correspondent {INT} NOT NULL,
    -- never, open, ended.
    state {TEXT} NOT NULL,
    opened_by {INT},
    answerable_from {INT},
    no_access {BOOL} NOT NULL,
    refuse_letters {BOOL} NOT NULL,
    changed_at {INT} NOT NULL,
    PRIMARY KEY (patient, correspondent)
) {CLUSTERED};

CREATE TABLE conversation (
    id {ID},
    account {INT} NOT NULL,
    -- Keyed hash of account, correspondents and folded subject: the thread a letter joins.
    thread_hash {BYTES} NOT NULL,
    sealed_subject {BYTES} NOT NULL,
    created_at {INT} NOT NULL,
    -- What the patient sees of it ...
    last_at {INT} NOT NULL,
    letters {INT} NOT NULL,
    unread {INT} NOT NULL,
    attachments {INT} NOT NULL,
    -- ... and what who acts for them sees: letters hidden from nobody.
    shared_last_at {INT} NOT NULL,
    shared_letters {INT} NOT NULL,
    shared_unread {INT} NOT NULL,
    shared_attachments {INT} NOT NULL,
    ended_by {INT}
) {STRICT};
CREATE UNIQUE INDEX conversation_thread ON conversation (thread_hash);
CREATE INDEX conversation_last ON conversation (account, last_at, id);

CREATE TABLE participant (
    conversation {INT} NOT NULL,
    party {INT} NOT NULL,
    PRIMARY KEY (conversation, party)
) {CLUSTERED};

-- A document of a dossier. Its bytes are a part of a kept body: none are copied.
CREATE TABLE document (
    id {ID},
    account {INT} NOT NULL,
    -- Title, file name, names of author and publisher.
    sealed_details {BYTES} NOT NULL,
    category {TEXT} NOT NULL,
    mime {TEXT} NOT NULL,
    -- Decoded octets.
    size {INT} NOT NULL,
    act_date {INT} NOT NULL,
    filed_at {INT} NOT NULL,
    author {INT},
    publisher {INT} NOT NULL,
    origin_entry {INT} NOT NULL,
    origin_queue {INT},
    body {INT} NOT NULL,
    -- Where the encoded part stands in the body, and its transfer encoding.
    part_start {INT} NOT NULL,
    part_end {INT} NOT NULL,
    encoding {TEXT} NOT NULL,
    -- Bits as entry.hidden, and 4: masked to professionals.
    confidentiality {INT} NOT NULL
) {STRICT};
CREATE INDEX document_account ON document (account, act_date, id);

-- What was answered to a letter already taken (RELIABILITY R-22). The key is a keyed hash.
CREATE TABLE accepted (
    key {BYTES} NOT NULL,
    queue {INT} NOT NULL,
    expires_at {INT} NOT NULL,
    PRIMARY KEY (key)
) {CLUSTERED};
CREATE INDEX accepted_expiry ON accepted (expires_at);

-- One row a letter, refused ones included, for `pli admin why`: sender, recipients, rule, outcome and
-- reply are one sealed value, so that fifty recipients are one row.
CREATE TABLE letter (
    queue {ID},
    at {INT} NOT NULL,
    -- submission, mx, web.
    door {TEXT} NOT NULL,
    account {INT},
    body {INT},
    size {INT} NOT NULL,
    -- Keyed hash of the Message-ID: how a report finds the letter it speaks of (DESIGN §2.4).
    message_hash {BYTES},
    sealed_trace {BYTES} NOT NULL
) {STRICT};

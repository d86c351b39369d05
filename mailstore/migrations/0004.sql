-- Names that are subscribed although no folder has them (RFC 3501 §6.3.6: a subscription outlives its
-- folder). A folder's own subscription stands in its row.
CREATE TABLE subscription (
    id {ID},
    account {INT} NOT NULL,
    -- Keyed hash of account and name, as folder.name_hash.
    name_hash {BYTES} NOT NULL,
    sealed_name {BYTES} NOT NULL
) {STRICT};
CREATE UNIQUE INDEX subscription_name ON subscription (account, name_hash);

-- What people and programs note about an account or a folder (RFC 5464).
CREATE TABLE annotation (
    id {ID},
    account {INT} NOT NULL,
    -- 0: the account itself.
    folder {INT} NOT NULL,
    -- Whose: a person, or the account's own; 0: shared by all who may open the account.
    owner {INT} NOT NULL,
    -- Keyed hash of account and entry name.
    entry_hash {BYTES} NOT NULL,
    -- Entry name and value, together.
    sealed {BYTES} NOT NULL,
    -- Octets of the value.
    size {INT} NOT NULL
) {STRICT};
CREATE UNIQUE INDEX annotation_entry ON annotation (account, folder, owner, entry_hash);

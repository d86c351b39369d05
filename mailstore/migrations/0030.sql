-- What runs of letters hold, in short, so that a search opens few of them (ADR 0032): sealed under the account's
-- key, made by the first search that reads the letters, removed with the first of them that goes. `block` is the
-- uid of each of its letters divided by 64; `kind` says what of: 1 headers, 2 texts.
CREATE TABLE gist (
    folder {INT} NOT NULL,
    kind {INT} NOT NULL,
    block {INT} NOT NULL,
    account {INT} NOT NULL,
    sealed {BYTES} NOT NULL,
    PRIMARY KEY (folder, kind, block)
) {CLUSTERED};

-- How many entries of the directory each asker was shown, by day: who walks through all of it is stopped.
CREATE TABLE shown_entries (
    -- A login or a key of ours, never a person's words.
    asker {TEXT} NOT NULL,
    -- Days since 1970.
    day {INT} NOT NULL,
    entries {INT} NOT NULL,
    PRIMARY KEY (asker, day)
) {CLUSTERED};

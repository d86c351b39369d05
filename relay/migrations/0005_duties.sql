-- Letters of which somebody is to be told when a patient opens them, or when nobody does. Ids, times and
-- yes or no; whom to tell stands in the letter's sealed head.
CREATE TABLE owed (
    -- The letter's place in the patient's mailbox, its head as the patient sees it, its passage.
    entry {ID},
    account {INT} NOT NULL,
    head {INT} NOT NULL,
    queue {INT} NOT NULL,
    -- A read receipt is owed at the first opening; after it, whether one left.
    receipt {BOOL} NOT NULL,
    -- The mailbox of ours that follows its letters, and when to tell it that this one is not opened.
    follower {INT},
    remind_at {INT},
    created_at {INT} NOT NULL,
    opened_at {INT}
) {STRICT};
CREATE INDEX owed_unopened ON owed (account) WHERE opened_at IS NULL;
CREATE INDEX owed_reminder ON owed (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX owed_queue ON owed (queue);
CREATE INDEX owed_created ON owed (created_at);
-- How many letters came a day, by which door and from which software (X-MSS-NIL): what operators report.
-- Numbers only.
CREATE TABLE indicator (
    -- Days since 1 January 1970, UTC.
    day {INT} NOT NULL,
    door {TEXT} NOT NULL,
    software {TEXT} NOT NULL,
    letters {INT} NOT NULL,
    to_patients {INT} NOT NULL,
    with_cda {INT} NOT NULL,
    -- X-MSS-INS: O.
    qualified_ins {INT} NOT NULL,
    PRIMARY KEY (day, door, software)
) {CLUSTERED};

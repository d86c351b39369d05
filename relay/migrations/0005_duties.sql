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

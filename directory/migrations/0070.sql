-- What the house did about a mailbox that nobody uses (DOMAIN §1.6). No row: nothing yet.
CREATE TABLE mailbox_inactivity (
    mailbox {INT} NOT NULL PRIMARY KEY REFERENCES mailbox (account),
    -- The last use that the trail told when it was asked: it need not be asked again for what came before.
    used_at {INT},
    -- When those who answer for it were written to.
    noticed_at {INT},
    -- When it was suspended for this, and since when it was idle then.
    suspended_at {INT},
    idle_since {INT}
) {STRICT};

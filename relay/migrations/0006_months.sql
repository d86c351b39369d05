-- What operators report of a month (DOMAIN §1.7), kept when the traces of its letters are gone. Written once a
-- day, from the traces and the trail of the day before: no letter pays for it. Months in UTC, numbered
-- twelve times the year and months from January.
CREATE TABLE counted_day (
    -- Days since 1 January 1970, UTC.
    day {INT} NOT NULL,
    counted_at {INT} NOT NULL,
    PRIMARY KEY (day)
) {CLUSTERED};

-- Mailboxes of professionals and machines only.
CREATE TABLE mailbox_month (
    month {INT} NOT NULL,
    account {INT} NOT NULL,
    sent {INT} NOT NULL,
    sent_to_patients {INT} NOT NULL,
    sent_with_cda {INT} NOT NULL,
    sent_with_qualified_ins {INT} NOT NULL,
    refused {INT} NOT NULL,
    received {INT} NOT NULL,
    -- Sessions of mail programs.
    connections {INT} NOT NULL,
    PRIMARY KEY (month, account)
) {CLUSTERED};

CREATE TABLE domain_month (
    month {INT} NOT NULL,
    domain {TEXT} NOT NULL,
    sent {INT} NOT NULL,
    received {INT} NOT NULL,
    PRIMARY KEY (month, domain)
) {CLUSTERED};

-- As the last day counted left them.
CREATE TABLE open_mailboxes_month (
    month {INT} NOT NULL,
    -- PER, ORG, APP, CAB.
    kind {TEXT} NOT NULL,
    mailboxes {INT} NOT NULL,
    PRIMARY KEY (month, kind)
) {CLUSTERED};

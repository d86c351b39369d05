-- How often somebody looked for a patient on which day: nobody goes through the patients' room (RELIABILITY D-11).
CREATE TABLE patient_look (
    -- Who, as the trail writes them.
    actor {TEXT} NOT NULL,
    -- Days since 1 January 1970, UTC.
    day {INT} NOT NULL,
    looks {INT} NOT NULL,
    PRIMARY KEY (actor, day)
) {CLUSTERED};

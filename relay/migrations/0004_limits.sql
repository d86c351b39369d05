-- What a mailbox has sent lately (`relay/policy/src/sending.rs`). Kept a few days.
CREATE TABLE sent_letters (
    account {INT} NOT NULL,
    -- Hours since 1970.
    hour {INT} NOT NULL,
    letters {INT} NOT NULL,
    PRIMARY KEY (account, hour)
) {CLUSTERED};

CREATE TABLE sent_patient (
    account {INT} NOT NULL,
    -- Days since 1970.
    day {INT} NOT NULL,
    -- Keyed hash of the patient's address: nobody reads here who was written to.
    patient {BYTES} NOT NULL,
    PRIMARY KEY (account, day, patient)
) {CLUSTERED};

-- Whether a mailbox hears of every letter it sends to a patient (delivered, not opened after some days).
ALTER TABLE mailbox ADD COLUMN followed {BOOL} NOT NULL DEFAULT FALSE;

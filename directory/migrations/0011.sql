-- Who answers for a mailbox (ORG, APP): shown to administrators only.
ALTER TABLE mailbox ADD COLUMN responsible {TEXT};
-- When what is published of a mailbox last changed.
ALTER TABLE mailbox ADD COLUMN changed_at {INT} NOT NULL DEFAULT 0;

-- Up to which form the holders of this house have been published in the register; one row.
CREATE TABLE directory_published (
    id {ID},
    form {INT} NOT NULL
) {STRICT};
INSERT INTO directory_published (id, form) VALUES (1, 0);

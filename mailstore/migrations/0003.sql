-- Quick resynchronisation (RFC 7162).
--
-- entry.modseq is the folder's sequence when the message came, and stays so: it grows with the uid, so the
-- first message after a sequence is found by halving the uids, and no letter delivered pays for an index.
-- A message marked since has the sequence of its last mark here, and only then a place in a small index.
ALTER TABLE entry ADD COLUMN remarked {INT};
UPDATE entry SET remarked = modseq, modseq = 1;
CREATE INDEX entry_remarked ON entry (folder, remarked, uid) WHERE remarked IS NOT NULL;
-- Neighbours gone together are one row: uid to upto.
ALTER TABLE expunged ADD COLUMN upto {INT};
-- What went up to this sequence is no longer known one by one: a session that knew the folder before then
-- is told by what is missing.
ALTER TABLE folder ADD COLUMN forgotten {INT};

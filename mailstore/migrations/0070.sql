-- A person's own wish about a folder of a mailbox that they share (RFC 4314 §4): under the whole name that it has in
-- their session, to be shown or, with this, not to be. Without a wish the mailbox's own subscription counts.
ALTER TABLE subscription ADD COLUMN hidden {BOOL} NOT NULL DEFAULT FALSE;

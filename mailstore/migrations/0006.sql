-- When the message came into its folder (RFC 8514 SAVEDATE). NULL: at its internal date, so that a delivered
-- letter pays nothing for it.
ALTER TABLE entry ADD COLUMN saved_at {INT};

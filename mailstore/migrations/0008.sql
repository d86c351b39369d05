-- For whom an accepted letter was taken: short keyed hashes, one after the other, bound to the key.
ALTER TABLE accepted ADD COLUMN recipients {BYTES};
-- The letters that an account sent last, for support: letters of other operators cost nothing by it.
CREATE INDEX letter_sent ON letter (account, queue) WHERE account IS NOT NULL;

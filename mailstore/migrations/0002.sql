-- How a report finds the letter it speaks of (DESIGN §2.4). Only letters that an account of ours sent
-- are looked for, so a letter from another operator pays for no index.
ALTER TABLE letter ADD COLUMN envelope_hash {BYTES};
CREATE INDEX letter_message ON letter (message_hash) WHERE account IS NOT NULL AND message_hash IS NOT NULL;
CREATE INDEX letter_envelope ON letter (envelope_hash) WHERE envelope_hash IS NOT NULL;

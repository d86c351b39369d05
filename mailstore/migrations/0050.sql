-- A body with lines of base64 is kept with what they carry (ADR 0035), so its frames are of any length: how many
-- octets each is stored in, less its tag and less one, in two octets each. NULL: every frame is stored as it is.
ALTER TABLE body ADD COLUMN cuts {BYTES};

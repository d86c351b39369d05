-- Sealed bodies of middle size stand in segments: files that many bodies share (ADR 0022). `place` is the
-- octet where a body's first frame begins; how long it is follows from its size.
ALTER TABLE body ADD COLUMN segment {INT};
ALTER TABLE body ADD COLUMN place {INT};
CREATE INDEX body_segment ON body (segment, place) WHERE segment IS NOT NULL;

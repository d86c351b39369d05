-- From when until when somebody is of a team. None: no limit.
ALTER TABLE member ADD COLUMN starts_at {INT};
ALTER TABLE member ADD COLUMN ends_at {INT};

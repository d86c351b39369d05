-- What has expired is looked for by the sweeper, who reads all of them beside the writer, not by an index that
-- every letter pays for (ADR 0031).
DROP INDEX accepted_expiry;

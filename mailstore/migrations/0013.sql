-- What a letter claims of itself that operators report (DOMAIN §1.7): 1 it holds a CDA, 2 the INS is qualified.
-- NULL for letters of before.
ALTER TABLE letter ADD COLUMN claims {INT};

ALTER TABLE contact ADD COLUMN salutation_source VARCHAR(64) NOT NULL DEFAULT 'none'
--;
UPDATE contact SET salutation_source = 'explicit' WHERE salutation <> 'neutral'
--;
ALTER TABLE deal_member ADD COLUMN removed_at VARCHAR(27)
--;
ALTER TABLE stage_move ADD COLUMN undoes INTEGER
--;
ALTER TABLE stage_move ADD COLUMN from_probability_pct INTEGER
--;
ALTER TABLE stage_move ADD COLUMN from_probability_manual BOOLEAN
--;

ALTER TABLE contact ADD COLUMN salutation_source VARCHAR(64) NOT NULL DEFAULT 'none'
--;
-- The walls hold for the owner too: an UPDATE would meet no row, a rewrite of the table meets all.
ALTER TABLE contact ALTER COLUMN salutation_source TYPE VARCHAR(64)
    USING CASE WHEN salutation = 'neutral' THEN 'none' ELSE 'explicit' END
--;
ALTER TABLE deal_member ADD COLUMN removed_at TIMESTAMP WITH TIME ZONE
--;
ALTER TABLE stage_move ADD COLUMN undoes INTEGER
--;
ALTER TABLE stage_move ADD COLUMN from_probability_pct INTEGER
--;
ALTER TABLE stage_move ADD COLUMN from_probability_manual BOOLEAN
--;

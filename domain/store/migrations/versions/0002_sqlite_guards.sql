-- what was suggested, dismissed, scored and done at night is not rewritten
CREATE TRIGGER suggested_action_no_update BEFORE UPDATE ON suggested_action BEGIN
    SELECT RAISE(ABORT, 'suggested_action is append-only');
END
--;
CREATE TRIGGER suggested_action_no_delete BEFORE DELETE ON suggested_action BEGIN
    SELECT RAISE(ABORT, 'suggested_action is append-only');
END
--;
CREATE TRIGGER dismissed_action_no_update BEFORE UPDATE ON dismissed_action BEGIN
    SELECT RAISE(ABORT, 'dismissed_action is append-only');
END
--;
CREATE TRIGGER dismissed_action_no_delete BEFORE DELETE ON dismissed_action BEGIN
    SELECT RAISE(ABORT, 'dismissed_action is append-only');
END
--;
CREATE TRIGGER lead_score_no_update BEFORE UPDATE ON lead_score BEGIN
    SELECT RAISE(ABORT, 'lead_score is append-only');
END
--;
CREATE TRIGGER lead_score_no_delete BEFORE DELETE ON lead_score BEGIN
    SELECT RAISE(ABORT, 'lead_score is append-only');
END
--;
CREATE TRIGGER nightly_run_no_update BEFORE UPDATE ON nightly_run BEGIN
    SELECT RAISE(ABORT, 'nightly_run is append-only');
END
--;
CREATE TRIGGER nightly_run_no_delete BEFORE DELETE ON nightly_run BEGIN
    SELECT RAISE(ABORT, 'nightly_run is append-only');
END
--;

-- what was suggested, dismissed, scored and done at night is not rewritten
CREATE TRIGGER suggested_action_fixed BEFORE UPDATE OR DELETE ON suggested_action
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
CREATE TRIGGER dismissed_action_fixed BEFORE UPDATE OR DELETE ON dismissed_action
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
CREATE TRIGGER lead_score_fixed BEFORE UPDATE OR DELETE ON lead_score
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
CREATE TRIGGER nightly_run_fixed BEFORE UPDATE OR DELETE ON nightly_run
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;

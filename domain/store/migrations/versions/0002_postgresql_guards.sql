CREATE TRIGGER forecast_said BEFORE UPDATE OF tenant_id, id, person_id, question, filters, as_of, until,
    asked_at, deal_ids, rates, currency, expected_minor, common_minor, own_minor, shock_permille, quantiles
ON forecast FOR EACH ROW EXECUTE FUNCTION refuse_change('is not changed afterwards')
--;
CREATE TRIGGER forecast_scored_once BEFORE UPDATE ON forecast FOR EACH ROW WHEN (old.state <> 'open')
    EXECUTE FUNCTION refuse_change('is scored once')
--;
CREATE TRIGGER forecast_no_delete BEFORE DELETE ON forecast
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is kept')
--;

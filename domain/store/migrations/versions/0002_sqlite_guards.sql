CREATE TRIGGER forecast_said BEFORE UPDATE OF tenant_id, id, person_id, question, filters, as_of, until,
    asked_at, deal_ids, rates, currency, expected_minor, common_minor, own_minor, shock_permille, quantiles
ON forecast BEGIN
    SELECT RAISE(ABORT, 'forecast is not changed afterwards');
END
--;
CREATE TRIGGER forecast_scored_once BEFORE UPDATE ON forecast WHEN old.state <> 'open' BEGIN
    SELECT RAISE(ABORT, 'forecast is scored once');
END
--;
CREATE TRIGGER forecast_no_delete BEFORE DELETE ON forecast BEGIN
    SELECT RAISE(ABORT, 'forecast is kept');
END
--;

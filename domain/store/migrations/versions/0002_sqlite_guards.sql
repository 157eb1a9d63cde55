CREATE TRIGGER bank_account_first_use BEFORE UPDATE ON bank_account
WHEN new.first_used_at IS NOT old.first_used_at AND (
    old.first_used_at IS NOT NULL OR NOT EXISTS (
        SELECT 1 FROM pending_action p
        WHERE p.tenant_id = new.tenant_id AND p.entity_id = new.id AND p.state = 'executing'
            AND p.tool IN ('cyberos.crm.generate_vietqr', 'cyberos.inv.generate_vietqr')
    )
) BEGIN
    SELECT RAISE(ABORT, 'bank_account is first used by approved actions only');
END
--;
CREATE TRIGGER bank_account_born_unused BEFORE INSERT ON bank_account
WHEN new.first_used_at IS NOT NULL BEGIN
    SELECT RAISE(ABORT, 'bank_account begins as unused');
END
--;
CREATE TRIGGER payment_request_into_used BEFORE INSERT ON payment_request
WHEN NOT EXISTS (
    SELECT 1 FROM bank_account b WHERE b.tenant_id = new.tenant_id
        AND b.id = new.bank_account_id AND b.first_used_at IS NOT NULL
) BEGIN
    SELECT RAISE(ABORT, 'payment_request names an account nobody confirmed');
END
--;
CREATE TRIGGER payment_reference_no_update BEFORE UPDATE ON payment_reference BEGIN
    SELECT RAISE(ABORT, 'payment_reference is append-only');
END
--;
CREATE TRIGGER payment_reference_no_delete BEFORE DELETE ON payment_reference BEGIN
    SELECT RAISE(ABORT, 'payment_reference is append-only');
END
--;
CREATE TRIGGER payment_request_no_update BEFORE UPDATE ON payment_request BEGIN
    SELECT RAISE(ABORT, 'payment_request is append-only');
END
--;
CREATE TRIGGER payment_request_no_delete BEFORE DELETE ON payment_request BEGIN
    SELECT RAISE(ABORT, 'payment_request is append-only');
END
--;
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
CREATE TRIGGER resolution_no_update BEFORE UPDATE ON resolution BEGIN
    SELECT RAISE(ABORT, 'resolution is append-only');
END
--;
CREATE TRIGGER resolution_no_delete BEFORE DELETE ON resolution BEGIN
    SELECT RAISE(ABORT, 'resolution is append-only');
END
--;
CREATE TRIGGER resolution_only_while_unknown BEFORE INSERT ON resolution
WHEN NOT EXISTS (
    SELECT 1 FROM pending_action p
    WHERE p.tenant_id = new.tenant_id AND p.id = new.action_id AND p.state = 'unknown'
) BEGIN
    SELECT RAISE(ABORT, 'resolution needs an action of unknown fate');
END
--;
DROP TRIGGER deal_close_needs_people
--;
CREATE TRIGGER deal_close_needs_people BEFORE UPDATE ON deal
WHEN new.status <> old.status AND NOT EXISTS (
    SELECT 1 FROM pending_action p
    WHERE p.tenant_id = new.tenant_id AND p.entity_id = new.id AND p.state = 'executing'
        AND p.tool = 'cyberos.crm.close_deal' AND p.entity_version = old.version
) BEGIN
    SELECT RAISE(ABORT, 'deal is closed by approved actions only');
END
--;

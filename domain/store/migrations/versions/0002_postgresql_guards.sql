CREATE FUNCTION bank_account_first_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF old.first_used_at IS NOT NULL OR NOT EXISTS (
        SELECT 1 FROM pending_action p
        WHERE p.tenant_id = new.tenant_id AND p.entity_id = new.id AND p.state = 'executing'
            AND p.tool IN ('cyberos.crm.generate_vietqr', 'cyberos.inv.generate_vietqr')
    ) THEN
        RAISE EXCEPTION 'bank_account is first used by approved actions only'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END $$
--;
CREATE TRIGGER bank_account_first_use BEFORE UPDATE ON bank_account FOR EACH ROW
    WHEN (new.first_used_at IS DISTINCT FROM old.first_used_at)
    EXECUTE FUNCTION bank_account_first_use()
--;
CREATE TRIGGER bank_account_born_unused BEFORE INSERT ON bank_account FOR EACH ROW
    WHEN (new.first_used_at IS NOT NULL) EXECUTE FUNCTION refuse_change('begins as unused')
--;
CREATE FUNCTION payment_request_into_used() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM bank_account b WHERE b.tenant_id = new.tenant_id
            AND b.id = new.bank_account_id AND b.first_used_at IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'payment_request names an account nobody confirmed'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END $$
--;
CREATE TRIGGER payment_request_into_used BEFORE INSERT ON payment_request
    FOR EACH ROW EXECUTE FUNCTION payment_request_into_used()
--;
CREATE TRIGGER payment_reference_fixed BEFORE UPDATE OR DELETE ON payment_reference
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
CREATE TRIGGER payment_request_fixed BEFORE UPDATE OR DELETE ON payment_request
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
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
CREATE TRIGGER resolution_fixed BEFORE UPDATE OR DELETE ON resolution
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
CREATE FUNCTION resolution_only_while_unknown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pending_action p
        WHERE p.tenant_id = new.tenant_id AND p.id = new.action_id AND p.state = 'unknown'
    ) THEN
        RAISE EXCEPTION 'resolution needs an action of unknown fate'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END $$
--;
CREATE TRIGGER resolution_only_while_unknown BEFORE INSERT ON resolution
    FOR EACH ROW EXECUTE FUNCTION resolution_only_while_unknown()
--;
CREATE OR REPLACE FUNCTION deal_close_needs_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pending_action p
        WHERE p.tenant_id = new.tenant_id AND p.entity_id = new.id AND p.state = 'executing'
            AND p.tool = 'cyberos.crm.close_deal' AND p.entity_version = old.version
    ) THEN
        RAISE EXCEPTION 'deal is closed by approved actions only'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END $$
--;

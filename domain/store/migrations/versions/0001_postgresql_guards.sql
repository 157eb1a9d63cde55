-- What PostgreSQL itself refuses, whatever the program above it does; statements end with `--;`.
ALTER TABLE account ADD COLUMN search_words tsvector
    GENERATED ALWAYS AS (array_to_tsvector(string_to_array(folded, ' '))) STORED
--;
CREATE INDEX ix_account_search_words ON account USING gin (search_words)
--;
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% %', TG_TABLE_NAME, TG_ARGV[0] USING ERRCODE = 'check_violation';
END $$
--;
CREATE TRIGGER audit_entry_fixed BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
    FOR EACH ROW WHEN (new.seq <= old.seq)
    EXECUTE FUNCTION refuse_change('only moves forward')
--;
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION refuse_change('only moves forward')
--;
CREATE TRIGGER audit_blob_only_erase BEFORE UPDATE ON audit_blob FOR EACH ROW
    WHEN (new.salt IS NOT NULL OR new.body IS NOT NULL OR old.erased_at IS NOT NULL
        OR new.erased_at IS NULL OR new.seq <> old.seq OR new.field <> old.field
        OR new.tenant_id <> old.tenant_id)
    EXECUTE FUNCTION refuse_change('can only be erased')
--;
CREATE TRIGGER audit_blob_no_delete BEFORE DELETE ON audit_blob
    FOR EACH ROW EXECUTE FUNCTION refuse_change('can only be erased')
--;
CREATE TRIGGER approval_fixed BEFORE UPDATE OR DELETE ON approval
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
CREATE FUNCTION approval_only_while_pending() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pending_action p
        WHERE p.tenant_id = new.tenant_id AND p.id = new.action_id AND p.state = 'pending'
    ) THEN
        RAISE EXCEPTION 'approval needs a pending action' USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END $$
--;
CREATE TRIGGER approval_only_while_pending BEFORE INSERT ON approval
    FOR EACH ROW EXECUTE FUNCTION approval_only_while_pending()
--;
CREATE TRIGGER activity_fixed BEFORE UPDATE OR DELETE ON activity
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
CREATE TRIGGER stage_move_fixed BEFORE UPDATE OR DELETE ON stage_move
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
CREATE TRIGGER fx_rate_fixed BEFORE UPDATE OR DELETE ON fx_rate
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
CREATE TRIGGER policy_version_fixed BEFORE UPDATE OR DELETE ON policy_version
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
CREATE TRIGGER execution_attempt_ended BEFORE UPDATE ON execution_attempt
    FOR EACH ROW WHEN (old.ended_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change('has ended')
--;
CREATE TRIGGER execution_attempt_no_delete BEFORE DELETE ON execution_attempt
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is append-only')
--;
CREATE TRIGGER approver_key_bound BEFORE UPDATE ON approver_key FOR EACH ROW
    WHEN (new.person_id <> old.person_id OR new.public_key <> old.public_key
        OR new.key_id <> old.key_id OR new.endorsement <> old.endorsement
        OR new.endorsed_by <> old.endorsed_by OR old.revoked_at IS NOT NULL)
    EXECUTE FUNCTION refuse_change('can only be revoked')
--;
CREATE TRIGGER approver_key_no_delete BEFORE DELETE ON approver_key
    FOR EACH ROW EXECUTE FUNCTION refuse_change('can only be revoked')
--;
CREATE TRIGGER pending_action_born_pending BEFORE INSERT ON pending_action
    FOR EACH ROW WHEN (new.state <> 'pending' OR new.state_seq <> 1)
    EXECUTE FUNCTION refuse_change('begins as pending')
--;
CREATE TRIGGER pending_action_no_delete BEFORE DELETE ON pending_action
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is never deleted')
--;
CREATE FUNCTION pending_action_steps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    step text := old.state || '>' || new.state;
    free text[] := ARRAY['state', 'state_seq', 'lease_owner', 'lease_until', 'attempt',
        'provider_ref', 'result', 'error_code', 'closed_by', 'closed_at'];
BEGIN
    IF to_jsonb(old) - free IS DISTINCT FROM to_jsonb(new) - free THEN
        RAISE EXCEPTION 'pending_action is bound' USING ERRCODE = 'check_violation';
    END IF;
    IF old.state IN ('succeeded', 'failed', 'rejected', 'expired', 'cancelled', 'stale')
        OR (old.state <> new.state AND new.state_seq <> old.state_seq + 1)
        OR (old.state <> new.state AND step <> ALL (ARRAY[
            'pending>approved', 'pending>rejected', 'pending>expired', 'pending>cancelled',
            'pending>stale', 'approved>executing', 'approved>expired', 'approved>cancelled',
            'approved>stale', 'executing>succeeded', 'executing>failed', 'executing>unknown',
            'unknown>succeeded', 'unknown>failed']))
    THEN
        RAISE EXCEPTION 'pending_action cannot take this step' USING ERRCODE = 'check_violation';
    END IF;
    IF old.state <> new.state AND pg_has_role(current_user, 'cyberos_agent', 'USAGE')
        AND new.state NOT IN ('expired', 'cancelled')
    THEN
        RAISE EXCEPTION 'pending_action: an agent may only cancel' USING ERRCODE = '42501';
    END IF;
    IF old.state <> new.state AND pg_has_role(current_user, 'cyberos_inbox', 'USAGE')
        AND new.state IN ('executing', 'succeeded')
    THEN
        RAISE EXCEPTION 'pending_action: only the executor executes' USING ERRCODE = '42501';
    END IF;
    IF old.state <> new.state AND new.state IN ('approved', 'executing') AND (
        SELECT count(DISTINCT a.person_id) FROM approval a
        WHERE a.tenant_id = new.tenant_id AND a.action_id = new.id AND a.decision = 'approve'
    ) < new.slots_needed THEN
        RAISE EXCEPTION 'pending_action has no quorum' USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END $$
--;
CREATE TRIGGER pending_action_steps BEFORE UPDATE ON pending_action
    FOR EACH ROW EXECUTE FUNCTION pending_action_steps()
--;
CREATE TRIGGER deal_born_open BEFORE INSERT ON deal
    FOR EACH ROW WHEN (new.status <> 'open') EXECUTE FUNCTION refuse_change('begins as open')
--;
CREATE TRIGGER deal_no_delete BEFORE DELETE ON deal
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is never deleted')
--;
CREATE FUNCTION deal_close_needs_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pending_action p
        WHERE p.tenant_id = new.tenant_id AND p.entity_id = new.id AND p.state = 'executing'
            AND p.tool = 'cyberos.crm.close_deal'
    ) THEN
        RAISE EXCEPTION 'deal is closed by approved actions only'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END $$
--;
CREATE TRIGGER deal_close_needs_people BEFORE UPDATE ON deal
    FOR EACH ROW WHEN (new.status <> old.status) EXECUTE FUNCTION deal_close_needs_people()
--;
CREATE TRIGGER deal_ended BEFORE UPDATE ON deal
    FOR EACH ROW WHEN (old.status <> 'open') EXECUTE FUNCTION refuse_change('has ended')
--;
CREATE TRIGGER engagement_fixed BEFORE UPDATE OR DELETE ON engagement
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is fixed')
--;
CREATE FUNCTION bank_account_needs_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM agent g WHERE g.tenant_id = new.tenant_id) AND NOT EXISTS (
        SELECT 1 FROM pending_action p
        WHERE p.tenant_id = new.tenant_id AND p.entity_id = new.id AND p.state = 'executing'
            AND p.tool = 'cyberos.admin.add_bank_account'
    ) THEN
        RAISE EXCEPTION 'bank_account is added by approved actions only'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN new;
END $$
--;
CREATE TRIGGER bank_account_needs_people BEFORE INSERT ON bank_account
    FOR EACH ROW EXECUTE FUNCTION bank_account_needs_people()
--;
CREATE TRIGGER bank_account_fixed BEFORE UPDATE ON bank_account FOR EACH ROW
    WHEN (new.bank_bin <> old.bank_bin OR new.account_number <> old.account_number
        OR new.account_name <> old.account_name OR new.currency <> old.currency
        OR new.id <> old.id OR new.tenant_id <> old.tenant_id)
    EXECUTE FUNCTION refuse_change('is fixed')
--;
CREATE TRIGGER bank_account_no_delete BEFORE DELETE ON bank_account
    FOR EACH ROW EXECUTE FUNCTION refuse_change('is never deleted')
--;

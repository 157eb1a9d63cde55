-- What SQLite itself refuses, whatever the program above it does; statements end with `--;`.
CREATE VIRTUAL TABLE account_search USING fts5(
    tenant_id, folded, content='account', content_rowid='search_key',
    tokenize="ascii", prefix='1 2 3 4 5 6 7', columnsize=0, detail=column
)
--;
CREATE TRIGGER account_search_insert AFTER INSERT ON account BEGIN
    INSERT INTO account_search (rowid, tenant_id, folded)
    VALUES (new.search_key, new.tenant_id, new.folded);
END
--;
CREATE TRIGGER account_search_update AFTER UPDATE OF folded ON account BEGIN
    INSERT INTO account_search (account_search, rowid, tenant_id, folded)
    VALUES ('delete', old.search_key, old.tenant_id, old.folded);
    INSERT INTO account_search (rowid, tenant_id, folded)
    VALUES (new.search_key, new.tenant_id, new.folded);
END
--;
CREATE TRIGGER account_search_delete AFTER DELETE ON account BEGIN
    INSERT INTO account_search (account_search, rowid, tenant_id, folded)
    VALUES ('delete', old.search_key, old.tenant_id, old.folded);
END
--;
CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry BEGIN
    SELECT RAISE(ABORT, 'audit_entry is append-only');
END
--;
CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry BEGIN
    SELECT RAISE(ABORT, 'audit_entry is append-only');
END
--;
CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
WHEN new.seq <= old.seq BEGIN
    SELECT RAISE(ABORT, 'audit_head only moves forward');
END
--;
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head BEGIN
    SELECT RAISE(ABORT, 'audit_head only moves forward');
END
--;
CREATE TRIGGER audit_blob_only_erase BEFORE UPDATE ON audit_blob
WHEN new.salt IS NOT NULL OR new.body IS NOT NULL OR old.erased_at IS NOT NULL
    OR new.erased_at IS NULL OR new.seq <> old.seq OR new.field <> old.field
    OR new.tenant_id <> old.tenant_id
BEGIN
    SELECT RAISE(ABORT, 'audit_blob can only be erased');
END
--;
CREATE TRIGGER audit_blob_no_delete BEFORE DELETE ON audit_blob BEGIN
    SELECT RAISE(ABORT, 'audit_blob can only be erased');
END
--;
CREATE TRIGGER approval_no_update BEFORE UPDATE ON approval BEGIN
    SELECT RAISE(ABORT, 'approval is append-only');
END
--;
CREATE TRIGGER approval_no_delete BEFORE DELETE ON approval BEGIN
    SELECT RAISE(ABORT, 'approval is append-only');
END
--;
CREATE TRIGGER approval_only_while_pending BEFORE INSERT ON approval
WHEN NOT EXISTS (
    SELECT 1 FROM pending_action p
    WHERE p.tenant_id = new.tenant_id AND p.id = new.action_id AND p.state = 'pending'
) BEGIN
    SELECT RAISE(ABORT, 'approval needs a pending action');
END
--;
CREATE TRIGGER activity_no_update BEFORE UPDATE ON activity BEGIN
    SELECT RAISE(ABORT, 'activity is append-only');
END
--;
CREATE TRIGGER activity_no_delete BEFORE DELETE ON activity BEGIN
    SELECT RAISE(ABORT, 'activity is append-only');
END
--;
CREATE TRIGGER stage_move_no_update BEFORE UPDATE ON stage_move BEGIN
    SELECT RAISE(ABORT, 'stage_move is append-only');
END
--;
CREATE TRIGGER stage_move_no_delete BEFORE DELETE ON stage_move BEGIN
    SELECT RAISE(ABORT, 'stage_move is append-only');
END
--;
CREATE TRIGGER fx_rate_no_update BEFORE UPDATE ON fx_rate BEGIN
    SELECT RAISE(ABORT, 'fx_rate is append-only');
END
--;
CREATE TRIGGER fx_rate_no_delete BEFORE DELETE ON fx_rate BEGIN
    SELECT RAISE(ABORT, 'fx_rate is append-only');
END
--;
CREATE TRIGGER policy_version_no_update BEFORE UPDATE ON policy_version BEGIN
    SELECT RAISE(ABORT, 'policy_version is append-only');
END
--;
CREATE TRIGGER policy_version_no_delete BEFORE DELETE ON policy_version BEGIN
    SELECT RAISE(ABORT, 'policy_version is append-only');
END
--;
CREATE TRIGGER execution_attempt_ended BEFORE UPDATE ON execution_attempt
WHEN old.ended_at IS NOT NULL BEGIN
    SELECT RAISE(ABORT, 'execution_attempt has ended');
END
--;
CREATE TRIGGER execution_attempt_no_delete BEFORE DELETE ON execution_attempt BEGIN
    SELECT RAISE(ABORT, 'execution_attempt is append-only');
END
--;
CREATE TRIGGER approver_key_bound BEFORE UPDATE ON approver_key
WHEN new.person_id <> old.person_id OR new.public_key <> old.public_key
    OR new.key_id <> old.key_id OR new.endorsement <> old.endorsement
    OR new.endorsed_by <> old.endorsed_by OR old.revoked_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'approver_key can only be revoked');
END
--;
CREATE TRIGGER approver_key_no_delete BEFORE DELETE ON approver_key BEGIN
    SELECT RAISE(ABORT, 'approver_key can only be revoked');
END
--;
CREATE TRIGGER pending_action_born_pending BEFORE INSERT ON pending_action
WHEN new.state <> 'pending' OR new.state_seq <> 1 BEGIN
    SELECT RAISE(ABORT, 'pending_action begins as pending');
END
--;
CREATE TRIGGER pending_action_no_delete BEFORE DELETE ON pending_action BEGIN
    SELECT RAISE(ABORT, 'pending_action is never deleted');
END
--;
CREATE TRIGGER pending_action_bound BEFORE UPDATE ON pending_action
WHEN old.tenant_id IS NOT new.tenant_id OR old.id IS NOT new.id
    OR old.tool IS NOT new.tool OR old.tool_schema_sha256 IS NOT new.tool_schema_sha256
    OR old.args_json IS NOT new.args_json OR old.args_sha256 IS NOT new.args_sha256
    OR old.entity_type IS NOT new.entity_type OR old.entity_id IS NOT new.entity_id
    OR old.entity_version IS NOT new.entity_version
    OR old.entity_digest IS NOT new.entity_digest OR old.effects IS NOT new.effects
    OR old.summary IS NOT new.summary OR old.summary_sha256 IS NOT new.summary_sha256
    OR old.claim IS NOT new.claim OR old.amount_minor IS NOT new.amount_minor
    OR old.currency IS NOT new.currency OR old.amount_usd_minor IS NOT new.amount_usd_minor
    OR old.fx_rate_id IS NOT new.fx_rate_id OR old.policy_version IS NOT new.policy_version
    OR old.policy_sha256 IS NOT new.policy_sha256 OR old.slots IS NOT new.slots
    OR old.slots_needed IS NOT new.slots_needed
    OR old.self_rule IS NOT new.self_rule OR old.min_assurance IS NOT new.min_assurance
    OR old.taint IS NOT new.taint OR old.requester IS NOT new.requester
    OR old.requester_person IS NOT new.requester_person OR old.nonce IS NOT new.nonce
    OR old.dedupe_key IS NOT new.dedupe_key OR old.created_at IS NOT new.created_at
    OR old.expires_at IS NOT new.expires_at OR old.idem_key IS NOT new.idem_key
BEGIN
    SELECT RAISE(ABORT, 'pending_action is bound');
END
--;
CREATE TRIGGER pending_action_steps BEFORE UPDATE ON pending_action
WHEN old.state IN ('succeeded', 'failed', 'rejected', 'expired', 'cancelled', 'stale')
    OR (old.state <> new.state AND new.state_seq <> old.state_seq + 1)
    OR (old.state <> new.state AND (old.state || '>' || new.state) NOT IN (
        'pending>approved', 'pending>rejected', 'pending>expired', 'pending>cancelled',
        'pending>stale', 'approved>executing', 'approved>expired', 'approved>cancelled',
        'approved>stale', 'executing>succeeded', 'executing>failed', 'executing>unknown',
        'unknown>succeeded', 'unknown>failed'))
BEGIN
    SELECT RAISE(ABORT, 'pending_action cannot take this step');
END
--;
CREATE TRIGGER pending_action_quorum BEFORE UPDATE OF state ON pending_action
WHEN new.state IN ('approved', 'executing') AND (
    SELECT count(DISTINCT a.person_id) FROM approval a
    WHERE a.tenant_id = new.tenant_id AND a.action_id = new.id AND a.decision = 'approve'
) < new.slots_needed
BEGIN
    SELECT RAISE(ABORT, 'pending_action has no quorum');
END
--;
CREATE TRIGGER deal_born_open BEFORE INSERT ON deal
WHEN new.status <> 'open' BEGIN
    SELECT RAISE(ABORT, 'deal begins as open');
END
--;
CREATE TRIGGER deal_close_needs_people BEFORE UPDATE ON deal
WHEN new.status <> old.status AND NOT EXISTS (
    SELECT 1 FROM pending_action p
    WHERE p.tenant_id = new.tenant_id AND p.entity_id = new.id AND p.state = 'executing'
        AND p.tool = 'cyberos.crm.close_deal'
) BEGIN
    SELECT RAISE(ABORT, 'deal is closed by approved actions only');
END
--;
CREATE TRIGGER deal_ended BEFORE UPDATE ON deal WHEN old.status <> 'open' BEGIN
    SELECT RAISE(ABORT, 'deal has ended');
END
--;
CREATE TRIGGER deal_no_delete BEFORE DELETE ON deal BEGIN
    SELECT RAISE(ABORT, 'deal is never deleted');
END
--;
CREATE TRIGGER engagement_no_update BEFORE UPDATE ON engagement BEGIN
    SELECT RAISE(ABORT, 'engagement is fixed');
END
--;
CREATE TRIGGER engagement_no_delete BEFORE DELETE ON engagement BEGIN
    SELECT RAISE(ABORT, 'engagement is fixed');
END
--;
CREATE TRIGGER bank_account_needs_people BEFORE INSERT ON bank_account
WHEN EXISTS (SELECT 1 FROM agent g WHERE g.tenant_id = new.tenant_id) AND NOT EXISTS (
    SELECT 1 FROM pending_action p
    WHERE p.tenant_id = new.tenant_id AND p.entity_id = new.id AND p.state = 'executing'
        AND p.tool = 'cyberos.admin.add_bank_account'
) BEGIN
    SELECT RAISE(ABORT, 'bank_account is added by approved actions only');
END
--;
CREATE TRIGGER bank_account_fixed BEFORE UPDATE ON bank_account
WHEN new.bank_bin <> old.bank_bin OR new.account_number <> old.account_number
    OR new.account_name <> old.account_name OR new.currency <> old.currency
    OR new.id <> old.id OR new.tenant_id <> old.tenant_id
BEGIN
    SELECT RAISE(ABORT, 'bank_account is fixed');
END
--;
CREATE TRIGGER bank_account_no_delete BEFORE DELETE ON bank_account BEGIN
    SELECT RAISE(ABORT, 'bank_account is never deleted');
END
--;

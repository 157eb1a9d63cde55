-- The schema as of revision 0001; statements end with a line `--;`.
CREATE TABLE audit_entry (
    tenant_id VARCHAR(26) NOT NULL,
    seq BIGINT NOT NULL,
    at VARCHAR(27) NOT NULL,
    event VARCHAR(255) NOT NULL,
    object VARCHAR(255) NOT NULL,
    action_id VARCHAR(26),
    body TEXT NOT NULL,
    hash VARCHAR(64) NOT NULL,
    CONSTRAINT pk_audit_entry PRIMARY KEY (tenant_id, seq)
)
--;
CREATE INDEX ix_audit_entry_tenant_id_action_id ON audit_entry (tenant_id, action_id)
--;
CREATE INDEX ix_audit_entry_tenant_id_object ON audit_entry (tenant_id, object)
--;
CREATE TABLE audit_head (
    tenant_id VARCHAR(26) NOT NULL,
    seq BIGINT NOT NULL,
    hash VARCHAR(64) NOT NULL,
    CONSTRAINT pk_audit_head PRIMARY KEY (tenant_id)
)
--;
CREATE TABLE bank_account (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    bank_bin VARCHAR(6) NOT NULL,
    account_number VARCHAR(19) NOT NULL,
    account_name VARCHAR(255) NOT NULL,
    currency VARCHAR(3) NOT NULL,
    is_default BOOLEAN NOT NULL,
    added_by VARCHAR(64) NOT NULL,
    added_at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_bank_account PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_bank_account_tenant_id_bank_bin_account_number UNIQUE (tenant_id, bank_bin, account_number)
)
--;
CREATE UNIQUE INDEX uq_bank_account_default ON bank_account (tenant_id, currency) WHERE is_default
--;
CREATE TABLE call_counter (
    tenant_id VARCHAR(26) NOT NULL,
    principal VARCHAR(64) NOT NULL,
    day VARCHAR(10) NOT NULL,
    tool VARCHAR(64) NOT NULL,
    outcome VARCHAR(64) NOT NULL,
    count BIGINT NOT NULL,
    CONSTRAINT pk_call_counter PRIMARY KEY (tenant_id, principal, day, tool, outcome)
)
--;
CREATE TABLE deployment (
    id INTEGER NOT NULL,
    deploy VARCHAR(26) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_deployment PRIMARY KEY (id)
)
--;
CREATE TABLE fx_rate (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    base VARCHAR(3) NOT NULL,
    quote VARCHAR(3) NOT NULL,
    value VARCHAR(40) NOT NULL,
    as_of DATE NOT NULL,
    source VARCHAR(64) NOT NULL,
    recorded_at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_fx_rate PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_fx_rate_tenant_id_base_quote_as_of_source UNIQUE (tenant_id, base, quote, as_of, source)
)
--;
CREATE TABLE idempotency_key (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    principal VARCHAR(64) NOT NULL,
    tool VARCHAR(64) NOT NULL,
    "key" VARCHAR(128) NOT NULL,
    args_sha256 VARCHAR(64) NOT NULL,
    result JSON NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_idempotency_key PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_idempotency_key_tenant_id_principal_tool_key UNIQUE (tenant_id, principal, tool, "key")
)
--;
CREATE TABLE outbox (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    topic VARCHAR(64) NOT NULL,
    payload JSON NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    dispatched_at VARCHAR(27),
    attempts INTEGER NOT NULL,
    CONSTRAINT pk_outbox PRIMARY KEY (tenant_id, id)
)
--;
CREATE INDEX ix_outbox_tenant_id_dispatched_at_id ON outbox (tenant_id, dispatched_at, id)
--;
CREATE TABLE person (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    email VARCHAR(255) NOT NULL,
    display_name VARCHAR(255) NOT NULL,
    active BOOLEAN NOT NULL,
    CONSTRAINT pk_person PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_person_tenant_id_email UNIQUE (tenant_id, email)
)
--;
CREATE TABLE policy_version (
    tenant_id VARCHAR(26) NOT NULL,
    version INTEGER NOT NULL,
    sha256 VARCHAR(64) NOT NULL,
    body TEXT NOT NULL,
    activated_by VARCHAR(64) NOT NULL,
    activated_at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_policy_version PRIMARY KEY (tenant_id, version)
)
--;
CREATE TABLE tenant (
    tenant_id VARCHAR(26) NOT NULL,
    code VARCHAR(64) NOT NULL,
    name VARCHAR(255) NOT NULL,
    locale VARCHAR(64) NOT NULL,
    time_zone VARCHAR(64) NOT NULL,
    base_currency VARCHAR(64) NOT NULL,
    residency VARCHAR(64) NOT NULL,
    custom_fields_schema JSON NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_tenant PRIMARY KEY (tenant_id)
)
--;
CREATE TABLE tenant_directory (
    tenant_id VARCHAR(26) NOT NULL,
    code VARCHAR(64) NOT NULL,
    position INTEGER NOT NULL,
    CONSTRAINT pk_tenant_directory PRIMARY KEY (tenant_id),
    CONSTRAINT uq_tenant_directory_code UNIQUE (code)
)
--;
CREATE TABLE workspace (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    code VARCHAR(64) NOT NULL,
    name VARCHAR(255) NOT NULL,
    CONSTRAINT pk_workspace PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_workspace_tenant_id_code UNIQUE (tenant_id, code)
)
--;
CREATE TABLE account (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    name VARCHAR(255) NOT NULL,
    folded VARCHAR(512) NOT NULL,
    search_key BIGINT NOT NULL,
    account_type VARCHAR(64) NOT NULL,
    vn_mst VARCHAR(20),
    vn_mst_status VARCHAR(64),
    industry VARCHAR(255),
    address VARCHAR(500),
    lead_source VARCHAR(64),
    owner_id VARCHAR(26),
    custom_fields JSON NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_account PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_account_tenant_id_owner_id FOREIGN KEY(tenant_id, owner_id) REFERENCES person (tenant_id, id)
)
--;
CREATE INDEX ix_account_tenant_id_folded_id ON account (tenant_id, folded, id)
--;
CREATE UNIQUE INDEX uq_account_search_key ON account (search_key)
--;
CREATE UNIQUE INDEX uq_account_vn_mst ON account (tenant_id, vn_mst)
--;
CREATE TABLE agent (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    name VARCHAR(64) NOT NULL,
    person_id VARCHAR(26) NOT NULL,
    scopes JSON NOT NULL,
    token_sha256 VARCHAR(64) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    expires_at VARCHAR(27) NOT NULL,
    revoked_at VARCHAR(27),
    untrusted_read_at VARCHAR(27),
    version INTEGER NOT NULL,
    CONSTRAINT pk_agent PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_agent_tenant_id_name UNIQUE (tenant_id, name),
    CONSTRAINT fk_agent_tenant_id_person_id FOREIGN KEY(tenant_id, person_id) REFERENCES person (tenant_id, id)
)
--;
CREATE TABLE approver_key (
    tenant_id VARCHAR(26) NOT NULL,
    key_id VARCHAR(64) NOT NULL,
    person_id VARCHAR(26) NOT NULL,
    algorithm VARCHAR(64) NOT NULL,
    public_key BLOB NOT NULL,
    label VARCHAR(255) NOT NULL,
    endorsed_by VARCHAR(64) NOT NULL,
    endorsement BLOB NOT NULL,
    enrolled_at VARCHAR(27) NOT NULL,
    revoked_at VARCHAR(27),
    CONSTRAINT pk_approver_key PRIMARY KEY (tenant_id, key_id),
    CONSTRAINT fk_approver_key_tenant_id_person_id FOREIGN KEY(tenant_id, person_id) REFERENCES person (tenant_id, id)
)
--;
CREATE TABLE audit_blob (
    tenant_id VARCHAR(26) NOT NULL,
    seq BIGINT NOT NULL,
    field VARCHAR(64) NOT NULL,
    salt BLOB,
    body TEXT,
    erased_at VARCHAR(27),
    CONSTRAINT pk_audit_blob PRIMARY KEY (tenant_id, seq, field),
    CONSTRAINT fk_audit_blob_tenant_id_seq FOREIGN KEY(tenant_id, seq) REFERENCES audit_entry (tenant_id, seq)
)
--;
CREATE TABLE pending_action (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    tool VARCHAR(64) NOT NULL,
    tool_schema_sha256 VARCHAR(64) NOT NULL,
    args_json TEXT NOT NULL,
    args_sha256 VARCHAR(64) NOT NULL,
    entity_type VARCHAR(64) NOT NULL,
    entity_id VARCHAR(26) NOT NULL,
    entity_version INTEGER NOT NULL,
    entity_digest VARCHAR(64) NOT NULL,
    effects JSON NOT NULL,
    summary TEXT NOT NULL,
    summary_sha256 VARCHAR(64) NOT NULL,
    claim VARCHAR(500),
    amount_minor BIGINT,
    currency VARCHAR(3),
    amount_usd_minor BIGINT,
    fx_rate_id VARCHAR(26),
    policy_version INTEGER NOT NULL,
    policy_sha256 VARCHAR(64) NOT NULL,
    slots JSON NOT NULL,
    slots_needed INTEGER NOT NULL,
    self_rule VARCHAR(64) NOT NULL,
    min_assurance INTEGER NOT NULL,
    taint INTEGER NOT NULL,
    requester VARCHAR(64) NOT NULL,
    requester_person VARCHAR(26) NOT NULL,
    nonce VARCHAR(64) NOT NULL,
    dedupe_key VARCHAR(64) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    expires_at VARCHAR(27) NOT NULL,
    state VARCHAR(64) NOT NULL,
    state_seq INTEGER NOT NULL,
    lease_owner VARCHAR(64),
    lease_until VARCHAR(27),
    attempt INTEGER NOT NULL,
    idem_key VARCHAR(64) NOT NULL,
    provider_ref VARCHAR(255),
    result JSON,
    error_code VARCHAR(64),
    closed_by VARCHAR(64),
    closed_at VARCHAR(27),
    CONSTRAINT pk_pending_action PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_pending_action_state CHECK (state in ('pending', 'approved', 'executing', 'unknown', 'succeeded', 'failed', 'rejected', 'expired', 'cancelled', 'stale')),
    CONSTRAINT ck_pending_action_slots_needed CHECK (slots_needed > 0),
    CONSTRAINT uq_pending_action_tenant_id_idem_key UNIQUE (tenant_id, idem_key),
    CONSTRAINT fk_pending_action_tenant_id_requester_person FOREIGN KEY(tenant_id, requester_person) REFERENCES person (tenant_id, id)
)
--;
CREATE INDEX ix_pending_action_tenant_id_entity_id ON pending_action (tenant_id, entity_id)
--;
CREATE INDEX ix_pending_action_tenant_id_state_expires_at ON pending_action (tenant_id, state, expires_at)
--;
CREATE UNIQUE INDEX uq_pending_action_live ON pending_action (tenant_id, dedupe_key) WHERE state in ('pending', 'approved', 'executing', 'unknown')
--;
CREATE TABLE person_role (
    tenant_id VARCHAR(26) NOT NULL,
    person_id VARCHAR(26) NOT NULL,
    role VARCHAR(64) NOT NULL,
    granted_at VARCHAR(27) NOT NULL,
    revoked_at VARCHAR(27),
    CONSTRAINT pk_person_role PRIMARY KEY (tenant_id, person_id, role),
    CONSTRAINT fk_person_role_tenant_id_person_id FOREIGN KEY(tenant_id, person_id) REFERENCES person (tenant_id, id)
)
--;
CREATE TABLE pipeline (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    workspace_id VARCHAR(26) NOT NULL,
    code VARCHAR(64) NOT NULL,
    template VARCHAR(64) NOT NULL,
    name_vi VARCHAR(255) NOT NULL,
    name_en VARCHAR(255) NOT NULL,
    position INTEGER NOT NULL,
    lost_reasons JSON NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_pipeline PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_pipeline_tenant_id_workspace_id_code UNIQUE (tenant_id, workspace_id, code),
    CONSTRAINT fk_pipeline_tenant_id_workspace_id FOREIGN KEY(tenant_id, workspace_id) REFERENCES workspace (tenant_id, id)
)
--;
CREATE TABLE workspace_member (
    tenant_id VARCHAR(26) NOT NULL,
    workspace_id VARCHAR(26) NOT NULL,
    person_id VARCHAR(26) NOT NULL,
    CONSTRAINT pk_workspace_member PRIMARY KEY (tenant_id, workspace_id, person_id),
    CONSTRAINT fk_workspace_member_tenant_id_workspace_id FOREIGN KEY(tenant_id, workspace_id) REFERENCES workspace (tenant_id, id),
    CONSTRAINT fk_workspace_member_tenant_id_person_id FOREIGN KEY(tenant_id, person_id) REFERENCES person (tenant_id, id)
)
--;
CREATE TABLE approval (
    tenant_id VARCHAR(26) NOT NULL,
    action_id VARCHAR(26) NOT NULL,
    person_id VARCHAR(26) NOT NULL,
    slot VARCHAR(64) NOT NULL,
    decision VARCHAR(64) NOT NULL,
    method VARCHAR(64) NOT NULL,
    key_id VARCHAR(64) NOT NULL,
    assurance INTEGER NOT NULL,
    signed_payload TEXT NOT NULL,
    signature BLOB NOT NULL,
    reason VARCHAR(500),
    audit_head_seq BIGINT NOT NULL,
    audit_head_hash VARCHAR(64) NOT NULL,
    at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_approval PRIMARY KEY (tenant_id, action_id, person_id),
    CONSTRAINT ck_approval_decision CHECK (decision in ('approve', 'reject')),
    CONSTRAINT fk_approval_tenant_id_action_id FOREIGN KEY(tenant_id, action_id) REFERENCES pending_action (tenant_id, id),
    CONSTRAINT fk_approval_tenant_id_person_id FOREIGN KEY(tenant_id, person_id) REFERENCES person (tenant_id, id),
    CONSTRAINT fk_approval_tenant_id_key_id FOREIGN KEY(tenant_id, key_id) REFERENCES approver_key (tenant_id, key_id)
)
--;
CREATE UNIQUE INDEX uq_approval_slot ON approval (tenant_id, action_id, slot) WHERE decision = 'approve'
--;
CREATE TABLE contact (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    account_id VARCHAR(26) NOT NULL,
    family_name VARCHAR(255) NOT NULL,
    middle_name VARCHAR(255) NOT NULL,
    given_name VARCHAR(255) NOT NULL,
    display_name VARCHAR(255) NOT NULL,
    folded VARCHAR(512) NOT NULL,
    email VARCHAR(255),
    phone_e164 VARCHAR(16),
    title VARCHAR(255),
    salutation VARCHAR(64) NOT NULL,
    is_primary BOOLEAN NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_contact PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_contact_tenant_id_account_id FOREIGN KEY(tenant_id, account_id) REFERENCES account (tenant_id, id)
)
--;
CREATE INDEX ix_contact_tenant_id_account_id_id ON contact (tenant_id, account_id, id)
--;
CREATE INDEX ix_contact_tenant_id_email ON contact (tenant_id, email)
--;
CREATE INDEX ix_contact_tenant_id_phone_e164 ON contact (tenant_id, phone_e164)
--;
CREATE UNIQUE INDEX uq_contact_primary ON contact (tenant_id, account_id) WHERE is_primary
--;
CREATE TABLE execution_attempt (
    tenant_id VARCHAR(26) NOT NULL,
    action_id VARCHAR(26) NOT NULL,
    n INTEGER NOT NULL,
    started_at VARCHAR(27) NOT NULL,
    ended_at VARCHAR(27),
    outcome VARCHAR(64),
    provider_ref VARCHAR(255),
    CONSTRAINT pk_execution_attempt PRIMARY KEY (tenant_id, action_id, n),
    CONSTRAINT fk_execution_attempt_tenant_id_action_id FOREIGN KEY(tenant_id, action_id) REFERENCES pending_action (tenant_id, id)
)
--;
CREATE TABLE stage (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    pipeline_id VARCHAR(26) NOT NULL,
    code VARCHAR(64) NOT NULL,
    name_vi VARCHAR(255) NOT NULL,
    name_en VARCHAR(255) NOT NULL,
    probability_pct INTEGER NOT NULL,
    category VARCHAR(64) NOT NULL,
    outcome VARCHAR(64),
    position INTEGER NOT NULL,
    required_fields JSON NOT NULL,
    CONSTRAINT pk_stage PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_stage_tenant_id_pipeline_id_code UNIQUE (tenant_id, pipeline_id, code),
    CONSTRAINT uq_stage_tenant_id_pipeline_id_id UNIQUE (tenant_id, pipeline_id, id),
    CONSTRAINT fk_stage_tenant_id_pipeline_id FOREIGN KEY(tenant_id, pipeline_id) REFERENCES pipeline (tenant_id, id)
)
--;
CREATE TABLE deal (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    workspace_id VARCHAR(26) NOT NULL,
    account_id VARCHAR(26) NOT NULL,
    primary_contact_id VARCHAR(26),
    name VARCHAR(255) NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    pipeline_id VARCHAR(26) NOT NULL,
    stage_id VARCHAR(26) NOT NULL,
    stage_entered_at VARCHAR(27) NOT NULL,
    probability_pct INTEGER NOT NULL,
    probability_manual BOOLEAN NOT NULL,
    expected_close_date DATE,
    status VARCHAR(64) NOT NULL,
    closed_date DATE,
    lost_reason VARCHAR(500),
    visibility VARCHAR(64) NOT NULL,
    owner_id VARCHAR(26) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    updated_at VARCHAR(27) NOT NULL,
    version INTEGER NOT NULL,
    CONSTRAINT pk_deal PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_deal_amount CHECK (amount_minor >= 0),
    CONSTRAINT ck_deal_probability CHECK (probability_pct between 0 and 100),
    CONSTRAINT ck_deal_status CHECK (status in ('open', 'won', 'lost', 'cancelled')),
    CONSTRAINT ck_deal_visibility CHECK (visibility in ('workspace', 'private')),
    CONSTRAINT fk_deal_tenant_id_account_id FOREIGN KEY(tenant_id, account_id) REFERENCES account (tenant_id, id),
    CONSTRAINT fk_deal_tenant_id_primary_contact_id FOREIGN KEY(tenant_id, primary_contact_id) REFERENCES contact (tenant_id, id),
    CONSTRAINT fk_deal_tenant_id_workspace_id FOREIGN KEY(tenant_id, workspace_id) REFERENCES workspace (tenant_id, id),
    CONSTRAINT fk_deal_tenant_id_pipeline_id_stage_id FOREIGN KEY(tenant_id, pipeline_id, stage_id) REFERENCES stage (tenant_id, pipeline_id, id),
    CONSTRAINT fk_deal_tenant_id_owner_id FOREIGN KEY(tenant_id, owner_id) REFERENCES person (tenant_id, id)
)
--;
CREATE INDEX ix_deal_tenant_id_account_id_id ON deal (tenant_id, account_id, id)
--;
CREATE INDEX ix_deal_tenant_id_pipeline_id_stage_id_id ON deal (tenant_id, pipeline_id, stage_id, id)
--;
CREATE INDEX ix_deal_tenant_id_status_id ON deal (tenant_id, status, id)
--;
CREATE TABLE stage_transition (
    tenant_id VARCHAR(26) NOT NULL,
    pipeline_id VARCHAR(26) NOT NULL,
    from_stage_id VARCHAR(26) NOT NULL,
    to_stage_id VARCHAR(26) NOT NULL,
    needs_reason BOOLEAN NOT NULL,
    CONSTRAINT pk_stage_transition PRIMARY KEY (tenant_id, pipeline_id, from_stage_id, to_stage_id),
    CONSTRAINT fk_stage_transition_from FOREIGN KEY(tenant_id, pipeline_id, from_stage_id) REFERENCES stage (tenant_id, pipeline_id, id),
    CONSTRAINT fk_stage_transition_to FOREIGN KEY(tenant_id, pipeline_id, to_stage_id) REFERENCES stage (tenant_id, pipeline_id, id)
)
--;
CREATE TABLE activity (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    kind VARCHAR(64) NOT NULL,
    account_id VARCHAR(26) NOT NULL,
    contact_id VARCHAR(26),
    deal_id VARCHAR(26),
    subject VARCHAR(255) NOT NULL,
    body TEXT NOT NULL,
    occurred_at VARCHAR(27) NOT NULL,
    source VARCHAR(64) NOT NULL,
    source_event_id VARCHAR(200),
    content_sha256 VARCHAR(64) NOT NULL,
    logged_by VARCHAR(64) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_activity PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_activity_kind CHECK (kind in ('call', 'email', 'meeting', 'note')),
    CONSTRAINT fk_activity_tenant_id_account_id FOREIGN KEY(tenant_id, account_id) REFERENCES account (tenant_id, id),
    CONSTRAINT fk_activity_tenant_id_contact_id FOREIGN KEY(tenant_id, contact_id) REFERENCES contact (tenant_id, id),
    CONSTRAINT fk_activity_tenant_id_deal_id FOREIGN KEY(tenant_id, deal_id) REFERENCES deal (tenant_id, id)
)
--;
CREATE INDEX ix_activity_tenant_id_account_id_occurred_at ON activity (tenant_id, account_id, occurred_at)
--;
CREATE INDEX ix_activity_tenant_id_deal_id_occurred_at ON activity (tenant_id, deal_id, occurred_at)
--;
CREATE UNIQUE INDEX uq_activity_source_event ON activity (tenant_id, source, source_event_id) WHERE source_event_id is not null
--;
CREATE TABLE deal_member (
    tenant_id VARCHAR(26) NOT NULL,
    deal_id VARCHAR(26) NOT NULL,
    person_id VARCHAR(26) NOT NULL,
    CONSTRAINT pk_deal_member PRIMARY KEY (tenant_id, deal_id, person_id),
    CONSTRAINT fk_deal_member_tenant_id_deal_id FOREIGN KEY(tenant_id, deal_id) REFERENCES deal (tenant_id, id),
    CONSTRAINT fk_deal_member_tenant_id_person_id FOREIGN KEY(tenant_id, person_id) REFERENCES person (tenant_id, id)
)
--;
CREATE TABLE engagement (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    account_id VARCHAR(26) NOT NULL,
    deal_id VARCHAR(26) NOT NULL,
    title VARCHAR(255) NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    billing_mode VARCHAR(64) NOT NULL,
    status VARCHAR(64) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_engagement PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_engagement_tenant_id_deal_id UNIQUE (tenant_id, deal_id),
    CONSTRAINT fk_engagement_tenant_id_account_id FOREIGN KEY(tenant_id, account_id) REFERENCES account (tenant_id, id),
    CONSTRAINT fk_engagement_tenant_id_deal_id FOREIGN KEY(tenant_id, deal_id) REFERENCES deal (tenant_id, id)
)
--;
CREATE TABLE stage_move (
    tenant_id VARCHAR(26) NOT NULL,
    deal_id VARCHAR(26) NOT NULL,
    n INTEGER NOT NULL,
    from_stage_id VARCHAR(26),
    to_stage_id VARCHAR(26) NOT NULL,
    reason VARCHAR(500),
    moved_by VARCHAR(64) NOT NULL,
    at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_stage_move PRIMARY KEY (tenant_id, deal_id, n),
    CONSTRAINT fk_stage_move_tenant_id_deal_id FOREIGN KEY(tenant_id, deal_id) REFERENCES deal (tenant_id, id),
    CONSTRAINT fk_stage_move_tenant_id_to_stage_id FOREIGN KEY(tenant_id, to_stage_id) REFERENCES stage (tenant_id, id)
)
--;

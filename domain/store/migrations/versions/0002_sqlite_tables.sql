ALTER TABLE bank_account ADD COLUMN first_used_at VARCHAR(27)
--;
CREATE TABLE payment_reference (
    tenant_id VARCHAR(26) NOT NULL,
    reference VARCHAR(10) NOT NULL,
    deal_id VARCHAR(26) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_payment_reference PRIMARY KEY (tenant_id, reference),
    CONSTRAINT ck_payment_reference_length CHECK (length(reference) = 10),
    CONSTRAINT uq_payment_reference_tenant_id_deal_id UNIQUE (tenant_id, deal_id),
    CONSTRAINT fk_payment_reference_tenant_id_deal_id FOREIGN KEY(tenant_id, deal_id) REFERENCES deal (tenant_id, id)
)
--;
CREATE TABLE payment_request (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    reference VARCHAR(10) NOT NULL,
    bank_account_id VARCHAR(26) NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency VARCHAR(3) NOT NULL,
    payload VARCHAR(512) NOT NULL,
    requested_by VARCHAR(64) NOT NULL,
    created_at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_payment_request PRIMARY KEY (tenant_id, id),
    CONSTRAINT ck_payment_request_amount CHECK (amount_minor > 0),
    CONSTRAINT ck_payment_request_currency CHECK (currency = 'VND'),
    CONSTRAINT fk_payment_request_tenant_id_reference FOREIGN KEY(tenant_id, reference) REFERENCES payment_reference (tenant_id, reference),
    CONSTRAINT fk_payment_request_tenant_id_bank_account_id FOREIGN KEY(tenant_id, bank_account_id) REFERENCES bank_account (tenant_id, id)
)
--;
CREATE INDEX ix_payment_request_tenant_id_reference_id ON payment_request (tenant_id, reference, id)
--;
CREATE TABLE tax_registry_answer (
    tenant_id VARCHAR(26) NOT NULL,
    tax_code VARCHAR(20) NOT NULL,
    found BOOLEAN NOT NULL,
    legal_name VARCHAR(400),
    address VARCHAR(400),
    gdt_status VARCHAR(64),
    source VARCHAR(255) NOT NULL,
    checked_at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_tax_registry_answer PRIMARY KEY (tenant_id, tax_code)
)
--;
ALTER TABLE tenant ADD COLUMN asks_about_persons BOOLEAN NOT NULL DEFAULT 0
--;
ALTER TABLE account ADD COLUMN legal_name VARCHAR(400)
--;
ALTER TABLE account ADD COLUMN vn_mst_checked_at VARCHAR(27)
--;
ALTER TABLE account ADD COLUMN vn_mst_source VARCHAR(255)
--;
CREATE TABLE forecast (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    person_id VARCHAR(26) NOT NULL,
    question VARCHAR(64) NOT NULL,
    filters JSON NOT NULL,
    as_of DATE NOT NULL,
    until DATE NOT NULL,
    asked_at VARCHAR(27) NOT NULL,
    deal_ids JSON NOT NULL,
    rates JSON NOT NULL,
    currency VARCHAR(3) NOT NULL,
    expected_minor BIGINT NOT NULL,
    common_minor BIGINT NOT NULL,
    own_minor BIGINT NOT NULL,
    shock_permille INTEGER NOT NULL,
    quantiles JSON NOT NULL,
    state VARCHAR(64) NOT NULL,
    actual_minor BIGINT,
    scored_at VARCHAR(27),
    CONSTRAINT pk_forecast PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_forecast_tenant_id_person_id_question_as_of UNIQUE (tenant_id, person_id, question, as_of),
    CONSTRAINT ck_forecast_state CHECK (state in ('open', 'scored', 'void')),
    CONSTRAINT ck_forecast_scored CHECK ((state = 'scored') = (actual_minor is not null)),
    CONSTRAINT fk_forecast_tenant_id_person_id FOREIGN KEY(tenant_id, person_id) REFERENCES person (tenant_id, id)
)
--;
CREATE INDEX ix_forecast_tenant_id_state_until ON forecast (tenant_id, state, until)
--;
-- next best action, lead score, nightly work
CREATE TABLE dismissed_action (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    proposal_id VARCHAR(26) NOT NULL,
    deal_id VARCHAR(26) NOT NULL,
    rule VARCHAR(64) NOT NULL,
    reason VARCHAR(500) NOT NULL,
    dismissed_by VARCHAR(64) NOT NULL,
    dismissed_at VARCHAR(27) NOT NULL,
    until VARCHAR(27) NOT NULL,
    CONSTRAINT pk_dismissed_action PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_dismissed_action_tenant_id_deal_id FOREIGN KEY(tenant_id, deal_id) REFERENCES deal (tenant_id, id)
)
--;
CREATE INDEX ix_dismissed_action_tenant_id_proposal_id ON dismissed_action (tenant_id, proposal_id)
--;
CREATE TABLE lead_score (
    tenant_id VARCHAR(26) NOT NULL,
    deal_id VARCHAR(26) NOT NULL,
    scored_on DATE NOT NULL,
    computed_at VARCHAR(27) NOT NULL,
    base INTEGER NOT NULL,
    score INTEGER NOT NULL,
    band VARCHAR(64) NOT NULL,
    history VARCHAR(64) NOT NULL,
    reasons JSON NOT NULL,
    CONSTRAINT pk_lead_score PRIMARY KEY (tenant_id, deal_id, scored_on),
    CONSTRAINT ck_lead_score_score CHECK (score between 0 and 100),
    CONSTRAINT fk_lead_score_tenant_id_deal_id FOREIGN KEY(tenant_id, deal_id) REFERENCES deal (tenant_id, id)
)
--;
CREATE TABLE nightly_run (
    tenant_id VARCHAR(26) NOT NULL,
    job VARCHAR(64) NOT NULL,
    day DATE NOT NULL,
    done_at VARCHAR(27) NOT NULL,
    written INTEGER NOT NULL,
    CONSTRAINT pk_nightly_run PRIMARY KEY (tenant_id, job, day)
)
--;
CREATE TABLE suggested_action (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    deal_id VARCHAR(26) NOT NULL,
    rule VARCHAR(64) NOT NULL,
    tool VARCHAR(64) NOT NULL,
    suggested_at VARCHAR(27) NOT NULL,
    expires_at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_suggested_action PRIMARY KEY (tenant_id, id),
    CONSTRAINT fk_suggested_action_tenant_id_deal_id FOREIGN KEY(tenant_id, deal_id) REFERENCES deal (tenant_id, id)
)
--;
CREATE INDEX ix_suggested_action_tenant_id_deal_id ON suggested_action (tenant_id, deal_id)
--;
ALTER TABLE contact ADD COLUMN salutation_source VARCHAR(64) NOT NULL DEFAULT 'none'
--;
UPDATE contact SET salutation_source = 'explicit' WHERE salutation <> 'neutral'
--;
ALTER TABLE deal_member ADD COLUMN removed_at VARCHAR(27)
--;
ALTER TABLE stage_move ADD COLUMN undoes INTEGER
--;
ALTER TABLE stage_move ADD COLUMN from_probability_pct INTEGER
--;
ALTER TABLE stage_move ADD COLUMN from_probability_manual BOOLEAN
--;
CREATE TABLE resolution (
    tenant_id VARCHAR(26) NOT NULL,
    action_id VARCHAR(26) NOT NULL,
    person_id VARCHAR(26) NOT NULL,
    outcome VARCHAR(64) NOT NULL,
    reason VARCHAR(500) NOT NULL,
    method VARCHAR(64) NOT NULL,
    key_id VARCHAR(64) NOT NULL,
    assurance INTEGER NOT NULL,
    signed_payload TEXT NOT NULL,
    signature BLOB NOT NULL,
    audit_head_seq BIGINT NOT NULL,
    audit_head_hash VARCHAR(64) NOT NULL,
    at VARCHAR(27) NOT NULL,
    CONSTRAINT pk_resolution PRIMARY KEY (tenant_id, action_id, person_id),
    CONSTRAINT ck_resolution_outcome CHECK (outcome in ('seen', 'closed')),
    CONSTRAINT fk_resolution_tenant_id_action_id FOREIGN KEY(tenant_id, action_id) REFERENCES pending_action (tenant_id, id),
    CONSTRAINT fk_resolution_tenant_id_person_id FOREIGN KEY(tenant_id, person_id) REFERENCES person (tenant_id, id),
    CONSTRAINT fk_resolution_tenant_id_key_id FOREIGN KEY(tenant_id, key_id) REFERENCES approver_key (tenant_id, key_id)
)
--;
ALTER TABLE approval ADD COLUMN batch JSON
--;
ALTER TABLE approval ADD COLUMN batch_index INTEGER
--;

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

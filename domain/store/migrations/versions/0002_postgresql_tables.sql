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
    signature BYTEA NOT NULL,
    audit_head_seq BIGINT NOT NULL,
    audit_head_hash VARCHAR(64) NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
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

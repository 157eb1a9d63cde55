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

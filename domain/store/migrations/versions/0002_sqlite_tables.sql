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

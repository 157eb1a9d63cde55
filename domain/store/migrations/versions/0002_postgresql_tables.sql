CREATE TABLE forecast (
    tenant_id VARCHAR(26) NOT NULL,
    id VARCHAR(26) NOT NULL,
    person_id VARCHAR(26) NOT NULL,
    question VARCHAR(64) NOT NULL,
    filters JSON NOT NULL,
    as_of DATE NOT NULL,
    until DATE NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
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
    scored_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_forecast PRIMARY KEY (tenant_id, id),
    CONSTRAINT uq_forecast_tenant_id_person_id_question_as_of UNIQUE (tenant_id, person_id, question, as_of),
    CONSTRAINT ck_forecast_state CHECK (state in ('open', 'scored', 'void')),
    CONSTRAINT ck_forecast_scored CHECK ((state = 'scored') = (actual_minor is not null)),
    CONSTRAINT fk_forecast_tenant_id_person_id FOREIGN KEY(tenant_id, person_id) REFERENCES person (tenant_id, id)
)
--;
CREATE INDEX ix_forecast_tenant_id_state_until ON forecast (tenant_id, state, until)
--;

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

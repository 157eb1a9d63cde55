CREATE TRIGGER resolution_no_update BEFORE UPDATE ON resolution BEGIN
    SELECT RAISE(ABORT, 'resolution is append-only');
END
--;
CREATE TRIGGER resolution_no_delete BEFORE DELETE ON resolution BEGIN
    SELECT RAISE(ABORT, 'resolution is append-only');
END
--;
CREATE TRIGGER resolution_only_while_unknown BEFORE INSERT ON resolution
WHEN NOT EXISTS (
    SELECT 1 FROM pending_action p
    WHERE p.tenant_id = new.tenant_id AND p.id = new.action_id AND p.state = 'unknown'
) BEGIN
    SELECT RAISE(ABORT, 'resolution needs an action of unknown fate');
END
--;

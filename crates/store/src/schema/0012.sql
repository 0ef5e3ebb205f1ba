-- Version 12: what is due is claimed tenant by tenant, so that one tenant's thousands hold up nobody else's.

DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (priority, tenant, due) WHERE live = 1;

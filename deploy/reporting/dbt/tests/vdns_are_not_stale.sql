-- The authority on freshness: the VDNs that the database itself takes for stale, by the limit of its own configuration.
select source, vdn_id, last_verified_at, age_seconds
from {{ source('obs', 'freshness') }}
where is_stale

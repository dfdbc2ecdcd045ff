{{ config(indexes=[{'columns': ['source', 'vdn_id', 'obs_code', 'valid_from']}]) }}

select
    obs_code_key,
    code_key,
    source,
    vdn_id,
    obs_code,
    obs_code_desc,
    valid_from,
    valid_to,
    version_number,
    is_current,
    is_active,
    is_monitored,
    seen_from,
    seen_to,
    removed_at,
    vdn_first_verified_at,
    last_verified_at
from {{ source('obs', 'obs_code_dimension') }}

-- Codes that a monitored VDN has and that have no reason group yet.
select distinct codes.obs_code, codes.obs_code_desc
from {{ ref('obs_code_sync', 'dim_obs_code') }} as codes
left join {{ ref('reason_groups') }} as groups on groups.obs_code = codes.obs_code
where codes.is_current and codes.is_active and codes.is_monitored and groups.obs_code is null

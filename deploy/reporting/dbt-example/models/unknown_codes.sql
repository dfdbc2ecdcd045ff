select source, vdn_id, fail_code, count(*) as calls, min(call_time) as first_call, max(call_time) as last_call
from {{ ref('calls_with_reason') }}
where obs_code_state = 'unknown'
group by source, vdn_id, fail_code
order by calls desc, source, vdn_id, fail_code

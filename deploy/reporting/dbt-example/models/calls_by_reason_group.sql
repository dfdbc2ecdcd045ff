select
    date_trunc('week', calls.call_time) as week,
    case when calls.obs_code_state = 'known' then coalesce(groups.reason_group, 'not mapped') else calls.obs_code_state end
        as reason_group,
    count(*) as calls
from {{ ref('calls_with_reason') }} as calls
left join {{ ref('reason_groups') }} as groups on groups.obs_code = calls.fail_code
group by 1, 2

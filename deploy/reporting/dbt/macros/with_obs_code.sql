{#
  All columns of the calls, and what their code meant when they were made:
  obs_code_key, obs_code_desc, and obs_code_state, which is known, unknown (a code that the VDN's list never had) or none.
  No call is lost and none is multiplied.

  calls: a relation; source, vdn, code, at: its columns. The code is text, as the call came with it.
#}
{% macro with_obs_code(calls, source='source', vdn='vdn_id', code='fail_code', at='call_time') %}
select
    calls.*,
    codes.obs_code_key,
    codes.obs_code_desc,
    case
        when codes.obs_code_key is not null then 'known'
        when btrim(calls.{{ code }}) <> '' then 'unknown'
        else 'none'
    end as obs_code_state
from {{ calls }} as calls
left join {{ ref('obs_code_sync', 'dim_obs_code') }} as codes
    on codes.source = calls.{{ source }}
    and codes.vdn_id = calls.{{ vdn }}
    and codes.obs_code = calls.{{ code }}
    and calls.{{ at }} >= codes.valid_from
    and calls.{{ at }} < codes.valid_to
{% endmacro %}

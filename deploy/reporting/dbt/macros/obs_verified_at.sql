{#
  What `dbt source freshness` goes by: the verification that lies furthest back, where one that never was, or that claims
  to be in the future, is as old as can be. A plain min() would pass over both.
#}
{% macro obs_verified_at() %}
select coalesce(
    min(case when last_verified_at <= clock_timestamp() then last_verified_at else timestamptz '1970-01-01 00:00:00+00' end),
    timestamptz '1970-01-01 00:00:00+00'
)
from {{ var('obs_schema', 'obs') }}.freshness
{% endmacro %}

{# Codes whose versions do not follow each other without gap or overlap, so that a call would find none or two. #}
{% test versions_are_gapless(model) %}
select *
from (
    select
        source, vdn_id, obs_code, valid_from, valid_to, is_current,
        lead(valid_from) over (partition by source, vdn_id, obs_code order by valid_from) as next_from
    from {{ model }}
) as versions
where valid_to <= valid_from
    or valid_to is distinct from coalesce(next_from, valid_to)
    or is_current <> (next_from is null)
{% endtest %}

{# Rows for which a condition of the database's own is false. #}
{% test satisfies(model, expression) %}
select * from {{ model }} where not ({{ expression }})
{% endtest %}

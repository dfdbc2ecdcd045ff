{{ obs_code_sync.with_obs_code(source('warehouse', 'calls')) }}

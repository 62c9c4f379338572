"""A store that several processes share: Redis or Valkey. Loaded only where the setting `store` names one."""

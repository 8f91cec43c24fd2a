"""The only room that touches an engine: builds releases and answers SQL from the published one."""

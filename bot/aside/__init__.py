"""The process beside the serving one: what takes long is done there, so that who writes need not wait for it."""

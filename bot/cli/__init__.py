"""The command line: one small module a group of commands, each imported when it is run."""

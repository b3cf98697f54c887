"""The commands, one module each; listed in `ggufscope.cli.COMMANDS`."""

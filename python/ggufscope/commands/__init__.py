"""The commands, one module each; listed in `ggufscope.commands.app.COMMANDS`."""

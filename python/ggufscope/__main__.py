"""The program: `ggufscope`, or `python -m ggufscope`."""

import sys

_INTERRUPTED = 130  # `errors.ExitCode` may not be there yet


def main() -> int:
    """Run the command line and return its exit code; Ctrl-C ends it well also while modules are loaded."""
    try:
        from .commands.app import main as run_command_line  # noqa: PLC0415

        return run_command_line()
    except KeyboardInterrupt:
        print("ggufscope: interrupted", file=sys.stderr)
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())

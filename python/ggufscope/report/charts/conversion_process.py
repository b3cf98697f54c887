"""A process that draws for another one: it reads calls of vl-convert on standard input and answers on standard output.

Run as a script, so that it imports nothing but vl-convert. A call is a line of JSON; an answer is a line of JSON with
the number of bytes that follow, or with the error. It ends where its input ends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

_NOT_OF_THE_CALL = (ImportError, AttributeError, TypeError, MemoryError)  # of a broken package, or of no room


def main() -> None:
    """Answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asks, and ends this process with it
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what else is printed is no answer
    for line in sys.stdin.buffer:
        head, content = _answer(json.loads(line))
        answers.write(json.dumps(head).encode() + b"\n" + content)
        answers.flush()


def _answer(call: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    try:
        import vl_convert  # noqa: PLC0415  part of an extra; a failure is an answer

        made = getattr(vl_convert, call["function"])(*call["arguments"], **call["options"])
        content = made.encode() if isinstance(made, str) else bytes(made)
    except _NOT_OF_THE_CALL as error:
        return {"error": str(error) or type(error).__name__, "panic": True}, b""
    except Exception as error:
        return {"error": str(error), "panic": False}, b""
    except BaseException as panic:  # what Rust raises where the system refuses threads or memory
        return {"error": str(panic), "panic": True}, b""
    return {"text": isinstance(made, str), "size": len(content)}, content


if __name__ == "__main__":
    main()

"""A process that draws for another one: it reads calls of vl-convert on standard input and answers on standard output.

Run as a script, so that it imports nothing but vl-convert. A call is a line of JSON; an answer is a line of JSON with
the number of bytes that follow, or with the error. It ends where its input ends.
"""

from __future__ import annotations

import json
import signal
import sys
from typing import Any


def main() -> None:
    """Answer until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asks, and ends this process with it
    answers = sys.stdout.buffer
    for line in sys.stdin.buffer:
        head, content = _answer(json.loads(line))
        answers.write(json.dumps(head).encode() + b"\n" + content)
        answers.flush()


def _answer(call: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    import vl_convert  # noqa: PLC0415  part of an extra; a failure is an answer

    try:
        made = getattr(vl_convert, call["function"])(*call["arguments"], **call["options"])
    except Exception as error:
        return {"error": str(error), "panic": False}, b""
    except BaseException as panic:  # what Rust raises where the system refuses threads or memory
        return {"error": str(panic), "panic": True}, b""
    content = made.encode() if isinstance(made, str) else bytes(made)
    return {"text": isinstance(made, str), "size": len(content)}, content


if __name__ == "__main__":
    main()

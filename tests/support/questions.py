"""Files of prompts that a test makes up."""

from __future__ import annotations

import json
from pathlib import Path


def write_questions(path: Path, *prompts: str) -> Path:
    """A set of prompts in a file."""
    questions = [
        {"id": f"p{number}", "category": "any", "prompt": prompt, "accepted": ["cat"]}
        for number, prompt in enumerate(prompts)
    ]
    path.write_text(json.dumps({"prompts": questions}), encoding="utf-8")
    return path

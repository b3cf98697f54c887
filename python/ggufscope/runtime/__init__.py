"""Runtime validation: watch a model read and answer prompts (docs/metrics.md, section 3)."""

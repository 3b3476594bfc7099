"""The verdict of a run: results.yaml, junit.xml, report.html and events.jsonl."""

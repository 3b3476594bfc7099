"""What has changed between two runs: answers field by field, checks, and how long both take."""

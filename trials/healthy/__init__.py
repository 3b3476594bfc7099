"""No false alarms: healthy clusters of every kind must be green, run after run."""

"""What draws faults, scores the suite by them, and looks whether anything is wrong at all."""

"""What passes between a run and its workers: messages, the pipe that carries them, and how failures are told."""

"""From a plan to sound: the engine process, its host, and the joined take."""

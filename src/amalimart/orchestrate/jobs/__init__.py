"""The jobs that the house does by itself, one module each; when they run is packaged beside the models."""

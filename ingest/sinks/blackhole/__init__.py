"""The blackhole sink: takes everything, keeps nothing. For dry runs and for measuring the rest of the pipeline."""

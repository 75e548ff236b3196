"""From records of the benchmark to a whole table: features, a model, a form, and how good they are."""

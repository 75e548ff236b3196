"""BOHB: in this process, and on hpbandster's nameserver with its workers and optimizers."""

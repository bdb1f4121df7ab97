//! The buffer under a model checker.

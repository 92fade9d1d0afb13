//! Diagnosis to plan: pure, total, deterministic.

//! Plan to journal: step by step, with checks and consent.

//! The append-only trail: chains, commitments, checkpoints, proofs
